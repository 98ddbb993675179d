//! Runs flights: one at a time, shared by all who ask meanwhile, each under one deadline.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use metric_catalogue::exporter::Exporter;
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use crate::{
    failure::{Failure, Reason},
    flight::{self, Flight, Run, Source},
    page::{Page, Pool},
    process::Process,
    relabeling::Relabeling,
    samples::{Limits as SampleLimits, Problems, Samples},
    server::Limits,
};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Runner<S> {
    state: Arc<tokio::sync::Mutex<State<S>>>,
    current: Mutex<Option<Current>>,
}

/// One of many targets that an exporter reads for whoever asks: see [`Site`](crate::Site).
#[derive(Debug)]
pub struct Target<S>(Runner<S>);

impl<S: Source> Target<S> {
    /// A target of its own; `own` names the metrics that its pages have besides the source's.
    #[must_use]
    pub fn new(source: S, own: &'static Exporter) -> Self {
        Self::with(source, own, SampleLimits::default(), Relabeling::default())
    }

    /// A target whose pages have other limits, and whose series are relabeled.
    #[must_use]
    pub fn with(source: S, own: &'static Exporter, limits: SampleLimits, relabeling: Relabeling) -> Self {
        Self(Runner::of(source, own, None, Pool::new(limits, relabeling.sparing(own))))
    }

    /// A page that is complete, or as complete as it got by `deadline`; whoever asks meanwhile shares it.
    pub async fn page(&self, deadline: Instant) -> Arc<Page> {
        self.0.page(deadline).await
    }
}

/// The flight that is under way, if anybody still waits for it.
#[derive(Debug)]
struct Current {
    page: WeakShared<BoxFuture<'static, Arc<Page>>>,
    cutoff: watch::Sender<Instant>,
}

impl<S: Source> Runner<S> {
    /// A runner that adds the exporter's own metrics to each page.
    #[must_use]
    pub(crate) fn new(source: S, own: &'static Exporter, limits: Arc<Limits>, pool: Pool) -> Self {
        Self::of(source, own, Some((limits, Process::new())), pool)
    }

    fn of(source: S, own: &'static Exporter, process: Option<(Arc<Limits>, Process)>, pool: Pool) -> Self {
        let state = State { source, own, process, pool: Arc::new(pool), history: History::default() };
        Self { state: Arc::new(tokio::sync::Mutex::new(state)), current: Mutex::new(None) }
    }

    /// A page that is complete, or as complete as it got by `deadline`.
    ///
    /// Whoever asks while a flight is under way shares it; the earliest deadline holds for all. When nobody waits any
    /// more, the flight is dropped.
    pub(crate) async fn page(&self, deadline: Instant) -> Arc<Page> {
        self.join(deadline).await
    }

    fn join(&self, deadline: Instant) -> Shared<BoxFuture<'static, Arc<Page>>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = current.as_ref()
            && let Some(page) = flight.page.upgrade()
            && page.peek().is_none()
        {
            flight.cutoff.send_if_modified(|cutoff| {
                let earlier = deadline < *cutoff;
                if earlier {
                    *cutoff = deadline;
                }
                earlier
            });
            return page;
        }
        let (cutoff, receiver) = watch::channel(deadline);
        let state = Arc::clone(&self.state);
        let page = async move { Arc::new(state.lock_owned().await.fly(receiver).await) }.boxed().shared();
        *current = page.downgrade().map(|page| Current { page, cutoff });
        page
    }
}

/// What one flight at a time may touch.
#[derive(Debug)]
struct State<S> {
    source: S,
    own: &'static Exporter,
    /// The exporter's own server and process, where pages say something of them.
    process: Option<(Arc<Limits>, Process)>,
    pool: Arc<Pool>,
    history: History,
}

