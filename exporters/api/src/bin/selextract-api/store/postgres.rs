//! The store in PostgreSQL. Its tables are made when the database first answers.

use std::{str::FromStr, sync::Arc, time::Duration};

use anyhow::Context;
use api_metrics::business::{PoolConnections, State, UnitsLeft};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use exporter_core::SecretFile;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};
use tokio_postgres::{NoTls, Row, config::SslMode, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Task, User};
use crate::{
    config::Config,
    error::ApiError,
    identity,
    outage::Outage,
    task::{PlanKind, TaskKind},
};

/// Connections; the service's two threads keep few more busy.
const CONNECTIONS: usize = 10;

/// Longest wait for a connection, and longest time that the server gives a statement.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Longest time for everything that one answer takes. A server that hangs, or a network that swallows packets, ends no statement.
const ANSWER: Duration = Duration::from_secs(4);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id text PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL, plan text NOT NULL,
        units double precision NOT NULL CHECK (units >= 0), seen timestamptz NOT NULL DEFAULT now());
    CREATE INDEX IF NOT EXISTS users_units ON users (units);
    CREATE TABLE IF NOT EXISTS sessions (
        token_hash text PRIMARY KEY, user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
        ends timestamptz NOT NULL DEFAULT now() + interval '24 hours');
    CREATE TABLE IF NOT EXISTS tasks (
        id text PRIMARY KEY, user_id text NOT NULL REFERENCES users ON DELETE CASCADE, task_type text NOT NULL,
        status text NOT NULL DEFAULT 'queued', runtime_seconds double precision, created timestamptz NOT NULL DEFAULT now());
";

/// Two services that start at once must not both make the tables.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7309460)";

/// Users named in the metric; more would be cut there.
const LOWEST: &str = "SELECT id, units FROM users ORDER BY units LIMIT 200";

const COUNTS: &str = "
    SELECT (SELECT count(*) FROM users WHERE seen > now() - interval '1 hour') AS hour,
           (SELECT count(*) FROM users WHERE seen > now() - interval '24 hours') AS day,
           (SELECT count(*) FROM users WHERE seen > now() - interval '7 days') AS week,
           (SELECT count(*) FROM sessions WHERE ends > now()) AS sessions,
           (SELECT count(*) FROM users WHERE units < $1) AS low,
           (SELECT count(*) FROM users WHERE units <= 0) AS exhausted
";

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    pool: Pool,
    made: Arc<OnceCell<()>>,
    low: f64,
    outage: Outage,
}

type Answer<T> = Result<T, ApiError>;

