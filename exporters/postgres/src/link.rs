//! Connections to the server: one that is kept, and how it is given up.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use exporter_core::{Failure, Reason};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{CancelToken, Client, Config, Error, error::SqlState};
use tracing::debug;

use crate::{
    failure::failure,
    given_up::{GivenUp, Place},
    session,
    target::Target,
    tls::Tls,
};

/// How long a request to cancel may take before it is given up.
const CANCEL: Duration = Duration::from_secs(2);

/// Makes connections to one target.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    target: Arc<Target>,
    shared: Arc<Shared>,
    given_up: Arc<GivenUp>,
    /// Connections that this dialer has made.
    opened: Arc<AtomicU64>,
    /// What its sessions are asked for besides, where they are ours alone.
    parameters: &'static str,
}

/// What is learned when a connection is made.
#[derive(Debug, Default)]
struct Shared {
    /// `server_version_num`.
    version: AtomicU32,
    /// A pooler stands between us and the server: no session parameters, no named statements.
    pooled: AtomicBool,
}

impl Dialer {
    /// `further` sessions at most beside the kept one.
    pub(crate) fn new(target: Target, further: usize) -> Self {
        let given_up = Arc::new(GivenUp::new(further));
        Self { target: Arc::new(target), shared: Arc::default(), given_up, opened: Arc::default(), parameters: "" }
    }

    /// A dialer for the same target that counts for itself; its sessions begin with further parameters, written `-c name=value`.
    /// Set later, they would stay in a session that a pooler hands to others.
    pub(crate) fn beside(&self, parameters: &'static str) -> Self {
        Self { opened: Arc::default(), parameters, ..self.clone() }
    }

    /// Sessions that may still be there although nobody waits for them.
    pub(crate) fn given_up(&self) -> &GivenUp {
        &self.given_up
    }

    /// Leaves a session to itself and asks the server to end what it runs. A pooler bounds its sessions itself.
    fn give_up(&self, token: CancelToken, identity: Option<String>, place: Option<Place>) {
        if !self.is_pooled() {
            self.given_up.add(identity, place);
        }
        cancel(token, self.target.tls.clone());
    }

    /// Version of the server as a number: 150004 is 15.4. 0 before the first connection.
    pub(crate) fn version(&self) -> u32 {
        self.shared.version.load(Ordering::Relaxed)
    }

    /// Connections made so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub(crate) fn is_pooled(&self) -> bool {
        self.shared.pooled.load(Ordering::Relaxed)
    }

    /// Our parameters do not hold, or a named statement is not there when it is used: the session is shared with others.
    pub(crate) fn set_pooled(&self) {
        self.shared.pooled.store(true, Ordering::Relaxed);
    }

    /// Connects to a database, by default the target's own. The task ends the connection when it is aborted.
    pub(crate) async fn dial(&self, database: Option<&str>) -> Result<(Client, JoinHandle<()>), Error> {
        let plain = self.is_pooled();
        match self.attempt(database, plain).await {
            Err(error) if !plain && is_refused_by_pooler(&error) => {
                debug!(%error, "Session parameters are refused, so a pooler is assumed");
                self.set_pooled();
                self.attempt(database, true).await
            }
            connected => connected,
        }
    }

    async fn attempt(&self, database: Option<&str>, plain: bool) -> Result<(Client, JoinHandle<()>), Error> {
        let mut config = self.target.config(database, plain);
        if let Some(options) = config.get_options().map(ToOwned::to_owned) {
            config.options(format!("{options} {}", self.parameters));
        }
        let (client, connection) = config.connect(self.target.tls.clone()).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        if let Some(version) = connection.parameter("server_version").and_then(number) {
            self.shared.version.store(version, Ordering::Relaxed);
        }
        // Such a database may hold names in no encoding at all, which the server would refuse to send as UTF-8.
        let any = connection.parameter("server_encoding") == Some("SQL_ASCII");
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "Connection ended");
            }
        });
        if any {
            client.batch_execute("SET client_encoding = 'SQL_ASCII'").await?;
        }
        Ok((client, task))
    }

    /// A pool of the one kept connection.
    pub(crate) fn pool(&self) -> Result<Pool, Failure> {
        let manager = Manager::from_connect(Config::new(), self.clone(), ManagerConfig { recycling_method: RecyclingMethod::Fast });
        Pool::builder(manager).max_size(1).build().map_err(|error| Failure::new(Reason::Internal, error))
    }
}

