//! One flight: what a source reads from its target between the start of a scrape and the deadline.

use std::{
    fmt::Display,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    failure::Failure,
    registry::Registry,
    samples::{Limits, Samples},
};

/// The async part of an exporter: it owns the connection to the target.
pub trait Source: Send + 'static {
    /// Reads the target once. The future is dropped at the deadline: what is in the flight by then stays on the page,
    /// and a connection that was in use must not be used again.
    ///
    /// # Errors
    /// The flight did not reach its end.
    fn collect(&mut self, flight: &mut Flight) -> impl Future<Output = Result<(), Failure>> + Send;

    /// What the exporter counts itself between scrapes, exposed on the same page.
    fn registry(&self) -> Registry {
        Registry::default()
    }

    /// Whether what is measured in the background has been measured once: `check` waits for that.
    fn is_settled(&self) -> bool {
        true
    }

    /// Told once at the start by what pages are bounded, for a source that has further targets.
    fn set_limits(&mut self, _limits: Limits) {}
}

/// What has been read so far.
#[derive(Debug)]
pub struct Flight {
    pub(crate) samples: Samples,
    pub(crate) runs: Vec<Run>,
    pub(crate) reached: bool,
    pub(crate) connections: u64,
    started: Instant,
    cutoff: watch::Receiver<Instant>,
}

/// One collector's part in a flight.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) collector: &'static str,
    pub(crate) outcome: Option<Result<(), String>>,
    pub(crate) took: Duration,
}

impl Flight {
    pub(crate) fn new(samples: Samples, cutoff: watch::Receiver<Instant>) -> Self {
        Self { samples, runs: Vec::new(), reached: false, connections: 0, started: Instant::now(), cutoff }
    }

    /// When this flight ends; a scraper with less time that joins it can bring that forward.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        *self.cutoff.borrow()
    }

    /// When this flight began.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// For samples that belong to no collector.
    pub const fn samples(&mut self) -> &mut Samples {
        &mut self.samples
    }

    /// A new connection to the target was opened.
    pub const fn connected(&mut self) {
        self.connections += 1;
    }

    /// The target has answered: `<ns>_up` is 1, whatever becomes of the rest.
    pub const fn reached(&mut self) {
        self.reached = true;
    }

    /// A collector's request is on its way; if nothing more is heard of it, it failed.
    pub fn expect(&mut self, collector: &'static str) {
        self.run(collector);
    }

    /// Reads a collector's reply into samples; an error or a panic costs this collector's samples only.
    pub fn read<E: Display>(&mut self, collector: &'static str, read: impl FnOnce(&mut Samples) -> Result<(), E>) {
        let mark = self.samples.mark();
        self.samples.write_as(Some(collector));
        let result = catch_unwind(AssertUnwindSafe(|| read(&mut self.samples)));
        self.samples.write_as(None);
        let outcome = match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the collector panicked".to_owned()),
        };
        if outcome.is_err() {
            self.samples.rollback(mark);
        }
        self.finish(collector, outcome);
    }

    /// The target answered a collector's request with an error.
    pub fn failed(&mut self, collector: &'static str, error: impl Display) {
        self.finish(collector, Err(error.to_string()));
    }

    /// The collectors heard of so far: name, whether it succeeded (`None`: not answered yet), and when it was read.
    pub fn collectors(&self) -> impl Iterator<Item = (&'static str, Option<bool>, Duration)> {
        self.runs.iter().map(|run| (run.collector, run.outcome.as_ref().map(Result::is_ok), run.took))
    }

    fn finish(&mut self, collector: &'static str, outcome: Result<(), String>) {
        let took = self.started.elapsed();
        let run = self.run(collector);
        // A collector of several requests fails with the first that fails.
        if !matches!(run.outcome, Some(Err(_))) {
            run.outcome = Some(outcome);
        }
        run.took = took;
    }

    fn run(&mut self, collector: &'static str) -> &mut Run {
        let found = self.runs.iter().position(|run| run.collector == collector);
        let at = found.unwrap_or_else(|| {
            self.runs.push(Run { collector, outcome: None, took: Duration::ZERO });
            self.runs.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or pushed just above")]
        &mut self.runs[at]
    }
}

/// Waits until the cutoff has passed, wherever it is moved meanwhile.
pub(crate) async fn passed(mut cutoff: watch::Receiver<Instant>) {
    loop {
        let at = *cutoff.borrow_and_update();
        tokio::select! {
            () = tokio::time::sleep_until(at) => return,
            changed = cutoff.changed() => if changed.is_err() {
                return tokio::time::sleep_until(at).await;
            },
        }
    }
}
