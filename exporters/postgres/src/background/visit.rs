//! Rounds through the databases of a server.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use exporter_core::{Failure, Reason};
use futures_util::stream::{self, StreamExt};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_postgres::Client;
use tracing::{info, warn};

use super::{
    Visits,
    sizes::{self, Sizes},
    tasks,
};
use crate::{
    collectors::{Collector, EXTENSIONS, Server, schemas},
    link::{Dialer, Extra},
    reply::{self, ReplyError},
    row::Row,
};

/// Longest time for the sizes of one visit; what is left is measured in the next round.
const SIZES: Duration = Duration::from_secs(30);

/// Longest time for one statement or one login.
const STATEMENT: Duration = Duration::from_secs(30);

/// The server ends a statement by itself before that.
pub(super) const SESSION: &str = "-c statement_timeout=25s";

/// Databases that can be visited.
const DATABASES: &str = "
    SELECT datname, datname = current_database() AS home FROM pg_database
    WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT') ORDER BY datname";

/// What a visit found.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// When the last successful one ended.
    pub(super) at: Option<Instant>,
    pub(super) took: Duration,
    pub(super) answers: BTreeMap<&'static str, Answer>,
    pub(super) error: Option<String>,
    pub(super) skipped: Option<usize>,
    /// Where the next measurement of sizes goes on.
    next: u32,
}

/// One statement's last rows, and why there are no newer ones.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Arc<Vec<Row>>,
    pub(super) error: Option<Failure>,
}

/// The connected database, and those to be visited beside it.
#[derive(Debug, Default)]
pub(super) struct Databases {
    home: String,
    others: Vec<String>,
}

/// A statement and the collector that asks it.
type Statement = (&'static str, String);

/// What makes the rounds.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) dialer: Dialer,
    pub(super) visits: Visits,
    pub(super) open: Arc<AtomicUsize>,
    pub(super) connections: usize,
    /// Shared with the rounds of other targets, where there are many.
    pub(super) budget: Arc<Semaphore>,
    /// As they were last seen.
    pub(super) databases: Databases,
    pub(super) others: bool,
    pub(super) included: Vec<String>,
    pub(super) excluded: Vec<String>,
    pub(super) tasks: Vec<Box<dyn Collector>>,
    pub(super) collectors: Vec<Box<dyn Collector>>,
}

/// Why a statement has no answer, and whether the connection has none to give any more.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    pub(super) lost: bool,
}

