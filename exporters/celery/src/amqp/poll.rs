//! What is asked for regularly: queues, and the workers.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    time::{Duration, Instant},
};

use exporter_core::{Failure, Reason};
use tracing::{debug, warn};

use super::{
    Broker,
    inspect::Inspector,
    link::{
        CallError, HEARTBEAT, Link,
        methods::{QUEUE_DECLARE, QUEUE_DECLARE_OK},
    },
    wire::{Fields, Writer},
};
use crate::{connect::within, queues::Reading, settings::Polling, shared::Shared};

/// A round that takes longer has failed.
pub(super) const ROUND: Duration = Duration::from_secs(3);

/// A queue that is not there is asked for again after this long, since the broker logs each time.
const ABSENT: Duration = Duration::from_mins(1);

/// Queues that are asked for together.
const AT_ONCE: usize = 50;

/// Refusals in one round, each of which closes the channel; what comes after them is asked for in the next round.
const REFUSALS: usize = 50;

/// Channel of questions about queues.
const QUEUES: u16 = 1;

/// The code of what is not there.
const NOT_FOUND: u16 = 404;

/// Queues that could not be read, when and why. Kept from connection to connection.
pub(crate) type Absent = HashMap<String, (Instant, u16)>;

/// Polls until the connection fails.
///
/// # Errors
/// Always, in the end.
pub(crate) async fn poll(broker: &Broker, polling: &Polling, absent: &mut Absent, shared: &Shared) -> Result<Infallible, Failure> {
    let mut link = broker.open().await?;
    within(ROUND, link.channel(QUEUES)).await?;
    let mut inspector = Inspector::default();
    loop {
        let started = Instant::now();
        within(ROUND, link.heartbeat()).await?;
        within(ROUND, round(&mut link, polling, shared, absent)).await?;
        shared.polled();
        if inspector.is_first_turn(broker, polling, shared).await {
            // Workers have just told their queues.
            continue;
        }
        rest(&mut link, &mut inspector, polling.every.saturating_sub(started.elapsed())).await?;
    }
}

/// Waits, and reads what comes meanwhile, which is heartbeats.
async fn rest(link: &mut Link, inspector: &mut Inspector, time: Duration) -> Result<(), Failure> {
    let until = tokio::time::Instant::now() + time;
    loop {
        link.drain(|_| Ok(()))?;
        let next = until.min(tokio::time::Instant::now() + HEARTBEAT);
        match tokio::time::timeout_at(next, link.fill()).await {
            Ok(filled) => filled?,
            Err(_) if next == until => return Ok(()),
            Err(_) => {
                within(ROUND, link.heartbeat()).await?;
                inspector.heartbeat().await;
            }
        }
    }
}

async fn round(link: &mut Link, polling: &Polling, shared: &Shared, absent: &mut Absent) -> Result<(), Failure> {
    let queues = shared.queues(polling);
    absent.retain(|_, (since, _)| since.elapsed() < ABSENT);
    let asked: Vec<&str> = queues.iter().map(String::as_str).filter(|queue| !absent.contains_key(*queue)).collect();
    let mut readings = Vec::with_capacity(queues.len());
    let (mut rest, mut refusals, mut denied) = (&asked[..], 0, None);
    while !rest.is_empty() && refusals < REFUSALS {
        let some = rest.get(..AT_ONCE).unwrap_or(rest);
        let refused = declared(link, some, &mut readings).await?;
        let answered = match refused {
            None => some.len(),
            Some((at, code, text)) => {
                refusals += 1;
                if let Some(queue) = some.get(at) {
                    debug!(queue, code, text, "Queue cannot be read");
                    absent.insert((*queue).to_owned(), (Instant::now(), code));
                }
                denied = (code == 403).then_some(text).or(denied);
                link.channel(QUEUES).await?;
                at + 1
            }
        };
        rest = rest.get(answered..).unwrap_or_default();
    }
    if readings.is_empty()
        && let Some(text) = denied
    {
        warn!(text, "Queues cannot be read");
    }
    shared.remember(&readings.iter().map(|reading| reading.queue.clone()).collect());
    if polling.absent_is_empty {
        readings.extend(empty(absent, &queues));
    }
    // The broker tells what is not acknowledged to its management only.
    shared.read(readings, None);
    Ok(())
}

/// Asks for queues all at once. The first refusal closes the channel, and with it goes what was asked after: its place, code
/// and text.
async fn declared(link: &mut Link, queues: &[&str], readings: &mut Vec<Reading>) -> Result<Option<(usize, u16, String)>, Failure> {
    link.send_methods(QUEUES, queues.iter().map(|queue| Writer::method(QUEUE_DECLARE).short(0).short_text(queue).octet(1).table(&[]).0)).await?;
    for (at, queue) in queues.iter().enumerate() {
        match link.answer(QUEUES, QUEUE_DECLARE_OK).await {
            Ok(arguments) => {
                let mut fields = Fields(&arguments);
                let counts = fields.short_text().and_then(|_| fields.long().zip(fields.long()));
                let (messages, consumers) = counts.ok_or_else(|| Failure::new(Reason::Protocol, "the answer about a queue is not whole"))?;
                readings.push(Reading { queue: (*queue).to_owned(), length: messages.into(), consumers: Some(consumers.into()), head: None });
            }
            Err(CallError::Refused(code, text)) => return Ok(Some((at, code, text))),
            Err(CallError::Link(failure)) => return Err(failure),
        }
    }
    Ok(None)
}

/// Queues that are known and not there, as empty ones.
fn empty(absent: &Absent, queues: &BTreeSet<String>) -> impl Iterator<Item = Reading> {
    let missing = absent.iter().filter(|(queue, (_, code))| *code == NOT_FOUND && queues.contains(*queue));
    missing.map(|(queue, _)| Reading { queue: queue.clone(), length: 0, consumers: Some(0), head: None })
}
