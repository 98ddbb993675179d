//! Rounds through the databases of a server.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use exporter_core::Failure;
use futures_util::stream::{self, StreamExt};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_postgres::Client;
use tracing::{info, warn};

use super::{Visits, rows, sizes, tasks};
use crate::{
    collectors::{Collector, EXTENSIONS, Server, schemas},
    failure::{failure, is_lost},
    link::{Dialer, Extra},
    row::Row,
};

/// Longest time that one visit may take.
const VISIT: Duration = Duration::from_secs(30);

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
}

/// One statement's last rows, and why there are no newer ones.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Arc<Vec<Row>>,
    pub(super) error: Option<Failure>,
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
    pub(super) others: bool,
    pub(super) included: Vec<String>,
    pub(super) excluded: Vec<String>,
    pub(super) tasks: Vec<Box<dyn Collector>>,
    pub(super) collectors: Vec<Box<dyn Collector>>,
}

impl Round {
    /// Visits the connected database, then the others.
    pub(super) async fn run(&mut self) {
        let Ok((home, others)) = self.home().await else { return };
        let names: BTreeSet<&str> = others.iter().map(String::as_str).chain(["", home.as_str()]).collect();
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).retain(|database, _| names.contains(database.as_str()));
        let round = &*self;
        stream::iter(&others).for_each_concurrent(round.connections, |database| round.other(database)).await;
    }

    /// The server as a whole and the connected database, over one connection; tells its name and what else there is.
    async fn home(&self) -> Result<(String, Vec<String>), ()> {
        let _permit = self.budget.acquire().await;
        let started = Instant::now();
        let visit = async {
            let extra = self.open(None).await?;
            let schemas = if self.tasks.iter().any(|task| task.extension().is_some()) { extensions(extra.client()).await? } else { BTreeMap::new() };
            let statements = self.statements(false, false, schemas);
            let server = answers(extra.client(), statements).await?;
            self.store("", started, server, None);
            if self.runs(tasks::DATABASE_SIZE) {
                let (sizes, skipped) = sizes::databases(extra.client(), &self.excluded).await.map_err(|error| failure(&error))?;
                self.store_rows("", tasks::DATABASE_SIZE, skipped, |_| sizes);
            }
            let (home, others) = self.databases(extra.client()).await?;
            let (found, sizes) = self.database(extra.client(), self.statements(true, false, BTreeMap::new())).await?;
            self.store(&home, started, found, sizes);
            extra.close();
            Ok((home, others))
        };
        limited(visit).await.map_err(|error| self.failed("", started, &error))
    }

    async fn other(&self, database: &str) {
        let _permit = self.budget.acquire().await;
        let started = Instant::now();
        let visit = async {
            let extra = self.open(Some(database)).await?;
            let (found, sizes) = self.database(extra.client(), self.statements(true, true, BTreeMap::new())).await?;
            self.store(database, started, found, sizes);
            extra.close();
            Ok(())
        };
        if let Err(error) = limited(visit).await {
            self.failed(database, started, &error);
        }
    }

    async fn open(&self, database: Option<&str>) -> Result<Extra, Failure> {
        Extra::open(&self.dialer, database, &self.open).await.map_err(|error| failure(&error))
    }

    /// Statements for the server or for a database; collectors only where no page asks them.
    fn statements(&self, per_database: bool, collectors: bool, extensions: BTreeMap<String, String>) -> Vec<Statement> {
        let server = Server { version: self.dialer.version(), extensions };
        let tasks = self.tasks.iter().filter(|task| task.is_per_database() == per_database);
        let collectors = self.collectors.iter().filter(|_| collectors);
        tasks.chain(collectors).filter_map(|task| Some((task.name(), task.request(&server)?.into_owned()))).collect()
    }

    async fn database(&self, client: &Client, statements: Vec<Statement>) -> Result<(Found, Option<sizes::Sizes>), Failure> {
        let found = answers(client, statements).await?;
        let sizes = if self.runs(tasks::TABLE_SIZES) { Some(sizes::measure(client).await.map_err(|error| failure(&error))?) } else { None };
        Ok((found, sizes))
    }

    fn runs(&self, task: &str) -> bool {
        self.tasks.iter().any(|other| other.name() == task)
    }

    /// Name of the connected database, and the others that are to be visited.
    async fn databases(&self, client: &Client) -> Result<(String, Vec<String>), Failure> {
        let all = rows(client.query_typed(DATABASES, &[]).await.map_err(|error| failure(&error))?);
        let (mut home, mut others) = (String::new(), Vec::new());
        for row in &all {
            let name = row.text("datname").unwrap_or_default().into_owned();
            if row.number("home").is_ok_and(|home| home == Some(1.0)) {
                home = name;
            } else if self.others && (self.included.is_empty() || self.included.contains(&name)) && !self.excluded.contains(&name) {
                others.push(name);
            }
        }
        Ok((home, others))
    }

    fn store(&self, database: &str, started: Instant, found: Found, sizes: Option<sizes::Sizes>) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(database.to_owned()).or_default();
        if visit.error.take().is_some() {
            info!(database, "Background measurement succeeds again");
        }
        for (name, result) in found {
            let answer = visit.answers.entry(name).or_default();
            match result {
                Ok(rows) => *answer = Answer { rows, error: None },
                Err(error) => answer.error = Some(error),
            }
        }
        visit.at = Some(Instant::now());
        visit.took = started.elapsed();
        drop(visits);
        if let Some(sizes) = sizes {
            self.store_rows(database, tasks::TABLE_SIZES, sizes.skipped(), |before| sizes.merge(before));
        }
    }

    /// Replaces the rows of a task by what `merge` makes of those of before.
    fn store_rows(&self, database: &str, task: &'static str, skipped: usize, merge: impl FnOnce(Vec<Row>) -> Vec<Row>) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(database.to_owned()).or_default();
        visit.skipped = Some(skipped);
        let answer = visit.answers.entry(task).or_default();
        let before = Arc::try_unwrap(std::mem::take(&mut answer.rows)).unwrap_or_default();
        *answer = Answer { rows: Arc::new(merge(before)), error: None };
    }

    fn failed(&self, database: &str, started: Instant, error: &Failure) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(database.to_owned()).or_default();
        if visit.error.is_none() {
            warn!(database, reason = %error.reason, %error, "Background measurement failed");
        }
        visit.error = Some(error.message.clone());
        visit.took = started.elapsed();
    }
}

