//! Asking workers: a request on their exchange, answers in a queue of our own.
//!
//! On a connection of its own, since a broker that is short of memory stops reading from whoever publishes, and queues and
//! events are to be seen then more than ever.

use std::time::{Duration, Instant};

use exporter_core::Reason;
use serde_json::Value;
use tracing::{info, warn};

use super::{
    Broker,
    events::exchange,
    link::{
        CallError, Link,
        methods::{CHANNEL_CLOSE, CHANNEL_CLOSE_OK, CONSUME, CONSUME_OK, DELIVER, QUEUE_BIND, QUEUE_BIND_OK, QUEUE_DECLARE, QUEUE_DECLARE_OK},
    },
    poll::ROUND,
    wire::{Fields, Frame, Header, Payload, Writer},
};
use crate::{
    connect::within,
    pidbox::{Answers, Inquiry, apply, enable_events},
    settings::Polling,
    shared::Shared,
};

/// Workers that have not answered by then are not waited for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Channel of requests to workers.
const WORKERS: u16 = 1;

/// Largest answer of a worker.
const ANSWER: usize = 1 << 20;

/// Who asks workers. That they cannot be asked takes nothing from queues and events: it is said when it begins and when it
/// ends.
#[derive(Debug, Default)]
pub(super) struct Inspector {
    link: Option<Link>,
    asked: Option<Instant>,
    refused: bool,
}

impl Inspector {
    /// Speaks to workers, if it is time to; whether it was for the first time.
    pub(super) async fn is_first_turn(&mut self, broker: &Broker, polling: &Polling, shared: &Shared) -> bool {
        let Some(every) = polling.speaks() else { return false };
        if self.asked.is_some_and(|asked| asked.elapsed() < every) {
            return false;
        }
        let silent = if polling.enable_events { shared.tracker().workers.tell(Instant::now()) } else { Vec::new() };
        if silent.is_empty() && polling.inspect.is_none() {
            return false;
        }
        let is_first = self.asked.replace(Instant::now()).is_none();
        match self.ask(broker, &silent, polling.inspect.is_some(), shared).await {
            Ok(()) => {
                if std::mem::take(&mut self.refused) {
                    info!("Workers can be asked again");
                }
            }
            Err(error) => {
                let (reason, text) = match error {
                    // The connection goes on: only its channel was closed.
                    CallError::Refused(code, text) => (Reason::Permission, format!("{code} {text}")),
                    CallError::Link(failure) => {
                        self.link = None;
                        (failure.reason, failure.message)
                    }
                };
                if !std::mem::replace(&mut self.refused, true) {
                    warn!(%reason, text, "Workers cannot be asked for their queues and processes");
                }
            }
        }
        is_first
    }

    /// Shows the broker that this side is there.
    pub(super) async fn heartbeat(&mut self) {
        if let Some(link) = &mut self.link
            && within(ROUND, link.heartbeat()).await.is_err()
        {
            self.link = None;
        }
    }

    async fn ask(&mut self, broker: &Broker, silent: &[String], inquires: bool, shared: &Shared) -> Result<(), CallError> {
        if self.link.is_none() {
            self.link = Some(broker.open().await?);
        }
        match &mut self.link {
            Some(link) => workers(link, broker, silent, inquires, shared).await,
            None => Ok(()),
        }
    }
}

/// Turns on events of those that send none, and asks all workers if that is wanted.
async fn workers(link: &mut Link, broker: &Broker, silent: &[String], inquires: bool, shared: &Shared) -> Result<(), CallError> {
    within(ROUND, link.channel(WORKERS)).await?;
    let outcome = speak(link, broker, silent, inquires, shared).await;
    // A refusal has closed the channel already.
    if outcome.is_ok() {
        within(ROUND, link.close_channel(WORKERS)).await?;
    }
    outcome
}

async fn speak(link: &mut Link, broker: &Broker, silent: &[String], inquires: bool, shared: &Shared) -> Result<(), CallError> {
    let control = broker.control_exchange();
    within(ROUND, exchange(link, WORKERS, &control, ("fanout", false))).await?;
    if !silent.is_empty() {
        info!(workers = silent.join(" "), "Turning on events of tasks");
        within(ROUND, link.publish(WORKERS, &control, &enable_events(silent), &request_headers())).await?;
    }
    if inquires { inquire(link, broker, shared).await } else { Ok(()) }
}

