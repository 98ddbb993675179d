//! The flags that every exporter has.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};

use super::{duration, switch};
use crate::{
    samples::Limits,
    server::{ListenAddress, Listener},
};

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

    /// Most series of one family that is read from the target; more are left out and counted
    #[arg(long = "web.series-limit", value_name = "COUNT", default_value = "20000", value_parser = clap::value_parser!(u32).range(1..))]
    series_limit: u32,

    /// File with TLS, client certificates, users, headers and rate, in the format of Prometheus' exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,

    /// Serve on the sockets that systemd activated, instead of the listen addresses
    #[arg(long = "web.systemd-socket", action = clap::ArgAction::Set, value_parser = switch, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(crate) systemd_socket: bool,
}

impl WebFlags {
    /// The web configuration, if there is one.
    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref().filter(|file| !file.as_os_str().is_empty())
    }

    /// Bounds of a collection.
    pub(crate) fn limits(&self) -> Limits {
        Limits { series_per_family: usize::try_from(self.series_limit).unwrap_or(usize::MAX), ..Limits::default() }
    }

    /// The sockets to serve on.
    pub(crate) async fn listeners(&self) -> io::Result<Vec<Listener>> {
        if self.systemd_socket {
            return Listener::activated().map_err(|error| io::Error::new(error.kind(), format!("--web.systemd-socket: {error}")));
        }
        let mut listeners = Vec::new();
        for address in &self.listen_addresses {
            let bound = address.bind().await.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
            listeners.push(Listener::Tcp(bound));
        }
        Ok(listeners)
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    /// The level that other programs call so, in any case.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "trace" | "debug" => Some(Self::Debug),
            "info" | "notice" => Some(Self::Info),
            "warn" | "warning" => Some(Self::Warn),
            "error" | "critical" | "fatal" => Some(Self::Error),
            _ => None,
        }
    }
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
