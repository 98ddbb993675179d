//! From `main` to a serving exporter.

use std::{io::Write, process::ExitCode, sync::Arc};

use clap::{Args, FromArgMatches};
use tracing::{error, info};

use crate::{
    flags::{self, ConfigError, LogFlags, Parsed, WebFlags},
    flight::Source,
    healthcheck, log,
    runner::Runner,
    server::{self, Limits, Routes},
    site::Site,
    web_config::Web,
};

/// What makes one exporter different from the others.
pub trait Exporter {
    /// Name of the program: `redis-exporter`.
    const NAME: &'static str;
    /// First part of the variable of each flag that names none itself: `REDIS_EXPORTER`.
    const ENVIRONMENT: &'static str;
    /// The port that this kind of exporter is known by: `:9121`.
    const DEFAULT_LISTEN_ADDRESS: &'static str;
    /// Its own metrics, in its namespace.
    const OWN: &'static metric_catalogue::exporter::Exporter;
    /// The flags that only it has.
    type Config: Args + std::fmt::Debug;
    /// What reads the target.
    type Source: Source + std::fmt::Debug;

    /// Makes the source; the target need not be there yet.
    ///
    /// # Errors
    /// Something in the configuration cannot be used.
    fn source(config: Self::Config) -> Result<Self::Source, ConfigError>;

    /// Further paths, if the exporter has some; made with the source that serves its own page.
    fn site(_source: &Self::Source) -> Option<Arc<dyn Site>> {
        None
    }
}

/// The whole of an exporter's `main`.
///
/// Exit codes: 0 after SIGTERM, 1 if it cannot serve or is not healthy, 2 if the configuration is wrong.
#[must_use]
pub fn run<E: Exporter>() -> ExitCode {
    match start::<E>() {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error}", E::NAME);
            ExitCode::from(2)
        }
    }
}

fn start<E: Exporter>() -> Result<ExitCode, ConfigError> {
    let command = flags::command::<E::Config>(E::NAME, E::ENVIRONMENT, E::DEFAULT_LISTEN_ADDRESS);
    let matches = match flags::parse(command, std::env::args_os())? {
        Parsed::Flags(matches) => matches,
        Parsed::Text(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
    };
    let invalid = |error: clap::Error| ConfigError::of("command line", &error);
    let web = WebFlags::from_arg_matches(&matches).map_err(invalid)?;
    if matches.subcommand_name() == Some("healthcheck") {
        return Ok(check::<E>(&web));
    }
    log::start(LogFlags::from_arg_matches(&matches).map_err(invalid)?);
    let limits = Limits::new(Web::start(web.config_file())?);
    let source = E::source(E::Config::from_arg_matches(&matches).map_err(invalid)?)?;
    match serve::<E>(web, source, limits) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            error!(%error, "Cannot serve");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn check<E: Exporter>(web: &WebFlags) -> ExitCode {
    match web.listen_addresses.first().map(|address| healthcheck::ask(address, web.config_file())) {
        Some(Err(error)) => {
            let _ = writeln!(std::io::stderr(), "{}: not healthy: {error}", E::NAME);
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One thread: a scrape mostly waits, and a second one would only cost memory.
fn serve<E: Exporter>(web: WebFlags, source: E::Source, limits: Limits) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let limits = Arc::new(limits);
        let listeners = web.listeners().await?;
        let tls = limits.web().current().tls.is_some();
        for listener in &listeners {
            info!(address = listener.address(), path = web.telemetry_path, tls, version = crate::VERSION, "Listening");
        }
        let site = E::site(&source);
        let runner = Runner::new(source, E::OWN, Arc::clone(&limits));
        let routes = Routes::new(runner, E::NAME, web.telemetry_path, web.scrape_timeout, Arc::clone(&limits)).with_site(site);
        server::serve(listeners, routes, limits).await
    })
}
