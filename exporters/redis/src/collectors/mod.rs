//! What is asked of the server, and how each reply becomes samples.

use std::fmt::Debug;

use exporter_core::Samples;
use redis::Value;

use crate::{command::Command, reply::ReplyError, state::State};

mod cluster_info;
mod commandlog;
mod config;
mod info;
mod latency_histogram;
mod latency_latest;
mod sentinel_masters;
mod sentinel_peers;
mod sentinel_quorum;
mod slowlog;

pub use info::{INFO, empty_databases};

/// One question to the server.
pub trait Collector: Debug + Sync {
    /// As on the page: `info`.
    fn name(&self) -> &'static str;

    /// What to send to the server as far as it is known; nothing where the server would answer with an error.
    fn requests(&self, state: &State) -> Vec<Command>;

    /// Reads the replies, one for each request and in that order.
    ///
    /// # Errors
    /// A reply is an error or not what the command answers with.
    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError>;
}

/// Every collector in the order of asking: what others need first, the dearest last, so that it delays nothing.
pub const ALL: &[&dyn Collector] = &[
    &info::Info,
    &config::Config,
    &slowlog::Length,
    &slowlog::Last,
    &commandlog::SLOW,
    &commandlog::LARGE_REQUEST,
    &commandlog::LARGE_REPLY,
    &cluster_info::ClusterInfo,
    &sentinel_masters::SentinelMasters,
    &sentinel_quorum::SentinelQuorum,
    &sentinel_peers::SENTINELS,
    &sentinel_peers::REPLICAS,
    &latency_latest::LatencyLatest,
    &latency_histogram::LatencyHistogram,
];

/// The request of a collector that asks every server but Sentinels, which know few commands.
fn unless_sentinel(state: &State, words: &[&'static str]) -> Vec<Command> {
    match &state.server {
        Some(server) if !server.sentinel => vec![Command::new(words)],
        _ => Vec::new(),
    }
}
