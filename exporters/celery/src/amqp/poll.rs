//! What is asked for regularly: queues, and the workers.

use std::{
    collections::HashMap,
    convert::Infallible,
    time::{Duration, Instant},
};

use exporter_core::{Failure, Reason};
use serde_json::Value;
use tracing::{debug, info, warn};

use super::{
    Broker,
    events::exchange,
    link::{
        CallError, HEARTBEAT, Link,
        methods::{CHANNEL_CLOSE, CONSUME, CONSUME_OK, DELIVER, QUEUE_BIND, QUEUE_BIND_OK, QUEUE_DECLARE, QUEUE_DECLARE_OK},
    },
    wire::{Fields, Frame, Header, Payload, Writer},
};
use crate::{
    connect::within,
    pidbox::{Answers, Inquiry, apply, enable_events},
    queues::Reading,
    settings::Polling,
    shared::Shared,
};

/// A round that takes longer has failed.
const ROUND: Duration = Duration::from_secs(3);

/// Workers that have not answered by then are not waited for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A queue that is not there is asked for again after this long, since the broker logs each time.
const ABSENT: Duration = Duration::from_mins(1);

/// Channel of questions about queues: each refusal closes it.
const QUEUES: u16 = 1;

/// Channel of requests to workers.
const WORKERS: u16 = 2;

/// Largest answer of a worker.
const ANSWER: usize = 1 << 20;

/// Polls until the connection fails.
///
/// # Errors
/// Always, in the end.
pub(crate) async fn poll(broker: &Broker, polling: &Polling, shared: &Shared) -> Result<Infallible, Failure> {
    let mut link = broker.open().await?;
    within(ROUND, link.channel(QUEUES)).await?;
    let mut absent: HashMap<String, Instant> = HashMap::new();
    let (mut asked, mut refused): (Option<Instant>, bool) = (None, false);
    loop {
        let started = Instant::now();
        within(ROUND, link.heartbeat()).await?;
        within(ROUND, round(&mut link, polling, shared, &mut absent)).await?;
        shared.polled();
        if let Some(every) = polling.inspect
            && asked.is_none_or(|asked| asked.elapsed() >= every)
        {
            let first = asked.replace(started).is_none();
            match workers(&mut link, broker, polling, shared).await {
                Ok(()) => refused = false,
                Err(CallError::Refused(code, text)) => {
                    if !std::mem::replace(&mut refused, true) {
                        warn!(code, text, "Workers cannot be asked for their queues and processes");
                    }
                }
                Err(CallError::Link(failure)) => return Err(failure),
            }
            if first {
                // Workers have just told their queues.
                continue;
            }
        }
        rest(&mut link, polling.every.saturating_sub(started.elapsed())).await?;
    }
}

/// Waits, and reads what comes meanwhile, which is heartbeats.
async fn rest(link: &mut Link, time: Duration) -> Result<(), Failure> {
    let until = tokio::time::Instant::now() + time;
    loop {
        link.drain(|_| Ok(()))?;
        let next = until.min(tokio::time::Instant::now() + HEARTBEAT);
        match tokio::time::timeout_at(next, link.fill()).await {
            Ok(filled) => filled?,
            Err(_) if next == until => return Ok(()),
            Err(_) => within(ROUND, link.heartbeat()).await?,
        }
    }
}

async fn round(link: &mut Link, polling: &Polling, shared: &Shared, absent: &mut HashMap<String, Instant>) -> Result<(), Failure> {
    let mut queues = shared.queues(polling);
    absent.retain(|_, since| since.elapsed() < ABSENT);
    queues.retain(|queue| !absent.contains_key(queue));
    let mut readings = Vec::with_capacity(queues.len());
    let (mut asked, mut answered, mut denied) = (false, false, None);
    for queue in &queues {
        asked = true;
        let passive = Writer::method(QUEUE_DECLARE).short(0).short_text(queue).octet(1).table(&[]);
        match link.call(QUEUES, &passive.0, QUEUE_DECLARE_OK).await {
            Ok(arguments) => {
                answered = true;
                let mut fields = Fields(&arguments);
                let counts = fields.short_text().and_then(|_| fields.long().zip(fields.long()));
                let (messages, consumers) = counts.ok_or_else(|| Failure::new(Reason::Protocol, "the answer about a queue is not whole"))?;
                readings.push(Reading { queue: queue.clone(), length: messages.into(), consumers: Some(consumers.into()), head: None });
            }
            Err(CallError::Refused(code, text)) => {
                debug!(queue, code, text, "Queue cannot be read");
                denied = (code == 403).then_some(text).or(denied);
                absent.insert(queue.clone(), Instant::now());
                link.channel(QUEUES).await?;
            }
            Err(CallError::Link(failure)) => return Err(failure),
        }
    }
    if asked
        && !answered
        && let Some(text) = denied
    {
        warn!(text, "Queues cannot be read");
    }
    shared.remember(&readings.iter().map(|reading| reading.queue.clone()).collect());
    // The broker tells what is not acknowledged to its management only.
    shared.read(readings, None);
    Ok(())
}

/// Asks all workers, and turns on events where they are missing and wanted.
async fn workers(link: &mut Link, broker: &Broker, polling: &Polling, shared: &Shared) -> Result<(), CallError> {
    within(ROUND, link.channel(WORKERS)).await?;
    let outcome = inquire(link, broker, polling, shared).await;
    // A refusal has closed the channel already.
    if outcome.is_ok() {
        within(ROUND, link.close_channel(WORKERS)).await?;
    }
    outcome
}

async fn inquire(link: &mut Link, broker: &Broker, polling: &Polling, shared: &Shared) -> Result<(), CallError> {
    let (reply_exchange, control) = (broker.reply_exchange(), broker.control_exchange());
    let queue = format!("{}.{reply_exchange}", shared.oid());
    within(ROUND, exchange(link, WORKERS, &reply_exchange, ("direct", false))).await?;
    within(ROUND, exchange(link, WORKERS, &control, ("fanout", false))).await?;
    // Exclusive, and gone with its consumer.
    let declare = Writer::method(QUEUE_DECLARE).short(0).short_text(&queue).octet(0b1100).table(&[("x-expires", Value::from(10_000))]);
    link.call(WORKERS, &declare.0, QUEUE_DECLARE_OK).await?;
    let bind = Writer::method(QUEUE_BIND).short(0).short_text(&queue).short_text(&reply_exchange).short_text(shared.oid()).octet(0).table(&[]);
    link.call(WORKERS, &bind.0, QUEUE_BIND_OK).await?;
    let consume = Writer::method(CONSUME).short(0).short_text(&queue).short_text("").octet(0b10).table(&[]);
    link.call(WORKERS, &consume.0, CONSUME_OK).await?;
    let mut inquiry = Inquiry::new(shared.tracker().workers.up());
    let mut requests = inquiry.requests(&reply_exchange, shared.oid());
    let silent = if polling.enable_events { shared.tracker().workers.silent() } else { Vec::new() };
    if !silent.is_empty() {
        info!(workers = silent.join(" "), "Turning on events of tasks");
        requests.push(enable_events(&silent));
    }
    for request in &requests {
        within(ROUND, link.publish(WORKERS, &control, request, &[("clock", Value::from(1)), ("expires", Value::from(0))])).await?;
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
            link.send_method(WORKERS, &Writer::method(super::link::methods::CHANNEL_CLOSE_OK).0).await?;
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
