//! The names and labels of danihodovic/celery-exporter: tasks by name, host and queue.

use std::collections::HashSet;

use exporter_core::{Bounds, CounterFamily, HistogramFamily, Registry};
use foldhash::quality::RandomState;
use metric_catalogue::{
    Counter, Metric,
    celery::peer::{FAILED, QUEUE_WAIT, RECEIVED, REJECTED, RETRIED, REVOKED, RUNTIME, SENT, STARTED, SUCCEEDED},
};

use super::{About, Outcome, Time};
use crate::event::Kind;

/// In place of a hostname, where one is not wanted.
const GENERIC: &str = "generic";

/// Most label sets that are remembered to be there.
const SETS: usize = 20_000;

/// Whose names are replaced by one for all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hostnames {
    pub(crate) generic_clients: bool,
    pub(crate) generic_workers: bool,
}

/// Every family.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Sent, received, started, succeeded, rejected, revoked, retried.
    counters: [CounterFamily<3>; 7],
    failed: CounterFamily<4>,
    runtime: HistogramFamily<3>,
    queue_wait: HistogramFamily<3>,
    hostnames: Hostnames,
    default_queue: String,
    /// Hashes of label sets whose counters are there, at 0 or more.
    known: HashSet<u64, RandomState>,
}

impl Peer {
    /// The bounds of run time and wait in the queue are those of the operator, where there are some.
    pub(crate) fn new(registry: &Registry, hostnames: Hostnames, default_queue: String, [run_buckets, wait_buckets]: [Option<&Bounds>; 2]) -> Self {
        let counters: [&'static Metric<Counter, 3>; 7] = [&SENT, &RECEIVED, &STARTED, &SUCCEEDED, &REJECTED, &REVOKED, &RETRIED];
        let [runtime, queue_wait] = [(&RUNTIME, run_buckets), (&QUEUE_WAIT, wait_buckets)]
            .map(|(metric, bounds)| bounds.map_or_else(|| registry.histogram(metric), |bounds| registry.histogram_with_bounds(metric, bounds)));
        Self {
            counters: counters.map(|metric| registry.counter(metric)),
            failed: registry.counter(&FAILED),
            runtime,
            queue_wait,
            hostnames,
            default_queue,
            known: HashSet::default(),
        }
    }

    pub(super) fn event(&mut self, kind: Kind, about: About<'_>) {
        let position = match kind {
            Kind::Sent => 0,
            Kind::Received => 1,
            Kind::Started => 2,
            _ => return,
        };
        self.count(position, kind == Kind::Sent, about);
    }

    pub(super) fn ended(&mut self, outcome: Outcome<'_>, about: About<'_>) {
        let position = match outcome {
            Outcome::Succeeded => 3,
            Outcome::Rejected => 4,
            Outcome::Revoked => 5,
            Outcome::Retried => 6,
            Outcome::Failed { class, .. } => {
                let [name, hostname, queue] = labels(self.hostnames, &self.default_queue, false, &about);
                return self.failed.add([name, hostname, class, queue], 1);
            }
        };
        self.count(position, false, about);
    }

    pub(super) fn took(&self, time: Time, seconds: f64, about: About<'_>) {
        match time {
            Time::Run { succeeded: true } => self.runtime.observe(labels(self.hostnames, &self.default_queue, false, &about), seconds),
            Time::Queue => self.queue_wait.observe(labels(self.hostnames, &self.default_queue, false, &about), seconds),
            Time::Run { succeeded: false } | Time::Prefetch => {}
        }
    }

    fn count(&mut self, position: usize, client: bool, about: About<'_>) {
        let labels = labels(self.hostnames, &self.default_queue, client, &about);
        let set = std::hash::BuildHasher::hash_one(self.known.hasher(), labels);
        let new = self.known.len() < SETS && !self.known.contains(&set);
        for (at, family) in self.counters.iter().enumerate() {
            if at == position {
                family.add(labels, 1);
            } else if new {
                family.add(labels, 0);
            }
        }
        if new {
            let [name, hostname, queue] = labels;
            self.failed.add([name, hostname, "", queue], 0);
            self.known.insert(set);
        }
    }
}

/// The peer knows a host, not its nodes.
fn labels<'a>(hostnames: Hostnames, default_queue: &'a str, client: bool, about: &About<'a>) -> [&'a str; 3] {
    let generic = if client { hostnames.generic_clients } else { hostnames.generic_workers };
    let queue = if about.queue.is_empty() { default_queue } else { about.queue };
    [about.name, if generic { GENERIC } else { host(about.hostname) }, queue]
}

/// The host in a node name.
pub(crate) fn host(node: &str) -> &str {
    node.split_once('@').map_or(node, |(_, host)| host)
}
