//! What was last read of the queues.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use exporter_core::Samples;
use metric_catalogue::celery::queues;

/// What one poll says of a queue.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) queue: String,
    pub(crate) length: u64,
    pub(crate) consumers: Option<u64>,
    pub(crate) head: Option<Head>,
}

/// What is known of the message that is taken next.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// It is the task with this id.
    Task(String),
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Queues {
    known: BTreeSet<String>,
    states: BTreeMap<String, State>,
    unacked: Option<u64>,
    read: Option<Instant>,
    /// What is older is not shown.
    lifetime: Duration,
}

#[derive(Debug)]
struct State {
    length: u64,
    consumers: Option<u64>,
    /// The task that is taken next, and since when it could have been, in seconds since 1970.
    head: Option<(String, f64)>,
}

impl Queues {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { known: BTreeSet::new(), states: BTreeMap::new(), unacked: None, read: None, lifetime }
    }

    /// Queues that were seen once.
    pub(crate) const fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// Keeps queues in mind: one without workers still holds tasks.
    pub(crate) fn remember(&mut self, queues: &BTreeSet<String>, most: usize) {
        for queue in queues {
            if self.known.len() < most {
                self.known.insert(queue.clone());
            }
        }
    }

    /// Takes what a poll has read; `ready` tells since when a task could have run, if that is known.
    pub(crate) fn read(&mut self, readings: Vec<Reading>, unacked: Option<u64>, clock: f64, ready: impl Fn(&str) -> Option<f64>) {
        let mut states = BTreeMap::new();
        for Reading { queue, length, consumers, head } in readings {
            let head = head.map(|Head::Task(id)| {
                let before = self.states.get(&queue).and_then(|state| state.head.as_ref()).filter(|(known, _)| *known == id);
                // A task whose sending was not seen is at least as old as its place at the head.
                let since = ready(&id).or_else(|| before.map(|(_, since)| *since)).unwrap_or(clock);
                (id, since)
            });
            states.insert(queue, State { length, consumers, head });
        }
        self.states = states;
        self.unacked = unacked;
        self.read = Some(Instant::now());
    }

    /// Every queue, if its length is not out of date.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, u64, Option<u64>)> {
        let fresh = self.read.is_some_and(|read| read.elapsed() < self.lifetime);
        self.states.iter().filter(move |_| fresh).map(|(queue, state)| (queue.as_str(), state.length, state.consumers))
    }

    /// Sends what is not out of date.
    pub(crate) fn collect(&self, clock: f64, samples: &mut Samples) {
        if self.read.is_none_or(|read| read.elapsed() >= self.lifetime) {
            return;
        }
        for (queue, state) in &self.states {
            samples.gauge(&queues::LENGTH, [queue], state.length);
            samples.gauge(&queues::CONSUMERS, [queue], state.consumers);
            let age = state.head.as_ref().map(|(_, since)| (clock - since).max(0.0));
            samples.gauge(&queues::OLDEST_AGE, [queue], age);
        }
        samples.gauge(&queues::UNACKED, [""], self.unacked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(queues: &mut Queues, id: &str, clock: f64, ready: Option<f64>) -> String {
        let reading = Reading { queue: "q".to_owned(), length: 3, consumers: None, head: Some(Head::Task(id.to_owned())) };
        queues.read(vec![reading], Some(2), clock, |_| ready);
        let mut samples = Samples::default();
        queues.collect(clock, &mut samples);
        samples.text()
    }

    #[test]
    fn age_is_known_or_at_least_observed() {
        let mut queues = Queues::new(Duration::from_mins(1));
        assert_eq!(
            read(&mut queues, "a", 100.0, Some(90.0)),
            "celery_queue_length{queue=\"q\"} 3\ncelery_queue_oldest_task_age_seconds{queue=\"q\"} 10\ncelery_queue_unacked 2\n"
        );
        assert!(read(&mut queues, "b", 110.0, None).contains("age_seconds{queue=\"q\"} 0\n"));
        assert!(read(&mut queues, "b", 115.0, None).contains("age_seconds{queue=\"q\"} 5\n"));
        // Its eta has not come.
        assert!(read(&mut queues, "c", 115.0, Some(900.0)).contains("age_seconds{queue=\"q\"} 0\n"));
    }

    #[test]
    fn old_readings_are_not_shown() {
        let mut queues = Queues::new(Duration::ZERO);
        assert_eq!(read(&mut queues, "a", 1.0, None), "");
        assert_eq!(queues.each().count(), 0);
    }
}
