//! `RabbitMQ`, and whatever else speaks AMQP 0-9-1, as a broker.

use exporter_core::{ClientTls, Failure, Reason};

pub(crate) mod events;
mod inspect;
mod link;
pub(crate) mod poll;
mod wire;

use crate::{
    amqp::link::Link,
    connect::{CONNECT_TIMEOUT, Node, within},
};

/// A broker, or several that stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    /// Each with its virtual host.
    pub(crate) nodes: Vec<(Node, String)>,
    pub(crate) tls: ClientTls,
    pub(crate) event_exchange: String,
    /// Name of the control exchange, without `.pidbox`.
    pub(crate) control: String,
    pub(crate) queue: EventQueue,
}

/// The queue into which events are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventQueue {
    /// `None` is one of the running exporter's own.
    pub(crate) name: Option<String>,
    /// How long events wait there while nobody reads them, and how long the queue stays.
    pub(crate) milliseconds: u32,
}

impl Broker {
    async fn open(&self) -> Result<Link, Failure> {
        let mut last = Failure::new(Reason::Unreachable, "no address is given");
        for (Node { endpoint, credentials }, host) in &self.nodes {
            match within(CONNECT_TIMEOUT, Link::open(endpoint, &self.tls, credentials, host)).await {
                Ok(link) => return Ok(link),
                Err(failure) => last = Failure::new(failure.reason, format!("{}: {failure}", endpoint.describe())),
            }
        }
        Err(last)
    }

    fn control_exchange(&self) -> String {
        format!("{}.pidbox", self.control)
    }

    fn reply_exchange(&self) -> String {
        format!("reply.{}.pidbox", self.control)
    }
}
