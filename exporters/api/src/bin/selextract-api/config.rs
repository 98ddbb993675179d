//! Flags and variables.

use std::{ffi::OsString, net::IpAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use api_metrics::{
    Credentials, TrustedProxies,
    metrics_page::{Access, Open},
};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable};
use exporter_core::{ClientTls, Secret, SecretFile, duration};

use crate::{
    log::{LogFormat, LogLevel},
    simulate::Plan,
    web_config::WebConfig,
};

/// The reference API of Selextract Cloud, which exposes its metrics under /metrics
#[derive(Debug, Parser)]
#[command(name = "selextract-api", version)]
pub(crate) struct Config {
    /// Address to serve on; all interfaces when only a port is given
    #[arg(long = "web.listen-address", env = "SELEXTRACT_API_LISTEN_ADDRESS", value_name = "ADDRESS", default_value = ":8000")]
    pub(crate) listen_address: String,
    /// Web configuration file with basic_auth_users, who may read /metrics and /alerts
    #[arg(long = "web.config.file", env = "SELEXTRACT_API_WEB_CONFIG_FILE", value_name = "FILE", conflicts_with = "metrics_token_file")]
    web_config_file: Option<PathBuf>,
    /// File with the bearer token for /metrics and /alerts; without it and a web configuration file both are open
    #[arg(long = "metrics.token-file", env = "METRICS_TOKEN_FILE", value_name = "FILE")]
    metrics_token_file: Option<PathBuf>,
    /// User that Alertmanager logs in to the webhook with
    #[arg(long = "webhook.user", env = "ALERTMANAGER_WEBHOOK_USER", value_name = "USER", default_value = "alertmanager")]
    webhook_user: String,
    /// File with that user's password; without it anybody may post alerts
    #[arg(long = "webhook.password-file", env = "ALERTMANAGER_WEBHOOK_PASSWORD_FILE", value_name = "FILE")]
    webhook_password_file: Option<PathBuf>,
    /// File with the token that workers report completed tasks with; without it anybody may where the service listens on loopback only, and nobody elsewhere
    #[arg(long = "worker.token-file", env = "SELEXTRACT_API_WORKER_TOKEN_FILE", value_name = "FILE")]
    pub(crate) worker_token_file: Option<PathBuf>,
    /// Proxies that every request passes through and that append to X-Forwarded-For
    #[arg(long = "trusted-proxies", env = "SELEXTRACT_API_TRUSTED_PROXIES", value_name = "NUMBER", default_value_t = 0)]
    trusted_proxies: usize,
    /// PostgreSQL with users, tasks and sessions: postgresql://user@host/database, with ?sslmode=require for TLS; in memory if not set
    #[arg(long = "postgres.dsn", env = "POSTGRES_DSN", value_name = "DSN", hide_env_values = true)]
    pub(crate) postgres_dsn: Option<Secret>,
    /// File with the password for PostgreSQL, where the DSN holds none
    #[arg(long = "postgres.password-file", env = "POSTGRES_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) postgres_password_file: Option<PathBuf>,
    /// Redis with cache and rate limits: redis://host:port/database, or rediss:// for TLS; in memory if not set
    #[arg(long = "redis.addr", env = "REDIS_ADDR", value_name = "ADDRESS", hide_env_values = true)]
    pub(crate) redis_address: Option<Secret>,
    /// File with the password for Redis and for the broker, where the address holds none
    #[arg(long = "redis.password-file", env = "REDIS_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) redis_password_file: Option<PathBuf>,
    /// Celery's broker, a redis:// or rediss:// URL; tasks are not queued if not set
    #[arg(long = "celery.broker-url", env = "CELERY_BROKER_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) celery_broker_url: Option<Secret>,
    /// File with the certificate authorities to trust, instead of the system's, for PostgreSQL, Redis and the broker
    #[arg(long = "tls.ca-file", env = "SELEXTRACT_API_TLS_CA_FILE", value_name = "FILE")]
    pub(crate) tls_ca_file: Option<PathBuf>,
    /// Celery's queue for tasks
    #[arg(long = "celery.queue", env = "CELERY_QUEUE", value_name = "NAME", default_value = "celery")]
    pub(crate) celery_queue: String,
    /// Requests per minute that one client may send to an endpoint with a limit
    #[arg(long = "rate-limit", env = "SELEXTRACT_API_RATE_LIMIT", value_name = "NUMBER", default_value_t = 60)]
    pub(crate) rate_limit: u32,
    /// Fewer compute units than this are few
    #[arg(long = "units.low", env = "SELEXTRACT_API_UNITS_LOW", value_name = "UNITS", default_value_t = 10.0)]
    pub(crate) units_low: f64,
    /// Send plausible traffic to this service itself
    #[arg(long)]
    simulate: bool,
    /// Seed of the simulated traffic
    #[arg(long = "simulate.seed", value_name = "NUMBER", default_value_t = 1)]
    simulate_seed: u64,
    /// Simulated requests per second at the busiest time of the day
    #[arg(long = "simulate.rate", value_name = "NUMBER", default_value_t = 10.0, value_parser = rate)]
    simulate_rate: f64,
    /// Length of the simulated day
    #[arg(long = "simulate.day", value_name = "DURATION", default_value = "10m", value_parser = day)]
    simulate_day: Duration,
    /// Form of the log
    #[arg(long = "log.format", value_enum, default_value = "logfmt")]
    pub(crate) log_format: LogFormat,
    /// Least severe messages that are logged
    #[arg(long = "log.level", value_enum, default_value = "info")]
    pub(crate) log_level: LogLevel,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask the running service whether it is healthy; exit code 0 if it is
    Healthcheck,
}

