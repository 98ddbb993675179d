//! `RabbitMQ`, and whatever else speaks AMQP 0-9-1, as a broker.

use exporter_core::{Failure, Reason};

pub(crate) mod events;
mod link;
pub(crate) mod poll;
mod wire;

use crate::{
    address::Endpoint,
    amqp::link::Link,
    connect::{CONNECT_TIMEOUT, Credentials, within},
    tls::Tls,
};

/// A broker, or several that stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Tls,
    pub(crate) host: String,
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
        for endpoint in &self.endpoints {
            match within(CONNECT_TIMEOUT, Link::open(endpoint, &self.tls, &self.credentials, &self.host)).await {
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
