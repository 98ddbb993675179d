//! Flags and variables: upstream's names, defaults and forms.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{ArgAction, Args};
use exporter_core::{CollectorFlag, CollectorFlags, Collectors, ConfigError, Relabeling, Secret, SecretFile, SecretSource, duration, switch};
use metric_catalogue::postgres::PROGRAM;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::{
    collectors::{self, LIMIT, Options, Statements},
    dsn::{self, Dsn, DsnError},
    names::Names,
    password::{Password, Reader},
    source::Shared,
    target::Target,
};

/// The exporter's own flags; the connection comes from variables only, since a command line is readable by all.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Config {
    /// Databases that the per-database collectors visit beside the connected one: all that admit connections
    #[arg(
        long,
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub collect_databases: bool,
    /// The old name of --collect-databases
    #[arg(
        long,
        hide = true,
        env = "PG_EXPORTER_AUTO_DISCOVER_DATABASES",
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub auto_discover_databases: bool,
    /// Databases to visit, separated by commas; all if empty
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub include_databases: Vec<String>,
    /// Databases to leave out, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub exclude_databases: Vec<String>,
    /// Print which column of which collector feeds which metric, and end
    #[arg(long, action = ArgAction::SetTrue)]
    pub dumpmaps: bool,
    /// Most connections beside the kept one; all targets of /probe together have as many
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub extra_connections: usize,
    /// How old sizes and the values of other databases may become before they are measured again
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration)]
    pub background_interval: Duration,
    /// Most tables of a database, and most indexes, that are shown by name in each family; the rest is summed. 0 is no limit
    #[arg(long, value_name = "COUNT", default_value = "5000")]
    pub table_budget: usize,
    /// Most application names that are shown; the rest is counted together. 0 is no limit
    #[arg(long, value_name = "COUNT", default_value = "100")]
    pub application_budget: usize,
    /// Longest time for one collection, where the scrape's own is not shorter
    #[arg(long, env = "PG_EXPORTER_COLLECTION_TIMEOUT", value_name = "DURATION", default_value = "1m", value_parser = duration)]
    pub collection_timeout: Duration,
    /// Leave out what upstream calls default metrics: its static one and those of conflicts
    #[arg(
        long,
        env = "PG_EXPORTER_DISABLE_DEFAULT_METRICS",
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub disable_default_metrics: bool,
    /// File of custom queries; read again when it changes
    #[arg(long = "extend.query-path", env = "PG_EXPORTER_EXTEND_QUERY_PATH", value_name = "FILE")]
    pub query_path: Option<PathBuf>,
    /// File of modules for `/probe`; read again when it changes
    #[arg(long = "config.file", env = "PG_EXPORTER_CONFIG_FILE", value_name = "FILE", default_value = "postgres_exporter.yml")]
    pub modules_file: PathBuf,
    /// Show the text of the statements too, read in the background
    #[arg(
        long = "collector.stat_statements.include_query",
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub statements_include_query: bool,
    /// Longest text of a statement that is shown, in characters
    #[arg(long = "collector.stat_statements.query_length", value_name = "COUNT", default_value = "120")]
    pub statements_query_length: u32,
    /// What names begin with in the place of pg
    #[arg(long, env = "PG_EXPORTER_METRIC_PREFIX", value_name = "PREFIX", default_value = "pg")]
    pub metric_prefix: String,
    /// Labels that every series has, as name=value separated by commas
    #[arg(long = "constantLabels", env = "PG_EXPORTER_CONSTANT_LABELS", value_name = "LABELS", default_value = "")]
    pub constant_labels: String,
    /// The old way to turn the collector `settings` off
    #[arg(
        long,
        env = "PG_EXPORTER_DISABLE_SETTINGS_METRICS",
        hide = true,
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub disable_settings_metrics: bool,
    /// Most statements that the collector `stat_statements` shows
    #[arg(long = "collector.stat_statements.limit", value_name = "COUNT", default_value_t = LIMIT)]
    pub statements_limit: u32,
    /// Databases whose statements are left out, separated by commas
    #[arg(long = "collector.stat_statements.exclude_databases", value_name = "NAMES", value_delimiter = ',')]
    pub statements_exclude_databases: Vec<String>,
    /// Users whose statements are left out, separated by commas
    #[arg(long = "collector.stat_statements.exclude_users", value_name = "NAMES", value_delimiter = ',')]
    pub statements_exclude_users: Vec<String>,
    /// Which collectors run
    #[command(flatten)]
    pub collectors: Collectors<Flags>,
}

