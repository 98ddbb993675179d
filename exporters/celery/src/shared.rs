//! What the thread that talks to the broker and the page have in common.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use exporter_core::{CounterSeries, Failure, Reason, Registry, Samples};
use metric_catalogue::celery::broker::{ANSWER_AGE, RECONNECTS};
use tracing::{info, warn};

use crate::{
    counts::{Native, Peer, Scheme},
    pidbox::identifier,
    queues::{Queues, Reading},
    settings::{NameScheme, Polling, Settings},
    tracker::{Arrival, Tracker},
};

/// Most queues, besides those that the operator names.
const QUEUES: usize = 500;

/// A part of the conversation with the broker that can fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Events,
    Polls,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    tracker: Mutex<Tracker>,
    queues: Mutex<Queues>,
    status: Mutex<Status>,
    reconnects: CounterSeries,
    /// By this id workers' answers find their way.
    oid: String,
    /// An older sign of life is none.
    patience: Duration,
}

#[derive(Debug)]
struct Status {
    events: Option<Failure>,
    polls: Option<Failure>,
    answered: Option<Instant>,
    subscribed: bool,
    connections: u64,
}

impl Shared {
    pub(crate) fn new(settings: &Settings) -> Self {
        let registry = Registry::default();
        let scheme = match &settings.names {
            NameScheme::Native => Scheme::Native(Native::new(&registry)),
            NameScheme::Peer { hostnames, buckets, queue_wait_buckets } => {
                let buckets = [buckets.as_ref(), queue_wait_buckets.as_ref()];
                Scheme::Peer(Peer::new(&registry, *hostnames, settings.polling.default_queue.clone(), buckets))
            }
        };
        let patience = settings.polling.every.saturating_mul(2) + Duration::from_secs(10);
        let unconnected = Some(Failure::new(Reason::Closed, "not connected yet"));
        Self {
            tracker: Mutex::new(Tracker::new(settings.tracker.clone(), scheme, &registry)),
            queues: Mutex::new(Queues::new(patience)),
            status: Mutex::new(Status { events: unconnected.clone(), polls: unconnected, answered: None, subscribed: false, connections: 0 }),
            reconnects: registry.counter(&RECONNECTS).series([]),
            oid: identifier(),
            patience,
            registry,
        }
    }

    /// Tasks and workers.
    pub(crate) fn tracker(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was last read of queues.
    pub(crate) fn read_queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn oid(&self) -> &str {
        &self.oid
    }

    /// Events arrive from now on.
    pub(crate) fn subscribed(&self) {
        let mut status = self.status();
        status.connections += 1;
        status.answered = Some(Instant::now());
        if status.events.take().is_some() && std::mem::replace(&mut status.subscribed, true) {
            self.reconnects.add(1);
            info!("Subscribed to events again");
            drop(status);
            self.tracker().workers.resumed();
        }
    }

    /// The broker has answered a poll.
    pub(crate) fn polled(&self) {
        let mut status = self.status();
        status.answered = Some(Instant::now());
        status.polls = None;
    }

    /// A part of the conversation has ended.
    pub(crate) fn failed(&self, part: Part, failure: Failure) {
        let mut status = self.status();
        let slot = if part == Part::Events { &mut status.events } else { &mut status.polls };
        if slot.as_ref().is_none_or(|before| before.reason != failure.reason) {
            warn!(?part, reason = %failure.reason, error = %failure, "Conversation with the broker failed");
        }
        *slot = Some(failure);
    }

    /// Whether the broker can be reached, and connections opened so far.
    pub(crate) fn state(&self) -> (Result<(), Failure>, u64) {
        let status = self.status();
        let failure = status.events.as_ref().or(status.polls.as_ref()).cloned();
        let late = status.answered.is_none_or(|answered| answered.elapsed() > self.patience);
        let state = match failure {
            Some(failure) => Err(failure),
            None if late => Err(Failure::new(Reason::Timeout, "the broker has not answered for a while")),
            None => Ok(()),
        };
        (state, status.connections)
    }

    /// What a person is told who asks for a check: how each part goes, and what there is.
    pub(crate) fn report(&self) -> Vec<String> {
        let told = |name: &str, failure: Option<&Failure>| match failure {
            None => format!("{name}  ok"),
            Some(failure) => format!("{name}  failed  {}: {failure}", failure.reason),
        };
        let mut lines = {
            let status = self.status();
            vec![told("events", status.events.as_ref()), told("polls ", status.polls.as_ref())]
        };
        let queues: Vec<String> = self.read_queues().known().iter().cloned().collect();
        lines.push(format!("queues  {}", if queues.is_empty() { "none seen so far".to_owned() } else { queues.join(", ") }));
        lines.push(format!("workers {} heard of so far; each sends a heartbeat every two seconds", self.tracker().workers.up().count()));
        lines
    }

    /// Queues that are known by name, task or worker, as far as they are wanted.
    pub(crate) fn queues(&self, polling: &Polling) -> BTreeSet<String> {
        let mut queues: BTreeSet<String> = polling.named.iter().filter(|queue| polling.wants(queue)).cloned().collect();
        let known = self.read_queues().known().clone();
        let tracker = self.tracker();
        let found = known.iter().map(String::as_str).chain(tracker.workers.queues()).chain(tracker.queues.seen());
        Self::add(&mut queues, found, polling);
        queues
    }

    /// Adds queues that were found, as far as they are wanted and there is room beside those that are named.
    pub(crate) fn add<'a>(queues: &mut BTreeSet<String>, found: impl Iterator<Item = &'a str>, polling: &Polling) {
        let most = QUEUES + polling.named.len();
        for queue in found.filter(|queue| polling.wants(queue)) {
            if queues.len() >= most {
                return;
            }
            queues.insert(queue.to_owned());
        }
    }

    /// Keeps queues in mind.
    pub(crate) fn remember(&self, queues: &BTreeSet<String>) {
        self.read_queues().remember(queues, QUEUES);
    }

    /// Takes what a poll has read.
    pub(crate) fn read(&self, readings: Vec<Reading>, unacked: Option<u64>) {
        let clock = Arrival::now().clock;
        let tracker = self.tracker();
        self.read_queues().read(readings, unacked, clock, |id| tracker.ready(id));
    }

    /// Sends what is said of the broker.
    pub(crate) fn collect(&self, samples: &mut Samples) {
        let answered = self.status().answered;
        samples.gauge(&ANSWER_AGE, [], answered.map(|answered| answered.elapsed()));
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Config;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn named_queues_are_never_one_too_many() {
        let flags = ["x", "--broker-url=redis://h", "--queues=zebra,zoo"];
        let settings = Line::try_parse_from(flags).unwrap().config.settings().unwrap();
        let shared = Shared::new(&settings);
        shared.remember(&(0..900).map(|number| format!("a{number:04}")).collect());
        let queues = shared.queues(&settings.polling);
        assert_eq!(queues.len(), QUEUES + 2);
        assert!(queues.contains("zebra") && queues.contains("zoo"));
    }
}