impl<S: Source> State<S> {
    async fn fly(&mut self, cutoff: watch::Receiver<Instant>) -> Page {
        let mut flight = Flight::new(self.pool.take(), cutoff.clone());
        let ended = tokio::select! {
            biased;
            ended = AssertUnwindSafe(self.source.collect(&mut flight)).catch_unwind() => {
                ended.unwrap_or_else(|_| Err(Failure::new(Reason::Internal, "the source panicked")))
            }
            () = flight::passed(cutoff) => Err(Failure::new(Reason::Timeout, "no answer before the deadline")),
        };
        let outcome = if flight.reached { Ok(()) } else { Err(ended.clone().err().unwrap_or_else(|| Failure::new(Reason::Protocol, "no answer"))) };
        self.history.record(&flight, &ended, outcome.is_ok());
        let mut samples = flight.samples;
        self.describe(&mut samples, &outcome, &flight.runs);
        let mut page = Page::new(samples, self.source.registry(), outcome, Arc::clone(&self.pool));
        page.collectors.extend(self.history.collectors.keys());
        page
    }

    /// Adds the exporter's own metrics.
    fn describe(&mut self, samples: &mut Samples, outcome: &Result<(), Failure>, runs: &[Run]) {
        let own = self.own;
        samples.gauge(own.up, [], outcome.is_ok());
        if let Err(failure) = outcome {
            samples.gauge(own.up_reason, [failure.reason.as_str()], true);
        }
        samples.gauge(own.build_info, [crate::VERSION, crate::REVISION, crate::RUSTC], true);
        for (name, known) in &self.history.collectors {
            let run = runs.iter().find(|run| run.collector == *name);
            let read = run.filter(|run| run.outcome.is_some());
            samples.gauge(own.collector_duration, [name], read.map(|run| run.took));
            samples.gauge(own.collector_success, [name], run.is_some_and(|run| matches!(run.outcome, Some(Ok(())))));
            samples.gauge(own.collector_last_success, [name], known.last_success);
        }
        samples.counter(own.collections, [], self.history.collections);
        samples.counter(own.connections, [], self.history.connections);
        if let Some((limits, process)) = &self.process {
            process.collect(samples);
            limits.collect(own, samples);
        }
        let problems = self.history.add(samples.take_problems());
        let series_limit = problems.series_limit + self.source.registry().refused();
        let counts = [problems.duplicate, problems.conflict, series_limit, problems.family_limit, problems.invalid];
        for (reason, count) in metric_catalogue::exporter::DROPS.iter().zip(counts) {
            samples.counter(own.dropped, [reason], count);
        }
        samples.counter(own.truncated, [], problems.truncated);
    }
}

/// What is remembered from flight to flight: counters, and what was already said in the log.
#[derive(Debug, Default)]
struct History {
    collectors: BTreeMap<&'static str, Collector>,
    collections: u64,
    connections: u64,
    problems: Problems,
    failing: Option<Reason>,
}

#[derive(Debug, Default)]
struct Collector {
    last_success: Option<SystemTime>,
    failing: bool,
}

impl History {
    /// Counts a flight, and logs what failed or recovered since the one before.
    fn record(&mut self, flight: &Flight, ended: &Result<(), Failure>, reached: bool) {
        self.collections += 1;
        self.connections += flight.connections;
        match ended {
            Err(failure) if self.failing != Some(failure.reason) => {
                warn!(reason = %failure.reason, error = %failure, reached, "Scrape of the target failed");
                self.failing = Some(failure.reason);
            }
            Ok(()) if self.failing.take().is_some() => info!("Scrape of the target succeeds again"),
            _ => {}
        }
        for run in &flight.runs {
            let known = self.collectors.entry(run.collector).or_default();
            match &run.outcome {
                Some(Ok(())) => {
                    known.last_success = Some(SystemTime::now());
                    if known.failing {
                        info!(collector = run.collector, "Collector succeeds again");
                    }
                    known.failing = false;
                }
                Some(Err(error)) => {
                    if !known.failing {
                        warn!(collector = run.collector, %error, "Collector failed");
                    }
                    known.failing = true;
                }
                // Not answered: the end of the flight has already been logged.
                None => {}
            }
        }
    }

    const fn add(&mut self, new: Problems) -> Problems {
        self.problems.duplicate += new.duplicate;
        self.problems.conflict += new.conflict;
        self.problems.series_limit += new.series_limit;
        self.problems.family_limit += new.family_limit;
        self.problems.invalid += new.invalid;
        self.problems.truncated += new.truncated;
        self.problems
    }
}

#[cfg(test)]
mod tests;