impl Config {
    /// Whether a collector runs.
    pub(crate) fn runs(&self, collector: &str) -> bool {
        // A collector's own flag goes before the flags of groups.
        let disabled = match collector {
            "settings" => self.disable_settings_metrics,
            "stat_database_conflicts" => self.disable_default_metrics,
            "database_size" => !self.collectors.runs("database"),
            _ => false,
        };
        self.collectors.runs(collector) && (!disabled || self.collectors.is_given(collector))
    }

    /// Whether databases beside the connected one are visited.
    pub(crate) const fn visits_all(&self) -> bool {
        self.collect_databases || self.auto_discover_databases
    }

    /// Constant labels, and another prefix of names.
    pub(crate) fn relabeling(&self) -> Result<Relabeling, ConfigError> {
        let pairs = self.constant_labels.split(',').filter(|pair| !pair.trim().is_empty());
        Relabeling::default().with_labels("--constantLabels", pairs, PROGRAM.metrics())?.with_prefix(
            "--metric-prefix",
            "pg_",
            &format!("{}_", self.metric_prefix),
        )
    }

    /// Says which flags of old command lines have no effect.
    pub(crate) fn warn(&self) {
        if self.collectors.runs(OBSOLETE) {
            warn!("--collector.{OBSOLETE} has no effect: its functions went with PostgreSQL 10");
        }
    }

    /// Connections beside the kept one, at most.
    pub(crate) fn further_sessions(&self) -> usize {
        self.extra_connections.clamp(1, Semaphore::MAX_PERMITS)
    }

    /// What several sources share.
    pub(crate) fn shared(&self) -> Shared {
        Shared { budget: Arc::new(Semaphore::new(self.further_sessions())), names: Arc::default() }
    }

    /// What single collectors need to know.
    pub(crate) fn options(&self, server: &str, names: &Arc<Names>) -> Options {
        Options {
            server: server.to_owned(),
            excluded_databases: self.exclude_databases.clone(),
            table_budget: self.table_budget,
            application_budget: self.application_budget,
            without_static: self.disable_default_metrics,
            names: Arc::clone(names),
            statements: Statements {
                limit: self.statements_limit,
                query_length: self.statements_include_query.then_some(self.statements_query_length),
                excluded_databases: self.statements_exclude_databases.clone(),
                excluded_users: self.statements_exclude_users.clone(),
            },
        }
    }
}

/// Part of the page on servers before 10 only; the flag is taken and does nothing.
const OBSOLETE: &str = "xlog_location";

/// What upstream called some collectors before.
const FORMER: [(&str, &str); 2] = [("bgwriter", "stat_bgwriter"), ("replication_slot", "replication_slots")];

/// Collectors whose work is done in the background.
const BACKGROUND: [&str; 4] = ["wal", "temp_files", "sequences", "database_size"];

/// One flag for every collector that there is.
#[derive(Clone, Copy, Debug)]
pub struct Flags;

impl CollectorFlags for Flags {
    fn all() -> Vec<CollectorFlag> {
        let former = |name| FORMER.iter().find(|(_, now)| *now == name).map(|(former, _)| *former);
        let all = collectors::all(&Options::default());
        let background = BACKGROUND.iter().map(|name| (*name, true));
        let flags = all.iter().map(|collector| (collector.name(), collector.is_default())).chain(background).chain([(OBSOLETE, false)]);
        flags.map(|(name, default)| CollectorFlag { name, default, former: former(name) }).collect()
    }
}

/// libpq's variables, and the parameters that they stand for where the connection string has none.
const LIBPQ: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGAPPNAME", "application_name"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

