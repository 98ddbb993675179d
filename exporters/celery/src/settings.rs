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
}

impl Polling {
    /// Whether a queue is counted: not the ones of control and events, which are in the same bindings.
    pub(crate) fn wants(&self, queue: &str) -> bool {
        !queue.is_empty() && !queue.ends_with(".pidbox") && !queue.starts_with("celeryev.") && self.queues.wants(queue)
    }
}

/// Which names are served.
#[derive(Clone, Debug)]
pub(crate) enum NameScheme {
    Native,
    Peer { hostnames: Hostnames, buckets: Option<Bounds>, queue_wait_buckets: Option<Bounds> },
}
