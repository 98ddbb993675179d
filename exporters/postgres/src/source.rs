//! What a scrape does: one flight of statements on the kept connection.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_postgres::{Object, Pool};
use exporter_core::{Failure, Flight, Reason, Site, Source};
use futures_util::stream::{FuturesOrdered, StreamExt};
use metric_catalogue::postgres::compat;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_postgres::{Error, error::SqlState};

use crate::{
    background::{self, Background},
    collectors::{self, Collector, EXTENSIONS, Server, schemas},
    config::Config,
    custom::Custom,
    failure::{failure, is_lost},
    link::{Dialer, Lease},
    modules::Modules,
    row::Row,
    site::Pages,
    status::Status,
    target::{MARK, Target},
};

/// A session's memory on the server grows with what its catalogue caches have seen, so a kept one is replaced at this age.
const AGE: Duration = Duration::from_mins(30);

/// What is kept of the deadline for the page itself.
const MARGIN: Duration = Duration::from_millis(30);

/// `statement_timeout` is set in steps of this many milliseconds, so that it need not be set for each flight.
const STEP: u128 = 250;

/// How long the first page waits for the first measurements of the background: a page that begins without sizes looks as if
/// they had been lost.
const FIRST_PAGE: Duration = Duration::from_secs(1);

/// A `PostgreSQL` server.
#[derive(Debug)]
pub struct Postgres {
    dialer: Dialer,
    pool: Option<Pool>,
    collectors: Vec<Box<dyn Collector>>,
    plan: Plan,
    session: Session,
    background: Background,
    custom: Option<Custom>,
    modules: Option<Arc<Modules>>,
    status: Arc<Mutex<Status>>,
    config: Config,
    timeout: Duration,
    scrapes: u64,
}

/// Statements, and who reads the answer to each.
#[derive(Debug, Default)]
struct Plan {
    server: Option<Server>,
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Request {
    sql: String,
    readers: Vec<usize>,
}

/// What the session of the kept connection was told.
#[derive(Debug, Default)]
struct Session {
    /// Which connection it is.
    connection: u64,
    /// When it was first used.
    since: Option<Instant>,
    statement_timeout: u128,
    /// Schema of each extension.
    extensions: Option<BTreeMap<String, String>>,
}

/// How a collector did, for upstream's own metrics.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    collector: &'static str,
    took: Duration,
    succeeded: bool,
}

impl Postgres {
    /// The source of the exporter's own page; nothing is connected yet.
    pub(crate) fn new(config: &Config, target: Target) -> Self {
        Self { modules: Some(Arc::new(Modules::new(config.modules_file.clone()))), ..Self::probed(config, target, &config.budget()) }
    }

    /// The source of one of many targets, which share a budget of connections beside the kept ones.
    pub(crate) fn probed(config: &Config, target: Target, budget: &Arc<Semaphore>) -> Self {
        let options = config.options(&target.name);
        let status = Arc::new(Mutex::new(Status::new(&target.name, target.user())));
        let dialer = Dialer::new(target);
        let enabled = |collector: &dyn Collector| config.runs(collector.name());
        let collectors = collectors::all(&options).into_iter().filter(|collector| enabled(collector.as_ref())).collect();
        Self {
            background: Background::new(config, &dialer, &options, budget),
            custom: config.query_path.clone().map(|path| Custom::new(path, &options.server)),
            dialer,
            pool: None,
            collectors,
            plan: Plan::default(),
            session: Session::default(),
            modules: None,
            status,
            config: config.clone(),
            timeout: config.collection_timeout,
            scrapes: 0,
        }
    }

