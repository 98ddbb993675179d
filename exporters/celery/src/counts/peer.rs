//! The names and labels of danihodovic/celery-exporter: tasks by name, host and queue.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hash},
};

use exporter_core::{Bounds, CounterFamily, HistogramFamily, Registry};
use foldhash::quality::RandomState;
use metric_catalogue::{
    Counter, Metric,
    celery::peer::{FAILED, QUEUE_WAIT, RECEIVED, REJECTED, RETRIED, REVOKED, RUNTIME, SENT, STARTED, SUCCEEDED},
};

use super::{About, Outcome, Time};
use crate::{event::Kind, tasks::names::Names};

/// In place of a hostname, where one is not wanted.
const GENERIC: &str = "generic";

/// In place of every label of what is past a limit.
const OTHER: &str = "__other__";

/// Most sets of labels. Each is on the page some forty times, and a family of the registry holds twice as many.
const SETS: usize = 10_000;

/// Most sets of labels with an exception, besides those without one.
const FAILURES: usize = 9_000;

/// Most classes of exceptions.
const CLASSES: usize = 500;

/// Whose names are replaced by one for all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hostnames {
    pub(crate) generic_clients: bool,
    pub(crate) generic_workers: bool,
}

/// Every family.
#[derive(Debug)]
pub(crate) struct Peer {
    registry: Registry,
    /// Sent, received, started, succeeded, rejected, revoked, retried.
    counters: [CounterFamily<3>; 7],
    failed: CounterFamily<4>,
    runtime: HistogramFamily<3>,
    queue_wait: HistogramFamily<3>,
    hostnames: Hostnames,
    default_queue: String,
    classes: Names,
    /// Sets of labels, of clients and of workers apart; the latter have all their counters, at 0 or more.
    sets: Known,
    failures: Known,
}

/// Hashes of what was seen, up to a limit, each with that of its host.
#[derive(Debug)]
struct Known {
    hashes: HashMap<u64, u64, RandomState>,
    most: usize,
}

/// Whether something was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Before,
    Now,
    /// It is one too many.
    Refused,
}

impl Known {
    fn new(most: usize) -> Self {
        Self { hashes: HashMap::default(), most }
    }

    fn see(&mut self, host: &str, what: impl Hash) -> Seen {
        let hash = self.hashes.hasher().hash_one(what);
        if self.hashes.contains_key(&hash) {
            Seen::Before
        } else if self.hashes.len() >= self.most {
            Seen::Refused
        } else {
            let host = self.hashes.hasher().hash_one(host);
            self.hashes.insert(hash, host);
            Seen::Now
        }
    }

    fn forget(&mut self, hosts: &[&str]) {
        let gone: HashSet<u64> = hosts.iter().map(|host| self.hashes.hasher().hash_one(*host)).collect();
        self.hashes.retain(|_, host| !gone.contains(host));
    }
}

impl Peer {
    /// The bounds of run time and wait in the queue are those of the operator, where there are some.
    pub(crate) fn new(registry: &Registry, hostnames: Hostnames, default_queue: String, [run_buckets, wait_buckets]: [Option<&Bounds>; 2]) -> Self {
        let [runtime, queue_wait] = [(&RUNTIME, run_buckets), (&QUEUE_WAIT, wait_buckets)]
            .map(|(metric, bounds)| bounds.map_or_else(|| registry.histogram(metric), |bounds| registry.histogram_with_bounds(metric, bounds)));
        Self {
            registry: registry.clone(),
            counters: counters(registry),
            failed: registry.counter(&FAILED),
            runtime,
            queue_wait,
            hostnames,
            default_queue,
            classes: Names::new("UnknownException", OTHER, CLASSES),
            sets: Known::new(SETS),
            failures: Known::new(FAILURES),
        }
    }

    /// Removes all that was counted of these hosts, as the peer does.
    pub(super) fn forget(&mut self, hosts: &[&str]) {
        // To remove none takes as long as to remove some.
        if hosts.is_empty() {
            return;
        }
        self.registry.remove("hostname", hosts);
        self.counters = counters(&self.registry);
        self.failed = self.registry.counter(&FAILED);
        // The bounds of before stand.
        (self.runtime, self.queue_wait) = (self.registry.histogram(&RUNTIME), self.registry.histogram(&QUEUE_WAIT));
        self.sets.forget(hosts);
        self.failures.forget(hosts);
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
            Outcome::Failed { class, .. } => return self.fail(class, about),
        };
        self.count(position, false, about);
    }

    pub(super) fn took(&mut self, time: Time, seconds: f64, about: About<'_>) {
        let is_run = match time {
            Time::Run { succeeded: true } => true,
            Time::Queue => false,
            Time::Run { succeeded: false } | Time::Prefetch => return,
        };
        self.with_labels(false, about, |peer, labels| if is_run { &peer.runtime } else { &peer.queue_wait }.observe(labels, seconds));
    }

    fn count(&mut self, position: usize, client: bool, about: About<'_>) {
        self.with_labels(client, about, |peer, labels| {
            if let Some(family) = peer.counters.get(position) {
                family.add(labels, 1);
            }
        });
    }

    fn fail(&mut self, class: &str, about: About<'_>) {
        let number = self.classes.number(class);
        let found = labels(self.hostnames, &self.default_queue, false, &about);
        let seen = self.failures.see(found[1], (found, number));
        self.with_labels(false, about, |peer, [name, hostname, queue]| {
            let labels = if seen == Seen::Refused { [OTHER; 4] } else { [name, hostname, peer.classes.name(number), queue] };
            peer.failed.add(labels, 1);
        });
    }

    /// Counts under the labels of what an event is about, or under those of all that is too many. Counters of a worker are
    /// there from its first event of the kind of task on, so that the first failure is an increase.
    fn with_labels(&mut self, client: bool, about: About<'_>, count: impl FnOnce(&Self, [&str; 3])) {
        let found = labels(self.hostnames, &self.default_queue, client, &about);
        let seen = self.sets.see(found[1], (found, client));
        let labels = if seen == Seen::Refused { [OTHER; 3] } else { found };
        if seen == Seen::Now && !client {
            for family in &self.counters {
                family.add(labels, 0);
            }
            let [name, hostname, queue] = labels;
            self.failed.add([name, hostname, "", queue], 0);
        }
        count(self, labels);
    }
}