/// The server to read, from variables: `DATA_SOURCE_NAME`, or else `DATA_SOURCE_URI`, `_USER`, `_PASS` and their `_FILE` forms;
/// what these leave open comes from libpq's variables.
pub(crate) fn target(variable: &impl Fn(&str) -> Option<String>) -> Result<Target, ConfigError> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (mut dsn, password) = match (variable("DATA_SOURCE_NAME"), read(&variable, "DATA_SOURCE_NAME_FILE")?) {
        (Some(names), _) => (named(&names)?, None),
        (None, Some(names)) => inside(named(&names)?, variable("DATA_SOURCE_NAME_FILE"), first),
        (None, None) => parts(&variable)?,
    };
    for (name, parameter) in LIBPQ {
        dsn.set_default(parameter, variable(name));
    }
    let target = Target::new(&dsn, password).map_err(|error| ConfigError::new("connection", &error.to_string(), dsn::EXPECTED))?;
    if !target.ignored.is_empty() {
        warn!(parameters = target.ignored.join(" "), "Parameters of the connection string have no effect here");
    }
    Ok(target)
}

/// A connection string from a file; if it holds the password, that is read there again for each connection.
fn inside(dsn: Dsn, file: Option<String>, reader: Reader) -> (Dsn, Option<Password>) {
    let password = dsn.get("password").and(file).map(|file| Password::Inside(PathBuf::from(file), reader));
    (dsn, password)
}

/// What to do with several servers.
const ONE: &str = "one: give each server an exporter of its own, or list the others under auth_modules in postgres_exporter.yml and scrape /probe";

/// Of several servers, upstream reads most collectors from the first only, and the rest from all. That serves nobody.
fn named(names: &str) -> Result<Dsn, ConfigError> {
    let names = dsn::split(names);
    if names.len() > 1 {
        return Err(ConfigError::new("DATA_SOURCE_NAME", &format!("{} servers", names.len()), ONE));
    }
    first(names.first().copied().unwrap_or_default()).map_err(|error| ConfigError::new("DATA_SOURCE_NAME", &error.to_string(), dsn::EXPECTED))
}

fn first(names: &str) -> Result<Dsn, DsnError> {
    Dsn::parse(dsn::split(names).first().copied().unwrap_or_default())
}

fn parts(variable: &impl Fn(&str) -> Option<String>) -> Result<(Dsn, Option<Password>), ConfigError> {
    let parse = |uri: &str| Dsn::parse_rest(uri).map_err(|error| ConfigError::new("DATA_SOURCE_URI", &error.to_string(), "host:port/database"));
    let (mut dsn, mut password) = match (variable("DATA_SOURCE_URI"), read(variable, "DATA_SOURCE_URI_FILE")?) {
        (Some(uri), _) => (parse(&uri)?, None),
        (None, Some(uri)) => inside(parse(&uri)?, variable("DATA_SOURCE_URI_FILE"), Dsn::parse_rest),
        (None, None) => (Dsn::default(), None),
    };
    if let Some(user) = variable("DATA_SOURCE_USER").or(read(variable, "DATA_SOURCE_USER_FILE")?) {
        dsn.set("user", &user);
    }
    if let Some(file) = variable("DATA_SOURCE_PASS_FILE") {
        let file = SecretSource::File(SecretFile::from(PathBuf::from(file)));
        file.read().map_err(|error| ConfigError::of("DATA_SOURCE_PASS_FILE", &error))?;
        password = Some(Password::Given(file));
    } else if let Some(given) = variable("DATA_SOURCE_PASS") {
        password = Some(Password::Given(SecretSource::Value(Secret::new(given))));
    }
    Ok((dsn, password))
}

/// What the file holds that a variable names.
fn read(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<String>, ConfigError> {
    let Some(path) = variable(name) else { return Ok(None) };
    let secret = SecretFile::from(PathBuf::from(path)).read().map_err(|error| ConfigError::of(name, &error))?;
    Ok(Some(secret.reveal().trim().to_owned()))
}

#[cfg(test)]
mod tests;
