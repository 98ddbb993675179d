//! What a scrape does: one flight of statements on the kept connection.

use std::{
    collections::{BTreeMap, HashSet},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_postgres::{Object, Pool};
use exporter_core::{Failure, Flight, Limits, Reason, Site, Source};
use futures_util::stream::{FuturesOrdered, StreamExt};
use metric_catalogue::postgres::{PROGRAM, compat};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_postgres::error::SqlState;

use crate::{
    background::Background,
    collectors::{self, Collector, Options, Server},
    config::Config,
    custom::Custom,
    link::{Dialer, Lease},
    modules::Modules,
    names::Names,
    outcomes::Outcomes,
    plan::Plan,
    reply::ReplyError,
    row::Row,
    session::{self, Session, ask},
    site::Pages,
    status::Status,
    target::Target,
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
    limits: Limits,
    /// Whether the background's part is on the page that is being made.
    shown: bool,
}

/// What the sources of one exporter share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// Bounds connections beside the kept ones.
    pub(crate) budget: Arc<Semaphore>,
    pub(crate) names: Arc<Names>,
}

impl Postgres {
    /// The source of the exporter's own page; nothing is connected yet.
    pub(crate) fn new(config: &Config, target: Target) -> Self {
        Self { modules: Some(Arc::new(Modules::new(config.modules_file.clone()))), ..Self::probed(config, target, &config.shared()) }
    }

    /// The source of one of many targets.
    pub(crate) fn probed(config: &Config, target: Target, shared: &Shared) -> Self {
        let options = config.options(&target.name, &shared.names);
        let status = Arc::new(Mutex::new(Status::new(&target.name, target.user())));
        let dialer = Dialer::new(target, config.further_sessions());
        let enabled = |collector: &dyn Collector| config.runs(collector.name());
        let (collectors, idle): (Vec<_>, Vec<_>) = collectors::all(&options).into_iter().partition(|collector| enabled(collector.as_ref()));
        let custom = |path| Custom::new(path, &options.server, Arc::clone(&shared.names), reserved(&idle, config));
        Self {
            background: Background::new(config, &dialer, &options, &shared.budget),
            custom: config.query_path.clone().map(custom),
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
            limits: Limits::default(),
            shown: false,
        }
    }

