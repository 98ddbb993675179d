//! What is asked for regularly: queues, and the workers.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    time::{Duration, Instant},
};

use exporter_core::{Failure, Reason};
use tracing::{info, warn};

use super::{
    Broker, inspect,
    link::{Link, refused},
    resp::{Reply, pack},
};
use crate::{
    connect::within,
    event::envelope,
    queues::{Head, Reading},
    settings::Polling,
    shared::Shared,
    tasks::names::cut,
};

/// A round that takes longer has failed.
const ROUND: Duration = Duration::from_secs(3);

/// To look at the tasks that are next, which come with all that is in them.
const HEADS: Duration = Duration::from_secs(10);

/// Tasks that are looked at together.
const HEADS_AT_ONCE: usize = 50;

/// Largest task that is looked at.
const HEAD_BYTES: usize = 1 << 20;

/// Where the next task is larger than that, it is looked at again after this long: it had to be read to its end.
const LARGE: Duration = Duration::from_mins(1);

/// Most exchanges whose bindings are looked up.
const EXCHANGES: usize = 50;

/// Polls until the connection fails.
///
/// # Errors
/// Always, in the end.
pub(crate) async fn poll(broker: &Broker, polling: &Polling, shared: &Shared) -> Result<Infallible, Failure> {
    let mut link = broker.commands().await?;
    let mut asked: Option<Instant> = None;
    let mut refusal = None;
    let mut large = HashMap::new();
    loop {
        let started = Instant::now();
        let queues = within(ROUND, bound(&mut link, broker, polling, shared)).await?;
        let (lengths, unacked) = within(ROUND, lengths(&mut link, broker, &queues)).await?;
        let mut readings = readings(broker, queues, &lengths);
        within(HEADS, heads(&mut link, &mut readings, &mut large)).await?;
        shared.read(readings.into_iter().map(|(reading, _)| reading).collect(), unacked);
        shared.polled();
        if let Some(every) = polling.speaks()
            && asked.is_none_or(|asked| asked.elapsed() >= every)
        {
            let first = asked.replace(started).is_none();
            let outcome = inspect::workers(&mut link, broker, polling, shared).await;
            report(outcome, &mut refusal)?;
            if first {
                // Workers have just told their queues.
                continue;
            }
        }
        tokio::time::sleep(polling.every.saturating_sub(started.elapsed())).await;
    }
}

/// Workers that cannot be asked leave queues and events: said when it begins and when it ends.
fn report(outcome: Result<(), Failure>, refusal: &mut Option<String>) -> Result<(), Failure> {
    match outcome {
        Err(failure) if failure.reason == Reason::Permission || failure.message.starts_with("OOM") => {
            if refusal.is_none() {
                warn!(error = %failure, "Workers cannot be asked for their queues and processes");
            }
            *refusal = Some(failure.message);
            Ok(())
        }
        Ok(()) => {
            if refusal.take().is_some() {
                info!("Workers can be asked again");
            }
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

/// Each queue without its next task, and the list in which that is.
fn readings(broker: &Broker, queues: Vec<String>, lengths: &[Vec<u64>]) -> Vec<(Reading, Option<String>)> {
    let readings = queues.into_iter().zip(lengths).map(|(queue, lists)| {
        let next = broker.keys.lists(&queue).into_iter().zip(lists).find(|(_, length)| **length > 0).map(|(list, _)| list);
        (Reading { queue, length: lists.iter().sum(), consumers: None, head: None }, next)
    });
    readings.collect()
}

/// Every queue that is known, and those to which the exchanges of their names are bound.
async fn bound(link: &mut Link, broker: &Broker, polling: &Polling, shared: &Shared) -> Result<Vec<String>, Failure> {
    let mut queues: BTreeSet<String> = shared.queues(polling);
    let mut exchanges: Vec<String> = queues.iter().take(EXCHANGES).cloned().collect();
    exchanges.push(polling.default_queue.clone());
    let mut packed = Vec::new();
    for exchange in &exchanges {
        pack(&["SMEMBERS", &broker.keys.bindings(exchange)], &mut packed);
    }
    link.send(&packed).await?;
    for _ in &exchanges {
        link.reply(|reply| {
            let bindings = reply.parts().iter().filter_map(Reply::text);
            Shared::add(&mut queues, bindings.filter_map(|binding| broker.keys.bound(binding)), polling);
        })
        .await?;
    }
    shared.remember(&queues);
    Ok(queues.into_iter().collect())
}

/// The lengths of each queue's lists, and the tasks that workers have not acknowledged.
async fn lengths(link: &mut Link, broker: &Broker, queues: &[String]) -> Result<(Vec<Vec<u64>>, Option<u64>), Failure> {
    let lists: Vec<Vec<String>> = queues.iter().map(|queue| broker.keys.lists(queue)).collect();
    let mut packed = Vec::new();
    pack(&["PING"], &mut packed);
    for list in lists.iter().flatten() {
        pack(&["LLEN", list], &mut packed);
    }
    pack(&["HLEN", &broker.keys.unacked()], &mut packed);
    link.send(&packed).await?;
    link.reply(|_| ()).await?;
    let mut lengths = Vec::with_capacity(queues.len());
    for queue in &lists {
        let mut of_queue = Vec::with_capacity(queue.len());
        for _ in queue {
            of_queue.push(link.reply(length).await??);
        }
        lengths.push(of_queue);
    }
    Ok((lengths, link.reply(|reply| reply.count()).await?))
}

/// A key that is something else than a list is no queue.
fn length(reply: Reply<'_>) -> Result<u64, Failure> {
    match reply {
        Reply::Error(error) if error.starts_with(b"WRONGTYPE") => Ok(0),
        Reply::Error(error) => Err(refused(error, Reason::Protocol)),
        reply => Ok(reply.count().unwrap_or(0)),
    }
}

/// The ids of the tasks that are taken next: kombu puts in on the left and takes out on the right.
async fn heads(link: &mut Link, readings: &mut [(Reading, Option<String>)], large: &mut HashMap<String, Instant>) -> Result<(), Failure> {
    large.retain(|_, seen| seen.elapsed() < LARGE);
    let mut asked: Vec<_> = readings.iter_mut().filter_map(|(reading, list)| Some((&mut reading.head, list.as_deref()?))).collect();
    asked.retain(|(_, list)| !large.contains_key(*list));
    for some in asked.chunks_mut(HEADS_AT_ONCE) {
        let mut packed = Vec::new();
        for (_, list) in &*some {
            pack(&["LINDEX", list, "-1"], &mut packed);
        }
        link.send(&packed).await?;
        for (head, list) in some {
            let found = link.reply_within(HEAD_BYTES, |reply| envelope::task_id(reply.bytes()?).map(|id| cut(&id).to_owned())).await?;
            if found.is_none() {
                large.insert((*list).to_owned(), Instant::now());
            }
            **head = found.flatten().map(Head::Task);
        }
    }
    Ok(())
}