    /// What to do about what does not work.
    pub(crate) fn advice(&self) -> Vec<String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).advice().into_iter().collect()
    }

    /// Further paths of the exporter.
    pub(crate) fn site(&self) -> Option<Arc<dyn Site>> {
        let modules = Arc::clone(self.modules.as_ref()?);
        Some(Arc::new(Pages::new(self.config.clone(), modules, Arc::clone(&self.status))))
    }

    /// Sends everything and reads what comes back, over a new connection if the kept one turns out to be dead.
    async fn fly(&mut self, flight: &mut Flight, outcomes: &mut Vec<Outcome>) -> Result<(), Failure> {
        let mut result = Err(Failure::new(Reason::Closed, "connection closed"));
        for _ in 0..2 {
            let kept = self.session.connection > 0;
            let lease = self.lease(flight).await?;
            let reused = kept && self.session.connection == self.dialer.opened();
            outcomes.clear();
            result = self.exchange(&lease, flight, outcomes).await;
            match &result {
                Ok(()) => lease.done(),
                // A kept connection may have died since the last flight: that says nothing about the server now.
                Err(failure) if outcomes.is_empty() && (reused || self.dialer.is_pooled()) && failure.reason == Reason::Closed => {
                    self.session = Session::default();
                    continue;
                }
                Err(_) => self.session = Session::default(),
            }
            break;
        }
        result
    }

    async fn lease(&mut self, flight: &mut Flight) -> Result<Lease, Failure> {
        if self.session.since.is_some_and(|since| since.elapsed() > AGE) {
            self.pool = None;
        }
        let pool = match self.pool.take() {
            Some(pool) => pool,
            None => self.dialer.pool()?,
        };
        let before = self.dialer.opened();
        let lease = Lease::take(&pool, &self.dialer).await;
        self.pool = Some(pool);
        if self.dialer.opened() > before {
            flight.connected();
        }
        lease
    }

    /// One flight.
    async fn exchange(&mut self, lease: &Lease, flight: &mut Flight, outcomes: &mut Vec<Outcome>) -> Result<(), Failure> {
        let link = lease.get()?;
        if self.session.connection != self.dialer.opened() {
            self.collectors.iter_mut().for_each(|collector| collector.forget());
            self.session = Session { connection: self.dialer.opened(), since: Some(Instant::now()), ..Session::default() };
        }
        self.plan(link).await?;
        let pooled = self.dialer.is_pooled();
        let remaining = flight.deadline().saturating_duration_since(Instant::now()).min(self.timeout).as_millis().div_ceil(STEP) * STEP;
        let limit = (!pooled && remaining != self.session.statement_timeout).then(|| remaining.to_string());
        let session = session(self.dialer.version());
        let mut answers = FuturesOrdered::new();
        let mut fresh: Vec<usize> = Vec::new();
        if let Some(limit) = &limit {
            answers.push_back(ask(link, None, pooled, session, Some(limit)));
        }
        for (index, request) in self.plan.requests.iter().enumerate() {
            let readers = || request.readers.iter().filter_map(|reader| self.collectors.get(*reader));
            readers().for_each(|collector| flight.expect(collector.name()));
            if readers().all(|collector| collector.is_fresh()) {
                fresh.extend(&request.readers);
                continue;
            }
            answers.push_back(ask(link, Some(index), pooled, &request.sql, None));
        }
        while let Some((index, answer)) = answers.next().await {
            let rows = match answer {
                Err(error) if is_shared_session(&error) => {
                    self.dialer.set_pooled();
                    return Err(Failure::new(Reason::Closed, "the session is shared with others"));
                }
                Err(error) if is_lost(&error) => return Err(failure(&error)),
                answer => answer.map_err(|error| failure(&error)),
            };
            flight.reached();
            let Some(request) = index.and_then(|index| self.plan.requests.get(index)) else {
                if rows.is_ok() {
                    self.session.statement_timeout = remaining;
                }
                continue;
            };
            for reader in &request.readers {
                if let Some(collector) = self.collectors.get_mut(*reader) {
                    let rows = rows.as_deref();
                    self.status.lock().unwrap_or_else(PoisonError::into_inner).collector(collector.name(), rows.err());
                    outcomes.push(read(collector.as_mut(), rows, flight));
                }
            }
        }
        drop(answers);
        for collector in fresh.into_iter().filter_map(|reader| self.collectors.get(reader)) {
            flight.read(collector.name(), |samples| {
                collector.recall(samples);
                Ok::<(), Infallible>(())
            });
            outcomes.push(Outcome { collector: collector.name(), took: flight.started().elapsed(), succeeded: true });
        }
        self.ask_custom(link, flight, outcomes).await
    }

    /// Custom queries, one after the other and after all else: nobody knows what they cost.
    async fn ask_custom(&mut self, link: &Object, flight: &mut Flight, outcomes: &mut Vec<Outcome>) -> Result<(), Failure> {
        let Some(custom) = &mut self.custom else { return Ok(()) };
        let (server, version) = (custom.server(), self.dialer.version());
        for query in custom.queries().iter_mut().filter(|query| query.fits(version)) {
            flight.expect(query.name);
            let asked = query.refresh(link).await.map_err(|error| failure(&error))?;
            let succeeded = asked.is_ok();
            match asked {
                Ok(()) => flight.read(query.name, |samples| query.read(&server, version, samples)),
                Err(error) => flight.failed(query.name, error),
            }
            outcomes.push(Outcome { collector: query.name, took: flight.started().elapsed(), succeeded });
        }
        custom.describe(flight.samples());
        Ok(())
    }

    /// Chooses the statements, again when the server is another version or its extensions are not known.
    async fn plan(&mut self, link: &Object) -> Result<(), Failure> {
        if self.session.extensions.is_none() {
            let pooled = self.dialer.is_pooled() || !is_ours(link).await?;
            if pooled {
                self.dialer.set_pooled();
            }
            let needed = self.collectors.iter().any(|collector| collector.extension().is_some());
            self.session.extensions = Some(if needed { extensions(link, pooled).await? } else { BTreeMap::new() });
        }
        let server = Server { version: self.dialer.version(), extensions: self.session.extensions.clone().unwrap_or_default() };
        if self.plan.server.as_ref() != Some(&server) {
            self.plan = Plan::new(&self.collectors, server);
        }
        Ok(())
    }

    /// What upstream says of its own work.
    fn describe(&self, flight: &mut Flight, outcomes: &[Outcome], failed: bool) {
        let took = flight.started().elapsed();
        let answered = |collector: &str| outcomes.iter().any(|outcome| outcome.collector == collector);
        let names: Vec<&str> = self.collectors.iter().map(|collector| collector.name()).filter(|name| !answered(name)).collect();
        let samples = flight.samples();
        samples.gauge(&compat::LAST_SCRAPE_DURATION, [], took);
        samples.gauge(&compat::LAST_SCRAPE_ERROR, [], failed || outcomes.iter().any(|outcome| !outcome.succeeded));
        samples.counter(&compat::SCRAPES, [], self.scrapes);
        samples.gauge(&compat::BUILD_INFO, [env!("CARGO_PKG_VERSION"), option_env!("SOURCE_REVISION").unwrap_or("unknown")], true);
        for outcome in outcomes {
            samples.gauge(&compat::COLLECTOR_DURATION, [outcome.collector], outcome.took);
            samples.gauge(&compat::COLLECTOR_SUCCESS, [outcome.collector], outcome.succeeded);
        }
        for name in names {
            samples.gauge(&compat::COLLECTOR_DURATION, [name], took);
            samples.gauge(&compat::COLLECTOR_SUCCESS, [name], !failed);
        }
    }
}