    /// What to do about what does not work.
    pub(crate) fn advice(&self) -> Vec<String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).advice()
    }

    /// Further paths of the exporter.
    pub(crate) fn site(&self) -> Option<Arc<dyn Site>> {
        let modules = Arc::clone(self.modules.as_ref()?);
        Some(Arc::new(Pages::new(self.config.clone(), modules, Arc::clone(&self.status), self.limits)))
    }

    /// Sends everything and reads what comes back, over a new connection if the kept one turns out to be dead.
    async fn fly(&mut self, flight: &mut Flight, outcomes: &mut Outcomes) -> Result<(), Failure> {
        let mut result = Err(Failure::new(Reason::Closed, "connection closed"));
        for _ in 0..2 {
            let kept = self.session.connection > 0;
            let lease = self.lease(flight).await?;
            let reused = kept && self.session.connection == self.dialer.opened();
            outcomes.clear();
            match self.prepare(&lease).await {
                Ok(Ok(())) => result = self.exchange(&lease, flight, outcomes).await,
                Ok(Err(failure)) => {
                    lease.done();
                    if self.dialer.given_up().is_full() {
                        (self.pool, self.session) = (None, Session::default());
                    }
                    return Err(failure);
                }
                Err(failure) => result = Err(failure),
            }
            if result.is_ok() {
                self.show_background(flight, outcomes).await;
                result = match lease.get() {
                    Ok(link) => self.ask_custom(link, flight, outcomes).await,
                    Err(failure) => Err(failure),
                };
            }
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
        self.dialer.given_up().make_room().await?;
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

    /// Gets to know a new session, and ends those that were given up. The inner result tells whether there is room for a flight.
    async fn prepare(&mut self, lease: &Lease) -> Result<Result<(), Failure>, Failure> {
        let link = lease.get()?;
        if self.session.connection != self.dialer.opened() {
            self.collectors.iter_mut().for_each(|collector| collector.forget());
            self.plan.forget();
            self.session = Session { connection: self.dialer.opened(), since: Some(Instant::now()), ..Session::default() };
        }
        self.plan(link).await?;
        if let Some(identity) = &self.session.identity {
            lease.identify(identity);
        }
        if self.dialer.is_pooled() {
            return Ok(Ok(()));
        }
        session::end(self.dialer.given_up(), link).await.map_err(|error| error.failure())
    }

    /// One flight.
    async fn exchange(&mut self, lease: &Lease, flight: &mut Flight, outcomes: &mut Outcomes) -> Result<(), Failure> {
        let link = lease.get()?;
        let pooled = self.dialer.is_pooled();
        let remaining = flight.deadline().saturating_duration_since(Instant::now()).min(self.timeout).as_millis().div_ceil(STEP) * STEP;
        let limit = (!pooled && remaining != self.session.statement_timeout).then(|| remaining.to_string());
        let limits = session::limits(self.dialer.version());
        let mut answers = FuturesOrdered::new();
        let send = |index, sql, name, parameter| async move { (index, ask(link, pooled, sql, name, parameter).await) };
        let mut fresh: Vec<usize> = Vec::new();
        if let Some(limit) = &limit {
            answers.push_back(send(None, limits, &self.plan.limits, Some(limit)));
        }
        for (index, request) in self.plan.requests.iter().enumerate() {
            let readers = || request.readers.iter().filter_map(|reader| self.collectors.get(*reader));
            readers().for_each(|collector| flight.expect(collector.name()));
            if readers().all(|collector| collector.is_fresh()) {
                fresh.extend(&request.readers);
                continue;
            }
            answers.push_back(send(Some(index), &request.sql, &request.name, None));
        }
        while let Some((index, answer)) = answers.next().await {
            let rows = match answer {
                Err(error) if is_shared_session(&error) => {
                    self.dialer.set_pooled();
                    return Err(Failure::new(Reason::Closed, "the session is shared with others"));
                }
                Err(error) if error.is_lost() => return Err(error.failure()),
                answer => answer.map_err(|error| error.failure()),
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
                    let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
                    status.collector(collector.name(), collector.right(), rows.err());
                    drop(status);
                    read(collector.as_mut(), rows, flight, outcomes);
                }
            }
        }
        drop(answers);
        self.recall(&fresh, flight, outcomes);
        Ok(())
    }

    /// Collectors whose last answer is still good.
    fn recall(&self, fresh: &[usize], flight: &mut Flight, outcomes: &mut Outcomes) {
        for collector in fresh.iter().filter_map(|reader| self.collectors.get(*reader)) {
            flight.read(collector.name(), |samples| {
                collector.recall(samples);
                Ok::<(), Infallible>(())
            });
            outcomes.record(collector.name(), flight.started().elapsed(), true);
        }
    }

    /// What the background found. Before custom queries: these may take all the time that there is.
    async fn show_background(&mut self, flight: &mut Flight, outcomes: &mut Outcomes) {
        let first = self.deadline(flight).min(flight.started() + FIRST_PAGE);
        self.background.first_round(first).await;
        self.background.read(flight, &self.status, outcomes);
        self.shown = true;
    }

    /// Custom queries, one after the other and after all else: nobody knows what they cost.
    async fn ask_custom(&mut self, link: &Object, flight: &mut Flight, outcomes: &mut Outcomes) -> Result<(), Failure> {
        let deadline = self.deadline(flight);
        let Some(custom) = &mut self.custom else { return Ok(()) };
        let (server, version, connection) = (custom.server(), self.dialer.version(), self.session.connection);
        for query in custom.queries().iter_mut().filter(|query| query.fits(version)) {
            flight.expect(query.name);
            let asked = query.refresh(link, connection, deadline).await?;
            let succeeded = asked.is_ok();
            match asked {
                Ok(()) => flight.read(query.name, |samples| query.read(&server, version, samples)),
                Err(error) => flight.failed(query.name, error),
            }
            outcomes.record(query.name, flight.started().elapsed(), succeeded);
        }
        custom.describe(flight.samples());
        Ok(())
    }

    /// Until when this source may work on a flight.
    fn deadline(&self, flight: &Flight) -> Instant {
        (flight.deadline() - MARGIN).min(flight.started() + self.timeout)
    }

    /// Chooses the statements, again when the server is another version or its extensions are not known.
    async fn plan(&mut self, link: &Object) -> Result<(), Failure> {
        if self.session.extensions.is_none() {
            let greeting = session::greet(link).await?;
            if !greeting.is_ours {
                self.dialer.set_pooled();
            }
            self.status.lock().unwrap_or_else(PoisonError::into_inner).rights(greeting.rights);
            self.session.identity = greeting.identity;
            let needed = self.collectors.iter().any(|collector| collector.extension().is_some());
            self.session.extensions = Some(if needed { session::extensions(link, self.dialer.is_pooled()).await? } else { BTreeMap::new() });
        }
        let server = Server { version: self.dialer.version(), extensions: self.session.extensions.clone().unwrap_or_default() };
        if self.plan.server.as_ref() != Some(&server) {
            self.plan = Plan::new(&self.collectors, server);
        }
        Ok(())
    }

    /// What upstream says of its own work.
    fn describe(&self, flight: &mut Flight, outcomes: &mut Outcomes, failed: bool) {
        let took = flight.started().elapsed();
        for collector in &self.collectors {
            if !outcomes.contains(collector.name()) {
                outcomes.record(collector.name(), took, !failed);
            }
        }
        let samples = flight.samples();
        samples.gauge(&compat::LAST_SCRAPE_DURATION, [], took);
        samples.gauge(&compat::LAST_SCRAPE_ERROR, [], failed || outcomes.has_failure());
        samples.counter(&compat::SCRAPES, [], self.scrapes);
        samples.gauge(&compat::BUILD_INFO, [env!("CARGO_PKG_VERSION"), option_env!("SOURCE_REVISION").unwrap_or("unknown")], true);
        outcomes.describe(samples);
    }
}

