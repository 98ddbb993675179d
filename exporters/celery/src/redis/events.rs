//! The subscription to events.

use std::{
    collections::VecDeque,
    convert::Infallible,
    time::{Duration, Instant},
};

use exporter_core::{Failure, Reason};

use super::{
    Broker, Nodes,
    link::{Link, refused},
    resp::{Reply, pack},
};
use crate::{connect::within, event::envelope, freshness::Freshness, shared::Shared, tracker::Arrival};

/// Largest message. kombu cuts arguments and results to a kilobyte, so a batch is far smaller.
const LIMIT: usize = 8 << 20;

/// A subscription that is silent for so long while it is asked for a sign of life is given up.
const QUIET: Duration = Duration::from_secs(5);

/// Messages that are remembered, so that one which is published on two channels counts once.
const REMEMBERED: usize = 512;

/// What is kept from message to message.
#[derive(Debug)]
struct Reader {
    freshness: Freshness,
    body: Vec<u8>,
    /// Delivery tags of the last messages, where the same one can come twice.
    recent: Option<VecDeque<String>>,
}

/// Reads events until the connection fails.
///
/// # Errors
/// Always, in the end.
pub(crate) async fn read(broker: &Broker, shared: &Shared) -> Result<Infallible, Failure> {
    let mut link = broker.subscription().await?;
    // Workers behind Sentinel publish on the channels of two versions of kombu.
    let mut reader = Reader::new(matches!(broker.nodes, Nodes::Sentinels { .. }));
    within(QUIET, subscribe(&mut link, broker)).await?;
    shared.subscribed();
    let mut ping = Vec::new();
    pack(&["PING"], &mut ping);
    loop {
        let arrival = Arrival::now();
        link.drain(LIMIT, |reply| reader.message(reply, arrival, shared))?;
        if reader.freshness.asks(arrival.at) {
            within(QUIET, link.send(&ping)).await?;
        }
        tokio::task::yield_now().await;
        if reader.freshness.is_asking() {
            within(QUIET, link.fill()).await?;
        } else if let Ok(filled) = tokio::time::timeout(QUIET, link.fill()).await {
            filled?;
        }
    }
}

async fn subscribe(link: &mut Link, broker: &Broker) -> Result<(), Failure> {
    let (mut channel, pattern) = broker.keys.events();
    let command = if pattern { "PSUBSCRIBE" } else { "SUBSCRIBE" };
    let mut channels = vec![std::mem::take(&mut channel)];
    if matches!(broker.nodes, Nodes::Sentinels { .. }) {
        // Before 5.4 kombu published there under the name itself, its placeholder not filled in.
        channels.push(channels.first().map(|channel| channel.replacen(&format!("/{}.", broker.database), "/{db}.", 1)).unwrap_or_default());
    }
    channels.dedup();
    let mut packed = Vec::new();
    for channel in &channels {
        pack(&[command, channel], &mut packed);
    }
    link.send(&packed).await?;
    for _ in &channels {
        link.reply(|reply| match reply {
            Reply::Error(error) => Err(refused(error, Reason::Protocol)),
            _ => Ok(()),
        })
        .await??;
    }
    Ok(())
}

impl Reader {
    fn new(twice: bool) -> Self {
        Self { freshness: Freshness::new(Instant::now()), body: Vec::new(), recent: twice.then(VecDeque::new) }
    }

    fn message(&mut self, reply: Option<Reply<'_>>, arrival: Arrival, shared: &Shared) {
        let Some(reply) = reply else { return shared.tracker().too_large() };
        let published = match reply.parts() {
            [kind, _, _, message] if kind.bytes() == Some(b"pmessage") => message.bytes(),
            [kind, _, message] if kind.bytes() == Some(b"message") => message.bytes(),
            [kind, _] if kind.bytes() == Some(b"pong") => return self.freshness.answered(true),
            _ => None,
        };
        let Some(message) = published else { return };
        let arrival = Arrival { waited: self.freshness.is_late(arrival.at), ..arrival };
        match envelope::open(message, &mut self.body) {
            Ok(tag) if self.is_repeated(tag.as_deref()) => {}
            Ok(_) => shared.tracker().message(&self.body, arrival),
            Err(why) => shared.tracker().unreadable(why),
        }
    }

    fn is_repeated(&mut self, tag: Option<&str>) -> bool {
        let (Some(recent), Some(tag)) = (&mut self.recent, tag) else { return false };
        let repeated = recent.iter().any(|known| known == tag);
        if !repeated {
            if recent.len() >= REMEMBERED {
                recent.pop_front();
            }
            recent.push_back(tag.to_owned());
        }
        repeated
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use clap::Parser;
    use exporter_core::Format;

    use super::*;
    use crate::config::Config;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    /// What a subscriber received, byte by byte as it came: also messages to workers and results, which are no events.
    #[tokio::test]
    async fn captured_stream_is_read_whole() {
        let settings = Line::try_parse_from(["x", "--broker-url=redis://h"]).unwrap().config.settings().unwrap();
        let shared = Shared::new(&settings);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/redis_main.resp");
        let bytes = fs::read(path).unwrap();
        let mut link = Link::new(Box::new(tokio::io::join(std::io::Cursor::new(bytes), tokio::io::sink())));
        let mut reader = Reader::new(false);
        while link.fill().await.is_ok() {
            link.drain(LIMIT, |reply| {
                let is_event = reply
                    .as_ref()
                    .is_some_and(|reply| reply.parts().get(2).and_then(Reply::bytes).is_some_and(|channel| channel.starts_with(b"/3.celeryev/")));
                if is_event {
                    reader.message(reply, Arrival::now(), &shared);
                }
            })
            .unwrap();
        }
        let mut page = Vec::new();
        shared.registry.encode(Format::Text, &mut page);
        let page = String::from_utf8(page).unwrap();
        for line in [
            "celery_task_total{task_name=\"capp.add\",status=\"succeeded\"} 61",
            "celery_task_total{task_name=\"capp.slow\",status=\"revoked\"} 3",
            "celery_task_total{task_name=\"capp.hard\",status=\"failed\"} 1",
            "celery_events_total{type=\"malformed\"} 0",
            "celery_events_total{type=\"unknown\"} 0",
        ] {
            assert!(page.contains(&format!("{line}\n")), "{line}\n{page}");
        }
    }
}
