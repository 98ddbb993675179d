//! Users, sessions, tasks and compute units: in PostgreSQL, or in memory.

use std::sync::Arc;

use api_metrics::business::{State, StateReader};
use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    error::ApiError,
    task::{PlanKind, TaskKind},
};

mod memory;
mod postgres;

use memory::Memory;
pub(crate) use postgres::Postgres;

/// A user as others may see it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) plan: String,
    pub(crate) units: f64,
}

/// A task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) user_id: String,
    #[serde(rename = "task_type")]
    pub(crate) kind: TaskKind,
    /// `queued`, or how it ended.
    pub(crate) status: String,
    pub(crate) runtime_seconds: Option<f64>,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Memory(Arc<Memory>),
    Postgres(Postgres),
}

/// What a store answers.
type Answer<T> = Result<T, ApiError>;

impl Store {
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        match Postgres::new(config)? {
            Some(database) => Ok(Self::Postgres(database)),
            None => Ok(Self::Memory(Arc::new(Memory::new(config.units_low)))),
        }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Postgres(_) => "postgres",
        }
    }

    /// A new user, or `None` if the address is taken.
    pub(crate) async fn register(&self, email: &str, password_hash: &str, plan: PlanKind) -> Answer<Option<String>> {
        match self {
            Self::Memory(memory) => Ok(memory.register(email, password_hash, plan)),
            Self::Postgres(database) => database.register(email, password_hash, plan).await,
        }
    }

    /// Identity and password hash of the user with this address.
    pub(crate) async fn login(&self, email: &str) -> Answer<Option<(String, String)>> {
        match self {
            Self::Memory(memory) => Ok(memory.login(email)),
            Self::Postgres(database) => database.login(email).await,
        }
    }

    pub(crate) async fn open_session(&self, user: &str, token_hash: &str) -> Answer<()> {
        match self {
            Self::Memory(memory) => {
                memory.open_session(user, token_hash);
                Ok(())
            }
            Self::Postgres(database) => database.open_session(user, token_hash).await,
        }
    }

    /// The user of a valid session, who was seen now.
    pub(crate) async fn session(&self, token_hash: &str) -> Answer<Option<String>> {
        match self {
            Self::Memory(memory) => Ok(memory.session(token_hash)),
            Self::Postgres(database) => database.session(token_hash).await,
        }
    }

    pub(crate) async fn user(&self, id: &str) -> Answer<Option<User>> {
        match self {
            Self::Memory(memory) => Ok(memory.user(id)),
            Self::Postgres(database) => database.user(id).await,
        }
    }

    /// Takes units away; what is left, or `None` if there were too few.
    pub(crate) async fn consume(&self, user: &str, units: f64) -> Answer<Option<f64>> {
        match self {
            Self::Memory(memory) => Ok(memory.consume(user, units)),
            Self::Postgres(database) => database.consume(user, units).await,
        }
    }

    /// Adds units; what there is now.
    pub(crate) async fn add_units(&self, user: &str, units: f64) -> Answer<Option<f64>> {
        match self {
            Self::Memory(memory) => Ok(memory.add_units(user, units)),
            Self::Postgres(database) => database.add_units(user, units).await,
        }
    }

    pub(crate) async fn create_task(&self, user: &str, kind: TaskKind) -> Answer<Task> {
        match self {
            Self::Memory(memory) => Ok(memory.create_task(user, kind)),
            Self::Postgres(database) => database.create_task(user, kind).await,
        }
    }

    pub(crate) async fn task(&self, id: &str) -> Answer<Option<Task>> {
        match self {
            Self::Memory(memory) => Ok(memory.task(id)),
            Self::Postgres(database) => database.task(id).await,
        }
    }

    /// Ends a task that has not ended; `None` if there is no such task, or it has.
    pub(crate) async fn end_task(&self, id: &str, status: &str, runtime_seconds: Option<f64>) -> Answer<Option<Task>> {
        match self {
            Self::Memory(memory) => Ok(memory.end_task(id, status, runtime_seconds)),
            Self::Postgres(database) => database.end_task(id, status, runtime_seconds).await,
        }
    }
}

impl StateReader for Store {
    async fn read(&self) -> Result<State, String> {
        match self {
            Self::Memory(memory) => Ok(memory.state()),
            Self::Postgres(database) => database.state().await.map_err(|error| error.to_string()),
        }
    }
}