fn counters(registry: &Registry) -> [CounterFamily<3>; 7] {
    let metrics: [&'static Metric<Counter, 3>; 7] = [&SENT, &RECEIVED, &STARTED, &SUCCEEDED, &REJECTED, &REVOKED, &RETRIED];
    metrics.map(|metric| registry.counter(metric))
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

#[cfg(test)]
mod tests {
    use exporter_core::Format;

    use super::*;

    fn bench() -> (Peer, Registry) {
        let registry = Registry::default();
        (Peer::new(&registry, Hostnames::default(), "celery".to_owned(), [None, None]), registry)
    }

    const fn about(hostname: &str) -> About<'_> {
        About { name: "t", number: 2, hostname, queue: "" }
    }

    fn page(registry: &Registry) -> String {
        let mut page = Vec::new();
        registry.encode(Format::Text, &mut page);
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn client_makes_no_series_of_a_worker() {
        let (mut peer, registry) = bench();
        peer.event(Kind::Sent, about("gen1@client"));
        let text = page(&registry);
        assert!(text.contains("celery_task_sent_total{name=\"t\",hostname=\"client\",queue_name=\"celery\"} 1\n"), "{text}");
        assert_eq!(text.matches("hostname=\"client\"").count(), 1, "{text}");
        peer.event(Kind::Received, about("w@client"));
        assert_eq!(page(&registry).matches("hostname=\"client\"").count(), 8);
    }

    #[test]
    fn host_that_is_gone_leaves_nothing_and_begins_anew() {
        let (bounds, registry) = (Bounds::new(&[0.5, 1.0]).unwrap(), Registry::default());
        let mut peer = Peer::new(&registry, Hostnames::default(), "celery".to_owned(), [Some(&bounds), None]);
        let work = |peer: &mut Peer, hostname: &str| {
            peer.event(Kind::Started, about(hostname));
            peer.ended(Outcome::Failed { class: "ValueError", timeout: false }, about(hostname));
            peer.took(Time::Run { succeeded: true }, 0.7, about(hostname));
        };
        for hostname in ["w@stays", "w@gone", "w@a\"b", "w@gone2"] {
            work(&mut peer, hostname);
        }
        let before = page(&registry);
        peer.forget(&["gone", "a\"b"]);
        let after = page(&registry);
        let kept: String = before.split_inclusive('\n').filter(|line| !line.contains("hostname=\"gone\"") && !line.contains("a\\\"b")).collect();
        assert_eq!(after, kept);
        work(&mut peer, "w@gone");
        work(&mut peer, "w@stays");
        let again = page(&registry);
        let started = |host: &str, count: u32| format!("celery_task_started_total{{name=\"t\",hostname=\"{host}\",queue_name=\"celery\"}} {count}\n");
        assert!(again.contains(&started("gone", 1)) && again.contains(&started("stays", 2)) && again.contains(&started("gone2", 1)), "{again}");
        assert!(again.contains("celery_task_runtime_bucket{name=\"t\",hostname=\"stays\",queue_name=\"celery\",le=\"1.0\"} 2\n"), "{again}");
    }

    #[test]
    fn events_past_the_limit_are_counted_together() {
        let (mut peer, registry) = bench();
        for host in 0..SETS + 50 {
            let hostname = format!("w@{host}");
            peer.event(Kind::Started, about(&hostname));
            peer.ended(Outcome::Succeeded, about(&hostname));
            peer.took(Time::Run { succeeded: true }, 1.0, about(&hostname));
            peer.ended(Outcome::Failed { class: "ValueError", timeout: false }, about(&hostname));
        }
        let page = page(&registry);
        let sum = |family: &str| {
            let values = page.lines().filter_map(|line| line.strip_prefix(family)?.rsplit(' ').next()?.parse::<f64>().ok());
            values.sum::<f64>()
        };
        for family in ["celery_task_started_total{", "celery_task_succeeded_total{", "celery_task_failed_total{", "celery_task_runtime_count{"] {
            assert!((sum(family) - 10_050.0).abs() < 0.5, "{family} {}", sum(family));
        }
        let other = "name=\"__other__\",hostname=\"__other__\",queue_name=\"__other__\"";
        assert!(page.contains(&format!("celery_task_started_total{{{other}}} 50\n")));
        assert!(
            page.contains(
                "celery_task_failed_total{name=\"__other__\",hostname=\"__other__\",exception=\"__other__\",queue_name=\"__other__\"} 1050\n"
            )
        );
    }
}