/// Answers by collector.
type Found = Vec<(&'static str, Result<Arc<Vec<Row>>, Failure>)>;

/// Asks one statement after the other: nobody waits for them, and the server shall not notice. Collectors with the same
/// statement share its answer.
async fn answers(client: &Client, statements: Vec<Statement>) -> Result<Found, Failure> {
    let mut asked: BTreeMap<String, Result<Arc<Vec<Row>>, Failure>> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, sql) in statements {
        let answer = match asked.get(&sql) {
            Some(answer) => answer.clone(),
            None => match client.query_typed(&sql, &[]).await {
                Err(error) if is_lost(&error) => return Err(failure(&error)),
                answer => answer.map(|found| Arc::new(rows(found))).map_err(|error| failure(&error)),
            },
        };
        asked.entry(sql).or_insert_with(|| answer.clone());
        found.push((name, answer));
    }
    Ok(found)
}

/// Schema of each extension of the connected database.
async fn extensions(client: &Client) -> Result<BTreeMap<String, String>, Failure> {
    let found = client.query_typed(EXTENSIONS, &[]).await.map_err(|error| failure(&error))?;
    Ok(schemas(&rows(found)))
}

async fn limited<T>(visit: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(VISIT, visit).await.unwrap_or_else(|_| Err(Failure::new(exporter_core::Reason::Timeout, "no answer within the time for one visit")))
}