impl Source for Postgres {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        self.scrapes += 1;
        self.shown = false;
        self.background.start();
        let mut outcomes = Outcomes::default();
        let flown = timeout_at(self.deadline(flight), self.fly(flight, &mut outcomes)).await;
        let result = flown.unwrap_or_else(|_| {
            self.session = Session::default();
            Err(Failure::new(Reason::Timeout, "no answer before the deadline"))
        });
        // The server answered, if not to everything: what was measured before is as true as it was.
        if !self.shown && !outcomes.is_empty() {
            self.background.read(flight, &self.status, &mut outcomes);
        }
        if let Some(modules) = &self.modules {
            modules.describe(flight.samples());
        }
        self.status.lock().unwrap_or_else(PoisonError::into_inner).ended(&result);
        self.describe(flight, &mut outcomes, result.is_err());
        result
    }

    fn is_settled(&self) -> bool {
        self.background.is_settled()
    }

    fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }
}

/// Families that custom queries cannot have: those that this exporter sends, with the collectors that run.
fn reserved(idle: &[Box<dyn Collector>], config: &Config) -> HashSet<&'static str> {
    let background = Background::idle(config, &Options::default());
    let unused: HashSet<&str> = idle.iter().chain(&background).flat_map(|collector| collector.metrics()).map(|metric| metric.name).collect();
    PROGRAM.metrics().map(|metric| metric.name).filter(|name| !unused.contains(name)).collect()
}

/// A named statement is not there, or there already: the session is not only ours.
fn is_shared_session(error: &ReplyError) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::DUPLICATE_PSTATEMENT)
}

/// Hands an answer to a collector.
fn read(collector: &mut dyn Collector, rows: Result<&[Row], &Failure>, flight: &mut Flight, outcomes: &mut Outcomes) {
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
    outcomes.record(name, flight.started().elapsed(), succeeded);
}
