//! The log: to stderr, in logfmt or JSON.

use std::{io, panic};

use tracing::{error, level_filters::LevelFilter};
use tracing_subscriber::{Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::flags::{
    LogFlags,
    web::{LogFormat, LogLevel},
};

mod episode;

pub(crate) use episode::Episode;

/// Starts logging; a panic becomes a message too, since it is contained and the exporter goes on.
pub(crate) fn start(flags: LogFlags) {
    let level = match flags.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let layer = match flags.format {
        LogFormat::Logfmt => tracing_logfmt::builder().with_target(false).layer().with_writer(io::stderr).boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false).with_writer(io::stderr).boxed(),
    };
    tracing_subscriber::registry().with(level).with(layer).init();
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(place, "The exporter has a defect: {}", panic.payload_as_str().unwrap_or("no message"));
    }));
}

#[cfg(test)]
pub(crate) mod captured;
