//! The queue of events: one of our own, bound to the exchange that workers publish on.
//!
//! It outlives a connection, so that what is published until the next one is not lost, and goes away some time after the
//! exporter. Messages are acknowledged once they are counted; of those that are delivered again, the ones which had been
//! counted are known.

use std::{
    collections::VecDeque,
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    time::Instant,
};

use exporter_core::{Failure, Reason};
use serde_json::Value;
use tracing::warn;

use super::{
    Broker,
    link::{
        CallError, HEARTBEAT, Link, closed,
        methods::{
            ACK, CANCEL, CHANNEL_CLOSE, CONSUME, CONSUME_OK, DELIVER, EXCHANGE_DECLARE, EXCHANGE_DECLARE_OK, QOS, QOS_OK, QUEUE_BIND, QUEUE_BIND_OK,
            QUEUE_DECLARE, QUEUE_DECLARE_OK,
        },
    },
    wire::{Fields, Frame, Header, Payload, Writer},
};
use crate::{connect::within, event::envelope::check_content, freshness::Freshness, shared::Shared, tracker::Arrival};

/// The channel of deliveries.
const CHANNEL: u16 = 1;

/// Messages that may be on their way at once; acknowledged together.
const PREFETCH: u16 = 2_000;

/// Bytes that the queue may hold: when nobody reads it the oldest go, and the broker's memory is spared.
const QUEUE_BYTES: u64 = 128 << 20;

/// Declares a queue that should be there.
const PASSIVE: u8 = 0b1;

/// Newer brokers refuse to make queues that are neither this nor exclusive.
const DURABLE: u8 = 0b10;

/// Largest message.
const LIMIT: u64 = 8 << 20;

/// Heartbeats missed before the broker counts as gone.
const SILENCES: u32 = 3;

/// Messages counted and perhaps not acknowledged, by their hashes. Kept from connection to connection.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    hasher: RandomState,
    recent: VecDeque<u64>,
}

/// A delivery that is being put together.
#[derive(Debug, Default)]
struct Delivery {
    tag: u64,
    redelivered: bool,
    header: Option<Header>,
    body: Vec<u8>,
    received: u64,
}

/// What one connection has read.
#[derive(Debug)]
struct Reader<'a> {
    counted: &'a mut Counted,
    shared: &'a Shared,
    freshness: Freshness,
    delivery: Delivery,
    /// The last delivery that is done with, if it is not acknowledged yet.
    done: Option<u64>,
    /// Messages still to come of those that waited in the queue when it was found.
    backlog: u32,
}

/// Reads events until the connection fails.
///
/// # Errors
/// Always, in the end.
pub(crate) async fn read(broker: &Broker, counted: &mut Counted, shared: &Shared) -> Result<Infallible, Failure> {
    let mut link = broker.open().await?;
    let freshness = Freshness::new(Instant::now());
    let (queue, backlog) = within(HEARTBEAT * 2, subscribe(&mut link, broker, shared)).await?;
    shared.subscribed();
    let mut reader = Reader { counted, shared, freshness, delivery: Delivery::default(), done: None, backlog };
    let (mut shown, mut silences) = (Instant::now(), 0);
    loop {
        let arrival = Arrival::now();
        link.drain(|frame| reader.frame(frame, arrival))?;
        if let Some(tag) = reader.done.take() {
            within(HEARTBEAT, link.send_method(CHANNEL, &Writer::method(ACK).long_long(tag).octet(1).0)).await?;
        }
        if reader.freshness.asks(arrival.at) {
            within(HEARTBEAT, link.send_method(CHANNEL, &declaration(&queue, PASSIVE, &[]))).await?;
        }
        if shown.elapsed() >= HEARTBEAT {
            within(HEARTBEAT, link.heartbeat()).await?;
            shown = Instant::now();
        }
        tokio::task::yield_now().await;
        match tokio::time::timeout(HEARTBEAT, link.fill()).await {
            Ok(filled) => {
                filled?;
                silences = 0;
            }
            Err(_) if silences + 1 >= SILENCES => return Err(Failure::new(Reason::Timeout, "the broker sends no heartbeats")),
            Err(_) => silences += 1,
        }
    }
}

/// Subscribes; gives the queue, and the number of messages that wait in it already.
async fn subscribe(link: &mut Link, broker: &Broker, shared: &Shared) -> Result<(String, u32), Failure> {
    link.channel(CHANNEL).await?;
    exchange(link, CHANNEL, &broker.event_exchange, ("topic", true)).await?;
    let own = format!("celeryev.{}", shared.oid());
    let queue = broker.queue.name.as_deref().unwrap_or(&own);
    let milliseconds = Value::from(broker.queue.milliseconds);
    let arguments = [("x-message-ttl", milliseconds.clone()), ("x-expires", milliseconds), ("x-max-length-bytes", Value::from(QUEUE_BYTES))];
    let waiting = declare(link, queue, &arguments).await?;
    let bind = Writer::method(QUEUE_BIND).short(0).short_text(queue).short_text(&broker.event_exchange).short_text("#").octet(0).table(&[]);
    link.call(CHANNEL, &bind.0, QUEUE_BIND_OK).await?;
    link.call(CHANNEL, &Writer::method(QOS).long(0).short(PREFETCH).octet(0).0, QOS_OK).await?;
    let consume = Writer::method(CONSUME).short(0).short_text(queue).short_text("").octet(0).table(&[]);
    link.call(CHANNEL, &consume.0, CONSUME_OK).await?;
    Ok((queue.to_owned(), waiting))
}