impl Config {
    /// Reads the command line; an empty variable counts as unset, since compose passes those on.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let command = Self::command().mut_args(|arg| {
            let empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
            if empty { arg.env(Resettable::Reset) } else { arg }
        });
        Self::from_arg_matches(&command.try_get_matches_from(std::env::args_os().map(two_dashes))?)
    }

    /// How servers are verified where TLS is asked for.
    pub(crate) fn tls(&self) -> ClientTls {
        ClientTls { ca: self.tls_ca_file.clone(), ..ClientTls::default() }
    }

    /// Who may read the page and the alerts.
    pub(crate) fn access(&self) -> anyhow::Result<Box<dyn Access>> {
        if let Some(token) = &self.metrics_token_file {
            return Ok(Box::new(Credentials::bearer(token.clone().into())));
        }
        match &self.web_config_file {
            Some(file) => Ok(Box::new(WebConfig::read(file).context("--web.config.file")?)),
            None => Ok(Box::new(Open)),
        }
    }

    pub(crate) fn webhook_credentials(&self) -> Option<Credentials> {
        self.webhook_password_file.clone().map(|file| Credentials::basic(self.webhook_user.clone(), SecretFile::from(file)))
    }

    pub(crate) const fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies(self.trusted_proxies)
    }

    /// Whether only this machine reaches the service.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.listen_address.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }

    pub(crate) fn simulation(&self) -> Option<Plan> {
        self.simulate.then_some(Plan { seed: self.simulate_seed, rate: self.simulate_rate, day: self.simulate_day })
    }
}

/// Go's `-flag` as `--flag`; a single letter stays as it is.
fn two_dashes(argument: OsString) -> OsString {
    let single = argument.to_str().and_then(|text| text.strip_prefix('-')).filter(|name| name.len() > 1 && !name.starts_with('-'));
    single.map(|name| OsString::from(format!("--{name}"))).unwrap_or(argument)
}

/// More than a demonstration needs would be a load test.
fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|rate| (0.1..=500.0).contains(rate)).ok_or_else(|| "expected a number from 0.1 to 500".to_owned())
}

fn day(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|day| if day >= Duration::from_secs(10) { Ok(day) } else { Err("expected at least 10s".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_runs_alone_without_flags() {
        let config = Config::try_parse_from(["selextract-api"]).unwrap();
        assert!(config.simulation().is_none() && config.webhook_credentials().is_none());
        assert_eq!((config.trusted_proxies(), &*config.listen_address), (TrustedProxies(0), ":8000"));
    }

    #[test]
    fn simulation_trusts_nobody_and_is_bounded() {
        let config = Config::try_parse_from(["selextract-api", "--simulate"]).unwrap();
        assert_eq!(config.trusted_proxies(), TrustedProxies(0));
        assert!(Config::try_parse_from(["selextract-api", "--simulate.rate=1e9"]).is_err());
    }

    #[test]
    fn loopback_is_local_and_all_interfaces_are_not() {
        for (address, local) in [
            ("127.0.0.1:8000", true),
            ("localhost:8000", true),
            ("[::1]:8000", true),
            (":8000", false),
            ("0.0.0.0:8000", false),
            ("192.0.2.1:8000", false),
            ("localhost.example:8000", false),
        ] {
            let config = Config::try_parse_from(["selextract-api", "--web.listen-address", address]).unwrap();
            assert_eq!(config.is_local(), local, "{address}");
        }
    }

    #[test]
    fn single_dash_is_taken() {
        for (given, read) in [("-rate-limit=7", "--rate-limit=7"), ("--rate-limit=7", "--rate-limit=7"), ("-h", "-h"), ("-", "-"), ("x-y", "x-y")] {
            assert_eq!(two_dashes(given.into()), read);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = Config::try_parse_from(["selextract-api", "--postgres.dsn=postgresql://u:CANARY@h/d"]).unwrap();
        assert!(!format!("{config:?}").contains("CANARY"));
    }
}