impl Source for Postgres {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        self.scrapes += 1;
        self.background.start();
        let deadline = (flight.deadline() - MARGIN).min(Instant::now() + self.timeout);
        let mut outcomes = Vec::new();
        let flown = timeout_at(deadline, self.fly(flight, &mut outcomes)).await;
        let result = flown.unwrap_or_else(|_| {
            self.session = Session::default();
            Err(Failure::new(Reason::Timeout, "no answer before the deadline"))
        });
        if result.is_ok() {
            self.background.first_round(deadline.min(flight.started() + FIRST_PAGE)).await;
            self.background.read(flight, &self.status);
        }
        if let Some(modules) = &self.modules {
            modules.describe(flight.samples());
        }
        self.status.lock().unwrap_or_else(PoisonError::into_inner).ended(&result);
        self.describe(flight, &outcomes, result.is_err());
        result
    }
}

impl Plan {
    fn new(collectors: &[Box<dyn Collector>], server: Server) -> Self {
        let mut requests: Vec<Request> = Vec::new();
        for (index, collector) in collectors.iter().enumerate() {
            let Some(sql) = collector.request(&server) else { continue };
            match requests.iter_mut().find(|request| request.sql == sql) {
                Some(request) => request.readers.push(index),
                None => requests.push(Request { sql: sql.into_owned(), readers: vec![index] }),
            }
        }
        Self { server: Some(server), requests }
    }
}

/// Tells the session how long a statement may take, and that statistics need not be consistent among each other.
const fn session(version: u32) -> &'static str {
    if version >= 150_000 {
        "SELECT set_config('statement_timeout', $1, false), set_config('stats_fetch_consistency', 'none', false)"
    } else {
        "SELECT set_config('statement_timeout', $1, false)"
    }
}

/// Sends a statement: by name where the session is ours, without one behind a pooler.
async fn ask(link: &Object, index: Option<usize>, pooled: bool, sql: &str, parameter: Option<&String>) -> (Option<usize>, Result<Vec<Row>, Error>) {
    let answer = async {
        if pooled {
            return link.query_typed(sql, &[]).await;
        }
        let statement = link.prepare_cached(sql).await?;
        match parameter {
            Some(parameter) => link.query(&statement, &[parameter]).await,
            None => link.query(&statement, &[]).await,
        }
    };
    (index, answer.await.map(background::rows))
}

/// A named statement is not there, or there already: the session is not only ours.
fn is_shared_session(error: &Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::DUPLICATE_PSTATEMENT)
}

async fn extensions(link: &Object, pooled: bool) -> Result<BTreeMap<String, String>, Failure> {
    let (_, answer) = ask(link, None, pooled, EXTENSIONS, None).await;
    Ok(schemas(&answer.map_err(|error| failure(&error))?))
}

/// Whether what was asked of the session holds. A pooler that was told to ignore our parameters gives the session to others
/// too, and what is set in it would reach them.
async fn is_ours(link: &Object) -> Result<bool, Failure> {
    let sql = format!("SELECT current_setting('{MARK}', true) AS mark");
    let (_, answer) = ask(link, None, true, &sql, None).await;
    let rows = answer.map_err(|error| failure(&error))?;
    Ok(rows.first().is_some_and(|row| row.text("mark").is_ok_and(|mark| mark == "ours")))
}

/// Hands an answer to a collector.
fn read(collector: &mut dyn Collector, rows: Result<&[Row], &Failure>, flight: &mut Flight) -> Outcome {
    let name = collector.name();
    let mut succeeded = false;
    match rows {
        Ok(rows) => flight.read(name, |samples| {
            let result = collector.read(rows, samples);
            succeeded = result.is_ok();
            result
        }),
        Err(error) => flight.failed(name, error),
    }
    Outcome { collector: name, took: flight.started().elapsed(), succeeded }
}