impl Postgres {
    pub(super) fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(dsn) = &config.postgres_dsn else { return Ok(None) };
        // Whoever asks for TLS gets a server whose certificate was verified, so these two are the same.
        let dsn = dsn.reveal().replace("sslmode=verify-full", "sslmode=require");
        // The parser's own words could quote the password.
        let mut settings = tokio_postgres::Config::from_str(&dsn)
            .map_err(|_| anyhow::anyhow!("--postgres.dsn: expected postgresql://user[:password]@host[:port]/database"))?;
        if let Some(file) = &config.postgres_password_file {
            settings.password(SecretFile::from(file.clone()).read().context("--postgres.password-file")?.reveal());
        }
        settings.application_name("selextract-api").options("-c statement_timeout=2000").connect_timeout(TIMEOUT);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if settings.get_ssl_mode() == SslMode::Require {
            Manager::from_config(settings, MakeRustlsConnect::new(config.tls().client().context("--tls.ca-file")?), recycling)
        } else {
            Manager::from_config(settings, NoTls, recycling)
        };
        let timeouts = Timeouts { wait: Some(TIMEOUT), create: Some(TIMEOUT), recycle: Some(TIMEOUT) };
        let pool = Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts).runtime(Runtime::Tokio1).build()?;
        Ok(Some(Self { pool, made: Arc::default(), low: config.units_low, outage: Outage::new("postgresql") }))
    }

    /// The pool's connections now.
    pub(crate) fn connections(&self) -> PoolConnections {
        let status = self.pool.status();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        PoolConnections { idle: count(status.available), in_use: count(status.size.saturating_sub(status.available)), max: count(status.max_size) }
    }

    /// The row that a statement gives, if it gives one.
    async fn optional(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<Option<Row>> {
        self.outage.watch(self.in_time(async |connection| query(connection, statement, values).await).await)
    }

    pub(super) async fn state(&self) -> Answer<State> {
        self.outage.watch(self.in_time(async |connection| counts(connection, self.low).await).await)
    }

    /// What `ask` finds out on a connection.
    async fn in_time<T>(&self, ask: impl AsyncFnOnce(&Object) -> Answer<T>) -> Answer<T> {
        let deadline = Instant::now() + ANSWER;
        let connection = timeout_at(deadline, self.pool.get()).await.map_err(unavailable)?.map_err(unavailable)?;
        let asked = timeout_at(deadline, async {
            self.made.get_or_try_init(|| make(&connection)).await?;
            ask(&connection).await
        });
        let answer = asked.await;
        answer.unwrap_or_else(|elapsed| {
            // What was asked may yet be answered, on a connection that nobody else must then be given.
            drop(Object::take(connection));
            Err(unavailable(elapsed))
        })
    }

    pub(super) async fn register(&self, email: &str, password_hash: &str, plan: PlanKind) -> Answer<Option<String>> {
        let row = self
            .optional(
                "INSERT INTO users (id, email, password_hash, plan, units) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING RETURNING id",
                &[&identity::uuid(), &email, &password_hash, &plan.as_str(), &plan.units()],
            )
            .await?;
        row.map(|row| text(&row, "id")).transpose()
    }

    pub(super) async fn login(&self, email: &str) -> Answer<Option<(String, String)>> {
        let row = self.optional("SELECT id, password_hash FROM users WHERE email = $1", &[&email]).await?;
        row.map(|row| Ok((text(&row, "id")?, text(&row, "password_hash")?))).transpose()
    }

    pub(super) async fn open_session(&self, user: &str, token_hash: &str) -> Answer<()> {
        self.optional("INSERT INTO sessions (token_hash, user_id) VALUES ($1, $2)", &[&token_hash, &user]).await?;
        self.optional("DELETE FROM sessions WHERE user_id = $1 AND ends < now()", &[&user]).await.map(drop)
    }

    pub(super) async fn session(&self, token_hash: &str) -> Answer<Option<String>> {
        let row = self
            .optional(
                "UPDATE users SET seen = now() FROM sessions WHERE sessions.token_hash = $1 AND sessions.ends > now() AND users.id = sessions.user_id RETURNING users.id",
                &[&token_hash],
            )
            .await?;
        row.map(|row| text(&row, "id")).transpose()
    }

    pub(super) async fn user(&self, id: &str) -> Answer<Option<User>> {
        let row = self.optional("SELECT id, email, plan, units FROM users WHERE id = $1", &[&id]).await?;
        let read = |row: Row| {
            let units = row.try_get("units").map_err(unavailable)?;
            Ok(User { id: text(&row, "id")?, email: text(&row, "email")?, plan: text(&row, "plan")?, units })
        };
        row.map(read).transpose()
    }

    pub(super) async fn consume(&self, user: &str, units: f64) -> Answer<Option<f64>> {
        let row = self.optional("UPDATE users SET units = units - $2 WHERE id = $1 AND units >= $2 RETURNING units", &[&user, &units]).await?;
        row.map(|row| row.try_get("units").map_err(unavailable)).transpose()
    }

    pub(super) async fn add_units(&self, user: &str, units: f64) -> Answer<Option<f64>> {
        let row = self.optional("UPDATE users SET units = units + $2 WHERE id = $1 RETURNING units", &[&user, &units]).await?;
        row.map(|row| row.try_get("units").map_err(unavailable)).transpose()
    }

    pub(super) async fn create_task(&self, user: &str, kind: TaskKind) -> Answer<Task> {
        let row = self
            .optional(
                "INSERT INTO tasks (id, user_id, task_type) VALUES ($1, $2, $3) RETURNING id, user_id, task_type, status, runtime_seconds",
                &[&identity::uuid(), &user, &kind.as_str()],
            )
            .await?;
        row.map(|row| task(&row)).transpose()?.ok_or(ApiError::Internal)
    }

    pub(super) async fn task(&self, id: &str) -> Answer<Option<Task>> {
        let row = self.optional("SELECT id, user_id, task_type, status, runtime_seconds FROM tasks WHERE id = $1", &[&id]).await?;
        row.map(|row| task(&row)).transpose()
    }

    pub(super) async fn end_task(&self, id: &str, status: &str, runtime_seconds: Option<f64>) -> Answer<Option<Task>> {
        let row = self
            .optional(
                "UPDATE tasks SET status = $2, runtime_seconds = $3 WHERE id = $1 AND status = 'queued' RETURNING id, user_id, task_type, status, runtime_seconds",
                &[&id, &status, &runtime_seconds],
            )
            .await?;
        row.map(|row| task(&row)).transpose()
    }
}

async fn query(connection: &Object, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<Option<Row>> {
    let statement = connection.prepare_cached(statement).await.map_err(unavailable)?;
    connection.query_opt(&statement, values).await.map_err(unavailable)
}

async fn counts(connection: &Object, low: f64) -> Answer<State> {
    let counts = connection.query_one(COUNTS, &[&low]).await.map_err(unavailable)?;
    let count = |column: &str| counts.try_get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0)).map_err(unavailable);
    let mut units = UnitsLeft::below(low);
    for row in connection.query(LOWEST, &[]).await.map_err(unavailable)? {
        units.add(&text(&row, "id")?, row.try_get("units").map_err(unavailable)?);
    }
    Ok(State {
        active_users: Some([count("hour")?, count("day")?, count("week")?]),
        sessions: Some(count("sessions")?),
        units: Some(units.with_counts(count("low")?, count("exhausted")?)),
    })
}

async fn make(connection: &Object) -> Answer<()> {
    connection.batch_execute(&format!("BEGIN; {LOCK}; {SCHEMA} COMMIT")).await.map_err(unavailable)
}

fn task(row: &Row) -> Answer<Task> {
    let kind = TaskKind::parse(&text(row, "task_type")?).ok_or(ApiError::Internal)?;
    let runtime_seconds = row.try_get("runtime_seconds").map_err(unavailable)?;
    Ok(Task { id: text(row, "id")?, user_id: text(row, "user_id")?, kind, status: text(row, "status")?, runtime_seconds })
}

fn text(row: &Row, column: &str) -> Answer<String> {
    row.try_get(column).map_err(unavailable)
}

fn unavailable(error: impl std::error::Error) -> ApiError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    ApiError::Unavailable(format!("{error}{cause}"))
}
