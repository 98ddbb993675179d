//! The flags that every exporter has.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;
use crate::server::ListenAddress;

/// What is served, and where.
#[derive(Args, Debug)]
pub(crate) struct WebFlags {
    /// Address on which metrics are served; may be repeated. All interfaces when only a port is given
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    pub(crate) listen_addresses: Vec<ListenAddress>,

    /// Path under which metrics are served
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics", value_parser = path)]
    pub(crate) telemetry_path: String,

    /// Longest time that a page may take; the scraper's own timeout less 0.5s holds if that is shorter
    #[arg(long = "web.scrape-timeout", value_name = "DURATION", default_value = "10s", value_parser = scrape_timeout)]
    pub(crate) scrape_timeout: Duration,
}

/// What is logged, and how.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LogFlags {
    /// Least severe messages that are logged
    #[arg(long = "log.level", value_enum, default_value = "info")]
    pub(crate) level: LogLevel,

    /// Form of the log
    #[arg(long = "log.format", value_enum, default_value = "logfmt")]
    pub(crate) format: LogFormat,
}

/// Severity of a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// Form of a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Logfmt,
    Json,
}

fn path(text: &str) -> Result<String, String> {
    let plain = text.starts_with('/') && text.chars().all(|character| character.is_ascii_alphanumeric() || "/-_.~".contains(character));
    if plain { Ok(text.to_owned()) } else { Err("expected a path such as /metrics".to_owned()) }
}

/// A page that may take no time cannot be served.
fn scrape_timeout(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| if time.is_zero() { Err("expected more than 0s".to_owned()) } else { Ok(time) })
}
