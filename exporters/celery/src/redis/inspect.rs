//! Asking workers: a request on their channel, answers in a list of our own.

use std::time::{Duration, Instant};

use exporter_core::{Failure, Reason};
use serde_json::Value;
use tracing::{debug, info};

use super::{
    Broker,
    link::{Link, refused},
    resp::{Reply, pack},
};
use crate::{
    connect::within,
    pidbox::{Inquiry, apply, enable_events, envelope, opened},
    settings::Polling,
    shared::Shared,
};

/// Workers that have not answered by then are not waited for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// For each step but the wait for answers.
const STEP: Duration = Duration::from_secs(3);

/// Asks all workers, and turns on events where they are missing and wanted.
pub(super) async fn workers(link: &mut Link, broker: &Broker, polling: &Polling, shared: &Shared) -> Result<(), Failure> {
    let keys = &broker.keys;
    let silent = if polling.enable_events { shared.tracker().workers.tell(Instant::now()) } else { Vec::new() };
    if !silent.is_empty() {
        info!(workers = silent.join(" "), "Turning on events of tasks");
        within(STEP, publish(link, broker, &enable_events(&silent))).await?;
    }
    if polling.inspect.is_none() {
        return Ok(());
    }
    let (list, binding) = keys.reply_queue(shared.oid());
    let bindings = keys.bindings(&keys.reply_exchange());
    let mut inquiry = Inquiry::new(shared.tracker().workers.up());
    let requests = inquiry.requests(&keys.reply_exchange(), shared.oid());
    within(STEP, command(link, &["SADD", &bindings, &binding])).await?;
    for request in &requests {
        within(STEP, publish(link, broker, request)).await?;
    }
    let answers = answers(link, &list, &mut inquiry, shared).await;
    // In this order, so that an answer which comes late finds no way in.
    within(STEP, command(link, &["SREM", &bindings, &binding])).await?;
    within(STEP, command(link, &["DEL", &list])).await?;
    answers
}

async fn answers(link: &mut Link, list: &str, inquiry: &mut Inquiry, shared: &Shared) -> Result<(), Failure> {
    let started = Instant::now();
    let mut packed = Vec::new();
    pack(&["BRPOP", list, "1"], &mut packed);
    while !inquiry.is_complete() && started.elapsed() < PATIENCE {
        within(STEP, link.send(&packed)).await?;
        let opened = within(
            STEP,
            link.reply(|reply| match &reply {
                Reply::Error(error) => Err(refused(error, Reason::Protocol)),
                _ => Ok(reply.parts().get(1).and_then(Reply::bytes).and_then(opened)),
            }),
        )
        .await??;
        if let Some((ticket, answers)) = opened
            && let Some(method) = inquiry.answer(&ticket, &answers)
        {
            apply(method, &answers, &mut shared.tracker().workers, Instant::now());
        }
    }
    debug!(took = ?started.elapsed(), complete = inquiry.is_complete(), "Workers were asked");
    Ok(())
}

async fn publish(link: &mut Link, broker: &Broker, request: &Value) -> Result<(), Failure> {
    let keys = &broker.keys;
    command(link, &["PUBLISH", &keys.control_channel(), &envelope(request, &keys.control_exchange())]).await
}

async fn command(link: &mut Link, parts: &[&str]) -> Result<(), Failure> {
    let mut packed = Vec::new();
    pack(parts, &mut packed);
    link.send(&packed).await?;
    link.reply(|reply| match reply {
        Reply::Error(error) => Err(refused(error, Reason::Protocol)),
        _ => Ok(()),
    })
    .await?
}
