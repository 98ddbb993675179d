//! From `main` to a serving exporter.

use std::{io::Write, process::ExitCode, sync::Arc};

use clap::{ArgMatches, Args, FromArgMatches, parser::ValueSource};
use tracing::{error, info};

use crate::{
    check,
    flags::{self, ConfigError, LogFlags, Parsed, WebFlags, web::LogLevel},
    flight::Source,
    healthcheck, log,
    page::Pool,
    relabeling::Relabeling,
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
    /// Whether a collection shows what was read before it, so that a first one may come too early: `check` waits then.
    const READS_IN_BACKGROUND: bool = false;
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

    /// Constant labels, and another prefix of names.
    ///
    /// # Errors
    /// The configuration asks for what cannot be.
    fn relabeling(_config: &Self::Config) -> Result<Relabeling, ConfigError> {
        Ok(Relabeling::default())
    }

    /// What the exporter's own flags say of core's.
    fn aliases(_config: &Self::Config) -> Aliases {
        Aliases::default()
    }

    /// Further lines of the subcommand `check`, after its collection: what to do about what does not work.
    fn check(_source: &Self::Source) -> Vec<String> {
        Vec::new()
    }
}

/// Values of core's flags under the names that the exporter's predecessor had for them; core's own names go before.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// Address to listen on, as `--web.listen-address` takes it.
    pub listen_address: Option<String>,
    /// Level of the log in any program's words: `INFO`, `warning`, `critical`.
    pub log_level: Option<String>,
}

/// The whole of an exporter's `main`.
///
/// Exit codes: 0 after SIGTERM, 1 if it cannot serve, is not healthy or finds something wrong, 2 if the configuration is
/// wrong.
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
    let mut web = WebFlags::from_arg_matches(&matches).map_err(invalid)?;
    let mut log = LogFlags::from_arg_matches(&matches).map_err(invalid)?;
    let config = E::Config::from_arg_matches(&matches).map_err(invalid);
    if let Ok(config) = &config {
        apply(E::aliases(config), &matches, &mut web, &mut log)?;
    }
    if matches.subcommand_name() == Some("healthcheck") {
        return Ok(healthy::<E>(&web));
    }
    let config = config?;
    log::start(log);
    let relabeling = E::relabeling(&config)?.sparing(E::OWN);
    let ended = if matches.subcommand_name() == Some("check") {
        check::run::<E>(E::source(config)?, web.scrape_timeout, web.limits())
    } else {
        let limits = Limits::new(Web::start(web.config_file())?);
        let pool = Pool::new(web.limits(), relabeling);
        serve::<E>(web, E::source(config)?, limits, pool).map(|()| ExitCode::SUCCESS)
    };
    Ok(ended.unwrap_or_else(|error| {
        error!(%error, "Cannot serve");
        ExitCode::FAILURE
    }))
}

/// Takes aliases where the flag itself is not given.
fn apply(aliases: Aliases, matches: &ArgMatches, web: &mut WebFlags, log: &mut LogFlags) -> Result<(), ConfigError> {
    let is_open = |id: &str| matches.value_source(id).is_none_or(|source| source == ValueSource::DefaultValue);
    if let Some(address) = aliases.listen_address.filter(|_| is_open("listen_addresses")) {
        let parsed = address.parse::<server::ListenAddress>();
        web.listen_addresses = vec![parsed.map_err(|error| ConfigError::of(&format!("listen address {address:?}"), &error))?];
    }
    if let Some(level) = aliases.log_level.filter(|_| is_open("level")) {
        log.level = LogLevel::of(&level).ok_or_else(|| ConfigError::new("--log.level", &level, "one of debug, info, warn, error"))?;
    }
    Ok(())
}

fn healthy<E: Exporter>(web: &WebFlags) -> ExitCode {
    match web.listen_addresses.first().map(|address| healthcheck::ask(address, web.config_file())) {
        Some(Err(error)) => {
            let _ = writeln!(std::io::stderr(), "{}: not healthy: {error}", E::NAME);
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One thread: a scrape mostly waits, and a second one would only cost memory.
fn serve<E: Exporter>(web: WebFlags, mut source: E::Source, limits: Limits, pool: Pool) -> std::io::Result<()> {
    source.set_limits(web.limits());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let limits = Arc::new(limits);
        let listeners = web.listeners().await?;
        let tls = limits.web().current().tls.is_some();
        for listener in &listeners {
            info!(address = listener.address(), path = web.telemetry_path, tls, version = crate::VERSION, "Listening");
        }
        let site = E::site(&source);
        let runner = Runner::new(source, E::OWN, Arc::clone(&limits), pool);
        let routes = Routes::new(runner, E::NAME, web.telemetry_path, web.scrape_timeout, Arc::clone(&limits)).with_site(site);
        server::serve(listeners, routes, limits).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Args, Debug)]
    struct Nothing {}

    #[test]
    fn own_flags_go_before_aliases() {
        let aliases = Aliases { listen_address: Some("127.0.0.1:9540".to_owned()), log_level: Some("WARNING".to_owned()) };
        let own: [(&[&str], _, _); 3] = [
            (&["test"], "127.0.0.1:9540", LogLevel::Warn),
            (&["test", "check", "--log.level=debug"], "127.0.0.1:9540", LogLevel::Debug),
            (&["test", "--web.listen-address=:1"], ":1", LogLevel::Warn),
        ];
        for (arguments, address, level) in own {
            let command = flags::command::<Nothing>("test", "ALIASES_TEST", ":9999");
            let Ok(Parsed::Flags(matches)) = flags::parse(command, arguments.iter().map(Into::into)) else { panic!("{arguments:?}") };
            let (mut web, mut log) = (WebFlags::from_arg_matches(&matches).unwrap(), LogFlags::from_arg_matches(&matches).unwrap());
            apply(aliases.clone(), &matches, &mut web, &mut log).unwrap();
            let addresses: Vec<_> = web.listen_addresses.iter().map(ToString::to_string).collect();
            assert_eq!((addresses, log.level), (vec![address.to_owned()], level), "{arguments:?}");
        }
    }

    #[test]
    fn alias_that_cannot_be_is_refused() {
        let command = flags::command::<Nothing>("test", "ALIASES_TEST", ":9999");
        let Ok(Parsed::Flags(matches)) = flags::parse(command, std::iter::once("test".into())) else { panic!("no flags") };
        let (mut web, mut log) = (WebFlags::from_arg_matches(&matches).unwrap(), LogFlags::from_arg_matches(&matches).unwrap());
        for (aliases, place) in [
            (Aliases { listen_address: Some("nowhere".to_owned()), log_level: None }, "\"nowhere\""),
            (Aliases { listen_address: None, log_level: Some("loud".to_owned()) }, "--log.level: found \"loud\""),
        ] {
            let error = apply(aliases, &matches, &mut web, &mut log).unwrap_err().to_string();
            assert!(error.contains(place) && !error.contains('\n'), "{error}");
        }
    }
}
