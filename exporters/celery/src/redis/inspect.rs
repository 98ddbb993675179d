//! Asking workers: a request on their channel, answers in a list of our own.

use std::time::{Duration, Instant};

use exporter_core::{Failure, Reason};
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
    let (list, binding) = keys.reply_queue(shared.oid());
    let bindings = keys.bindings(&keys.reply_exchange());
    let mut inquiry = Inquiry::new(shared.tracker().workers.up());
    let mut requests = inquiry.requests(&keys.reply_exchange(), shared.oid());
    let silent = if polling.enable_events { shared.tracker().workers.silent() } else { Vec::new() };
    if !silent.is_empty() {
        info!(workers = silent.join(" "), "Turning on events of tasks");
        requests.push(enable_events(&silent));
    }
    within(STEP, command(link, &["SADD", &bindings, &binding])).await?;
    for request in &requests {
        within(STEP, command(link, &["PUBLISH", &keys.control_channel(), &envelope(request, &keys.control_exchange())])).await?;
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
        link.send(&packed).await?;
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