/// Headers of a request: it never expires, as on Redis.
fn request_headers() -> [(&'static str, Value); 2] {
    [("clock", Value::from(1)), ("expires", Value::from(0))]
}

async fn inquire(link: &mut Link, broker: &Broker, shared: &Shared) -> Result<(), CallError> {
    let (reply_exchange, control) = (broker.reply_exchange(), broker.control_exchange());
    let queue = format!("{}.{reply_exchange}", shared.oid());
    within(ROUND, exchange(link, WORKERS, &reply_exchange, ("direct", false))).await?;
    // Exclusive, and gone with its consumer.
    let declare = Writer::method(QUEUE_DECLARE).short(0).short_text(&queue).octet(0b1100).table(&[("x-expires", Value::from(10_000))]);
    within(ROUND, link.call(WORKERS, &declare.0, QUEUE_DECLARE_OK)).await?;
    let bind = Writer::method(QUEUE_BIND).short(0).short_text(&queue).short_text(&reply_exchange).short_text(shared.oid()).octet(0).table(&[]);
    within(ROUND, link.call(WORKERS, &bind.0, QUEUE_BIND_OK)).await?;
    let consume = Writer::method(CONSUME).short(0).short_text(&queue).short_text("").octet(0b10).table(&[]);
    within(ROUND, link.call(WORKERS, &consume.0, CONSUME_OK)).await?;
    let mut inquiry = Inquiry::new(shared.tracker().workers.up());
    for request in &inquiry.requests(&reply_exchange, shared.oid()) {
        within(ROUND, link.publish(WORKERS, &control, request, &request_headers())).await?;
    }
    answers(link, &mut inquiry, shared).await
}

async fn answers(link: &mut Link, inquiry: &mut Inquiry, shared: &Shared) -> Result<(), CallError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let (mut header, mut body) = (None, Vec::new());
    while !inquiry.is_complete() {
        let mut closed = None;
        link.drain(|frame| {
            match take(frame, &mut header, &mut body) {
                Some(Ok((ticket, answers))) => {
                    if let Some(method) = inquiry.answer(&ticket, &answers) {
                        apply(method, &answers, &mut shared.tracker().workers, Instant::now());
                    }
                }
                Some(Err(refusal)) => closed = Some(refusal),
                None => {}
            }
            Ok(())
        })?;
        if let Some((code, text)) = closed {
            within(ROUND, link.send_method(WORKERS, &Writer::method(CHANNEL_CLOSE_OK).0)).await?;
            return Err(CallError::Refused(code, text));
        }
        if inquiry.is_complete() {
            break;
        }
        match tokio::time::timeout_at(until, link.fill()).await {
            Ok(filled) => filled?,
            Err(_) => break,
        }
    }
    Ok(())
}

/// An answer, when its last frame has come, or the refusal of the channel.
fn take(frame: Frame<'_>, header: &mut Option<Header>, body: &mut Vec<u8>) -> Option<Result<(String, Answers), (u16, String)>> {
    if frame.channel != WORKERS {
        return None;
    }
    match frame.payload {
        Payload::Method(CHANNEL_CLOSE, arguments) => {
            let mut fields = Fields(arguments);
            let code = fields.short().unwrap_or(0);
            return Some(Err((code, String::from_utf8_lossy(fields.short_text().unwrap_or_default()).into_owned())));
        }
        Payload::Method(DELIVER, _) => *header = None,
        Payload::Header(payload) => {
            *header = Header::parse(payload);
            body.clear();
        }
        Payload::Body(part) if body.len() + part.len() <= ANSWER => body.extend_from_slice(part),
        _ => {}
    }
    let known = header.as_ref()?;
    if u64::try_from(body.len()).is_ok_and(|length| length < known.size) || body.is_empty() {
        return None;
    }
    let ticket = known.headers.get("ticket").and_then(Value::as_str)?.to_owned();
    let answers = serde_json::from_slice(body).ok()?;
    *header = None;
    Some(Ok((ticket, answers)))
}
