//! Metrics of a Redis, Valkey or `KeyDB` server, or of a Sentinel.
//!
//! One connection is kept, and each scrape is one pipelined round trip on it: [`source`] sends what the [`collectors`]
//! ask for and hands each its replies. What to ask depends on what the server said of itself before ([`state`]); a reply
//! that changes the answer to that makes a second round trip, so the first page after a start is complete.

use exporter_core::{ConfigError, Exporter};
use metric_catalogue::redis::exporter::EXPORTER;

pub mod address;
pub mod collectors;
pub mod command;
pub mod config;
pub mod fields;
pub mod reply;
pub mod source;
pub mod state;

mod connect;
mod credentials;
mod link;
mod scrapes;

/// The exporter: what core needs to know to run it.
#[derive(Debug)]
pub struct Redis;

impl Exporter for Redis {
    const NAME: &'static str = "redis-exporter";
    const ENVIRONMENT: &'static str = "REDIS_EXPORTER";
    const DEFAULT_LISTEN_ADDRESS: &'static str = ":9121";
    const OWN: &'static metric_catalogue::exporter::Exporter = &EXPORTER;
    type Config = config::Config;
    type Source = source::Server;

    fn source(config: Self::Config) -> Result<Self::Source, ConfigError> {
        Ok(source::Server::new(config.target()?))
    }
}
