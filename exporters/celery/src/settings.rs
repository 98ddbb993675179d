//! What the configuration comes to.

use std::time::Duration;

use exporter_core::Bounds;

use crate::{amqp, counts::Hostnames, redis, tasks::filter::Filter, tracker};

/// Everything that the exporter is told at its start.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) broker: Broker,
    pub(crate) polling: Polling,
    pub(crate) tracker: tracker::Settings,
    pub(crate) names: NameScheme,
}

/// The broker.
#[derive(Clone, Debug)]
pub(crate) enum Broker {
    Redis(redis::Broker),
    Amqp(amqp::Broker),
}

/// What is asked for regularly.
#[derive(Clone, Debug)]
pub(crate) struct Polling {
    pub(crate) every: Duration,
    /// How often workers are asked; `None` is never.
    pub(crate) inspect: Option<Duration>,
    pub(crate) enable_events: bool,
    /// Queues that are named by the operator.
    pub(crate) named: Vec<String>,
    pub(crate) default_queue: String,
    pub(crate) queues: Filter,
    /// Whether a queue that is not there is shown as an empty one, as the peer does.
    pub(crate) absent_is_empty: bool,
}

/// Longest name of a queue: AMQP has no longer ones.
const QUEUE_BYTES: usize = 255;

impl Polling {
    /// How often workers are spoken to, if they are: without questions, whenever there is one that sends no events.
    pub(crate) fn speaks(&self) -> Option<Duration> {
        self.inspect.or_else(|| self.enable_events.then_some(Duration::ZERO))
    }

    /// Whether a queue is counted: not the ones of control and events, which are in the same bindings.
    pub(crate) fn wants(&self, queue: &str) -> bool {
        !queue.is_empty() && queue.len() <= QUEUE_BYTES && !queue.ends_with(".pidbox") && !queue.starts_with("celeryev.") && self.queues.wants(queue)
    }
}

/// Which names are served.
#[derive(Clone, Debug)]
pub(crate) enum NameScheme {
    Native,
    Peer { hostnames: Hostnames, buckets: Option<Bounds>, queue_wait_buckets: Option<Bounds> },
}