/// Makes sure that the queue is there; gives the number of messages in it. One that was made with another time to live is
/// used as it is, since what waits in it is dearer than how long it may wait.
async fn declare(link: &mut Link, queue: &str, arguments: &[(&str, Value)]) -> Result<u32, Failure> {
    let answer = match link.call(CHANNEL, &declaration(queue, DURABLE, arguments), QUEUE_DECLARE_OK).await {
        Err(CallError::Refused(406, text)) => {
            warn!(
                queue,
                text,
                "Queue of events was made with other settings, and is used as it is: for a new --event-queue-ttl delete it with \
                 `rabbitmqctl delete_queue`, or give another --event-queue-name"
            );
            link.channel(CHANNEL).await?;
            link.call(CHANNEL, &declaration(queue, PASSIVE, &[]), QUEUE_DECLARE_OK).await?
        }
        other => other?,
    };
    Ok(waiting(&answer))
}

fn declaration(queue: &str, flags: u8, arguments: &[(&str, Value)]) -> Vec<u8> {
    Writer::method(QUEUE_DECLARE).short(0).short_text(queue).octet(flags).table(arguments).0
}

/// The number of messages in a queue, by the answer to its declaration.
fn waiting(answer: &[u8]) -> u32 {
    let mut fields = Fields(answer);
    fields.short_text().and_then(|_| fields.long()).unwrap_or(0)
}

/// Makes sure that an exchange is there: asks first, since to make one takes a right that an observer need not have.
pub(super) async fn exchange(link: &mut Link, channel: u16, name: &str, (kind, durable): (&str, bool)) -> Result<(), CallError> {
    let declare = |passive: u8| {
        let flags = passive | if durable { 0b10 } else { 0 };
        Writer::method(EXCHANGE_DECLARE).short(0).short_text(name).short_text(kind).octet(flags).table(&[]).0
    };
    match link.call(channel, &declare(1), EXCHANGE_DECLARE_OK).await {
        Err(CallError::Refused(404, _)) => {
            link.channel(channel).await?;
            link.call(channel, &declare(0), EXCHANGE_DECLARE_OK).await?;
            Ok(())
        }
        other => other.map(drop),
    }
}

impl Reader<'_> {
    fn frame(&mut self, frame: Frame<'_>, arrival: Arrival) -> Result<(), Failure> {
        let broken = || Failure::new(Reason::Protocol, "a delivery is not whole");
        match frame.payload {
            Payload::Method(DELIVER, arguments) => {
                let mut fields = Fields(arguments);
                fields.short_text().ok_or_else(broken)?;
                self.delivery.tag = fields.long_long().ok_or_else(broken)?;
                self.delivery.redelivered = fields.octet().ok_or_else(broken)? & 1 == 1;
                self.delivery.header = None;
            }
            Payload::Header(payload) if frame.channel == CHANNEL => {
                let header = Header::parse(payload).ok_or_else(broken)?;
                self.delivery.received = 0;
                self.delivery.body.clear();
                let empty = header.size == 0;
                self.delivery.header = Some(header);
                if empty {
                    self.finish(arrival);
                }
            }
            Payload::Body(part) if frame.channel == CHANNEL => self.body(part, arrival, broken)?,
            Payload::Method(CHANNEL_CLOSE, arguments) => {
                let mut fields = Fields(arguments);
                let code = fields.short().unwrap_or(0);
                return Err(closed(code, &String::from_utf8_lossy(fields.short_text().unwrap_or_default())));
            }
            // What the queue had handed over before comes before; the rest is to come.
            Payload::Method(QUEUE_DECLARE_OK, arguments) => self.freshness.answered(waiting(arguments) == 0),
            // The queue was deleted.
            Payload::Method(CANCEL, _) => return Err(Failure::new(Reason::Closed, "the broker has taken the queue of events away")),
            _ => {}
        }
        Ok(())
    }

    fn body(&mut self, part: &[u8], arrival: Arrival, broken: impl Fn() -> Failure) -> Result<(), Failure> {
        let size = self.delivery.header.as_ref().ok_or_else(&broken)?.size;
        self.delivery.received += u64::try_from(part.len()).unwrap_or(0);
        if size <= LIMIT {
            self.delivery.body.extend_from_slice(part);
        }
        if self.delivery.received >= size {
            self.finish(arrival);
        }
        Ok(())
    }

    /// A delivery is whole.
    fn finish(&mut self, arrival: Arrival) {
        self.done = Some(self.delivery.tag);
        let waited = self.backlog > 0 || self.delivery.redelivered || self.freshness.is_late(arrival.at);
        let arrival = Arrival { waited, ..arrival };
        self.backlog = self.backlog.saturating_sub(1);
        let Some(header) = self.delivery.header.take() else { return };
        if header.size > LIMIT {
            return self.shared.tracker().too_large();
        }
        if self.counted.is_repeated(&self.delivery.body, self.delivery.redelivered) {
            return;
        }
        let compression = header.headers.get("compression").and_then(Value::as_str);
        match check_content(header.content_type.as_deref(), compression) {
            Ok(()) => self.shared.tracker().message(&self.delivery.body, arrival),
            Err(why) => self.shared.tracker().unreadable(why),
        }
    }
}

impl Counted {
    /// Whether a message was counted before its connection failed; it counts as counted from now on.
    fn is_repeated(&mut self, body: &[u8], redelivered: bool) -> bool {
        let hash = self.hasher.hash_one(body);
        if redelivered && self.recent.contains(&hash) {
            return true;
        }
        if self.recent.len() >= usize::from(PREFETCH) {
            self.recent.pop_front();
        }
        self.recent.push_back(hash);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_counted_is_repeated() {
        let mut counted = Counted::default();
        assert!(!counted.is_repeated(b"a", false) && !counted.is_repeated(b"a", false));
        assert!(counted.is_repeated(b"a", true));
        assert!(!counted.is_repeated(b"b", true));
    }
}