impl Connect for Dialer {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(self.dial(None))
    }
}

/// `PgBouncer` refuses parameters at the start of a session that it does not know.
fn is_refused_by_pooler(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| *error.code() == SqlState::PROTOCOL_VIOLATION && error.message().contains("startup parameter"))
}

/// `server_version_num` from `server_version`: `15.4 (Debian 15.4-1)`, `18beta1`.
fn number(version: &str) -> Option<u32> {
    let numeric = |text: &str| text.split(|character: char| !character.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok());
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    Some(numeric(major)? * 10_000 + numeric(minor).unwrap_or(0))
}

/// The kept connection while it is in use. Dropped before it is [done](Self::done), it is ended, and so is what still runs
/// for it on the server.
#[derive(Debug)]
pub(crate) struct Lease {
    object: Option<Object>,
    dialer: Dialer,
    identity: OnceLock<String>,
}

impl Lease {
    pub(crate) async fn take(pool: &Pool, dialer: &Dialer) -> Result<Self, Failure> {
        match pool.get().await {
            Ok(object) => Ok(Self { object: Some(object), dialer: dialer.clone(), identity: OnceLock::new() }),
            Err(PoolError::Backend(error)) => Err(failure(&error).at(&dialer.target.name)),
            Err(error) => Err(Failure::new(Reason::Internal, error)),
        }
    }

    /// The connection.
    pub(crate) fn get(&self) -> Result<&Object, Failure> {
        self.object.as_ref().ok_or_else(|| Failure::new(Reason::Internal, "the connection is gone"))
    }

    /// What its session says of itself.
    pub(crate) fn identify(&self, identity: &str) {
        self.identity.get_or_init(|| identity.to_owned());
    }

    /// Everything that was asked has been answered: the connection is kept.
    pub(crate) fn done(mut self) {
        self.object.take();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            let token = object.cancel_token();
            // Ends the socket first: what is queued on the server fails at its first reply, and one cancel ends what runs.
            drop(Object::take(object));
            self.dialer.give_up(token, self.identity.take(), None);
        }
    }
}

/// A connection beside the kept one, for as long as a visit to a database takes.
#[derive(Debug)]
pub(crate) struct Extra {
    client: Client,
    task: JoinHandle<()>,
    dialer: Dialer,
    open: Arc<AtomicUsize>,
    place: Option<Place>,
    identity: Option<String>,
    idle: bool,
}

impl Extra {
    /// Connects as soon as there is a place; `open` counts how many there are.
    pub(crate) async fn open(dialer: &Dialer, database: Option<&str>, open: &Arc<AtomicUsize>) -> Result<Self, Failure> {
        let place = dialer.given_up.place().await?;
        let (client, task) = dialer.dial(database).await.map_err(|error| failure(&error).at(&dialer.target.name))?;
        open.fetch_add(1, Ordering::Relaxed);
        let mut extra = Self { client, task, dialer: dialer.clone(), open: Arc::clone(open), place: Some(place), identity: None, idle: false };
        if !dialer.is_pooled() {
            extra.identity = session::identity(&extra.client).await.map_err(|error| error.failure())?;
        }
        Ok(extra)
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Nothing runs on the server any more.
    pub(crate) fn close(mut self) {
        self.idle = true;
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        // An idle connection ends by itself once its client is gone, and says goodbye to the server.
        if !self.idle {
            self.task.abort();
            self.dialer.give_up(self.client.cancel_token(), self.identity.take(), self.place.take());
        }
    }
}

/// Asks the server to end what a connection runs.
fn cancel(token: CancelToken, tls: Tls) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        if let Ok(Err(error)) = timeout(CANCEL, token.cancel_query(tls)).await {
            debug!(%error, "Cannot cancel what still runs on the server");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        for (text, expected) in [("15.4 (Debian 15.4-1.pgdg)", 150_004), ("18beta1", 180_000), ("16devel", 160_000), ("14.23", 140_023)] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        assert_eq!(number("unknown"), None);
    }
}