impl Round {
    /// Visits the connected database, then the others.
    pub(super) async fn run(&mut self) {
        if let Some(databases) = self.home().await {
            self.databases = databases;
        }
        let Databases { home, others } = &self.databases;
        let names: BTreeSet<&str> = others.iter().map(String::as_str).chain(["", home.as_str()]).collect();
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).retain(|database, _| names.contains(database.as_str()));
        let round = &*self;
        stream::iter(others).for_each_concurrent(round.connections, |database| round.other(database)).await;
    }

    /// The server as a whole and the connected database, over one connection; tells what databases there are, whatever
    /// becomes of the rest.
    async fn home(&self) -> Option<Databases> {
        let _permit = self.budget.acquire().await;
        let started = Instant::now();
        let extra = match self.open(None).await {
            Ok(extra) => extra,
            Err(error) => return self.failed("", started, &error),
        };
        let server = self.server(extra.client()).await;
        let listed = self.databases(extra.client()).await;
        let visit = async {
            let complete = server? & self.database_sizes(extra.client()).await?;
            self.done("", started, complete);
            Ok(())
        };
        if let Err(error) = visit.await {
            self.failed::<()>("", started, &error);
        }
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return self.failed("", started, &error),
        };
        self.visit(extra, &listed.home, false, started).await;
        Some(listed)
    }

    async fn other(&self, database: &str) {
        let _permit = self.budget.acquire().await;
        let started = Instant::now();
        match self.open(Some(database)).await {
            Ok(extra) => self.visit(extra, database, true, started).await,
            Err(error) => drop(self.failed::<()>(database, started, &error)),
        }
    }

    async fn open(&self, database: Option<&str>) -> Result<Extra, Failure> {
        let opened = timeout(STATEMENT, Extra::open(&self.dialer, database, &self.open)).await;
        opened.map_err(|_| unanswered())?
    }

    /// What is asked of the server as a whole.
    async fn server(&self, client: &Client) -> Result<bool, Failure> {
        let needed = self.tasks.iter().any(|task| task.extension().is_some());
        let extensions = if needed { limited(reply::unnamed(client, EXTENSIONS)).await.map(|rows| schemas(&rows)) } else { Ok(BTreeMap::new()) };
        let extensions = extensions.map_err(|error| error.failure)?;
        self.answers("", client, self.statements(false, false, extensions)).await?;
        Ok(true)
    }

    /// What is asked of one database, with the collectors where no page asks them.
    async fn visit(&self, extra: Extra, database: &str, collectors: bool, started: Instant) {
        let visit = async {
            self.answers(database, extra.client(), self.statements(true, collectors, BTreeMap::new())).await?;
            let complete = self.table_sizes(database, extra.client()).await?;
            self.done(database, started, complete);
            Ok(())
        };
        match visit.await {
            Ok(()) => extra.close(),
            Err(error) => drop(self.failed::<()>(database, started, &error)),
        }
    }

    /// Statements for the server or for a database.
    fn statements(&self, per_database: bool, collectors: bool, extensions: BTreeMap<String, String>) -> Vec<Statement> {
        let server = Server { version: self.dialer.version(), extensions };
        let tasks = self.tasks.iter().filter(|task| task.is_per_database() == per_database);
        let collectors = self.collectors.iter().filter(|_| collectors);
        tasks.chain(collectors).filter_map(|task| Some((task.name(), task.request(&server)?.into_owned()))).collect()
    }

    fn runs(&self, task: &str) -> bool {
        self.tasks.iter().any(|other| other.name() == task)
    }

    /// Asks one statement after the other: nobody waits for them, and the server shall not notice. Collectors with the same
    /// statement share its answer.
    async fn answers(&self, database: &str, client: &Client, statements: Vec<Statement>) -> Result<(), Failure> {
        let mut asked: BTreeMap<String, Result<Arc<Vec<Row>>, Failure>> = BTreeMap::new();
        for (name, sql) in statements {
            let answer = match asked.get(&sql) {
                Some(answer) => answer.clone(),
                None => match limited(reply::unnamed(client, &sql)).await {
                    Err(error) if error.lost => return Err(error.failure),
                    answer => answer.map(Arc::new).map_err(|error| error.failure),
                },
            };
            asked.entry(sql).or_insert_with(|| answer.clone());
            self.with(database, |visit| {
                let known = visit.answers.entry(name).or_default();
                match answer {
                    Ok(rows) => *known = Answer { rows, error: None },
                    Err(error) => known.error = Some(error),
                }
            });
        }
        Ok(())
    }

    /// Whether all of them are measured now.
    async fn database_sizes(&self, client: &Client) -> Result<bool, Failure> {
        if !self.runs(tasks::DATABASE_SIZE) {
            return Ok(true);
        }
        let from = self.with("", |visit| visit.next);
        let sizes = sizes::databases(client, &self.excluded, from, Instant::now() + SIZES).await;
        self.store("", tasks::DATABASE_SIZE, sizes)
    }

    /// As [`database_sizes`](Self::database_sizes), of the tables of a database.
    async fn table_sizes(&self, database: &str, client: &Client) -> Result<bool, Failure> {
        if !self.runs(tasks::TABLE_SIZES) {
            return Ok(true);
        }
        let from = self.with(database, |visit| visit.next);
        let sizes = sizes::tables(client, from, Instant::now() + SIZES).await;
        self.store(database, tasks::TABLE_SIZES, sizes)
    }

    /// Name of the connected database, and the others that are to be visited.
    async fn databases(&self, client: &Client) -> Result<Databases, Failure> {
        let all = limited(reply::unnamed(client, DATABASES)).await.map_err(|error| error.failure)?;
        let mut databases = Databases::default();
        for row in &all {
            let name = row.text("datname").unwrap_or_default().into_owned();
            if row.number("home").is_ok_and(|home| home == Some(1.0)) {
                databases.home = name;
            } else if self.others && (self.included.is_empty() || self.included.contains(&name)) && !self.excluded.contains(&name) {
                databases.others.push(name);
            }
        }
        Ok(databases)
    }

    /// Keeps what was measured, however the measurement ended.
    fn store(&self, database: &str, task: &'static str, sizes: Result<Sizes, Unanswered>) -> Result<bool, Failure> {
        match sizes {
            Ok(mut sizes) => {
                let (lost, complete) = (sizes.lost.take(), sizes.is_complete());
                self.with(database, |visit| {
                    (visit.skipped, visit.next) = (Some(sizes.skipped()), sizes.last);
                    let answer = visit.answers.entry(task).or_default();
                    let before = Arc::try_unwrap(std::mem::take(&mut answer.rows)).unwrap_or_default();
                    *answer = Answer { rows: Arc::new(sizes.merge(before)), error: None };
                });
                lost.map_or(Ok(complete), Err)
            }
            Err(error) => {
                self.with(database, |visit| visit.answers.entry(task).or_default().error = Some(error.failure.clone()));
                if error.lost { Err(error.failure) } else { Ok(false) }
            }
        }
    }

    /// A visit came to its end; it was `complete` if it left nothing for the next.
    fn done(&self, database: &str, started: Instant, complete: bool) {
        self.with(database, |visit| {
            if visit.error.take().is_some() {
                info!(database = named(database), "Background measurement succeeds again");
            }
            visit.at = if complete { Some(Instant::now()) } else { visit.at };
            visit.took = started.elapsed();
        });
    }

    fn failed<T>(&self, database: &str, started: Instant, error: &Failure) -> Option<T> {
        self.with(database, |visit| {
            if visit.error.is_none() {
                warn!(database = named(database), reason = %error.reason, %error, "Background measurement failed");
            }
            visit.error = Some(error.message.clone());
            visit.took = started.elapsed();
        });
        None
    }

    /// Does something with what is known of a database.
    fn with<T>(&self, database: &str, change: impl FnOnce(&mut Visit) -> T) -> T {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        change(visits.entry(database.to_owned()).or_default())
    }
}

/// The rows of a statement that does not take for ever.
pub(super) async fn limited(statement: impl Future<Output = Result<Vec<Row>, ReplyError>>) -> Result<Vec<Row>, Unanswered> {
    match timeout(STATEMENT, statement).await {
        Ok(answer) => answer.map_err(|error| Unanswered { failure: error.failure(), lost: error.is_lost() }),
        Err(_) => Err(Unanswered { failure: unanswered(), lost: true }),
    }
}

fn unanswered() -> Failure {
    Failure::new(Reason::Timeout, "no answer within the time for one statement")
}

/// A database for the log; what concerns the whole server has none.
fn named(database: &str) -> Option<&str> {
    Some(database).filter(|database| !database.is_empty())
}
