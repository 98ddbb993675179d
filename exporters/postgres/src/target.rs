//! One server to be read: where it is, as whom, and over what kind of connection.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use exporter_core::{Secret, SecretError, SecretSource};
use tokio_postgres::{
    Config,
    config::{ChannelBinding, Host, SslNegotiation, TargetSessionAttrs},
};
use tracing::warn;

use crate::{
    dsn::{self, Dsn, DsnError},
    tls::Tls,
};

/// Asked of every session. A kept connection must not hold anything up: it reads only, never waits for a lock, and is
/// not ended for being idle between scrapes.
const SESSION: &[(&str, &str)] = &[
    ("default_transaction_read_only", "on"),
    ("search_path", "pg_catalog"),
    ("lock_timeout", "50"),
    ("jit", "off"),
    ("idle_session_timeout", "0"),
    ("client_min_messages", "error"),
    (MARK, "ours"),
];

/// A parameter that nobody else has: where it does not hold, a pooler has dropped what we asked of the session.
pub(crate) const MARK: &str = "postgres_exporter.session";

/// How the server names us in `pg_stat_activity`, unless the connection string says otherwise.
const APPLICATION: &str = "postgres-exporter";

/// Longest time for one connection attempt, where the connection string has none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Parameters that a connection string may hold and that are not the server's.
const OURS: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "passfile",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslnegotiation",
    "channel_binding",
    "connect_timeout",
    "application_name",
    "fallback_application_name",
    "options",
    "target_session_attrs",
    "keepalives",
    "keepalives_idle",
    "client_encoding",
    "sslinline",
    "sslsni",
    "gssencmode",
    "krbsrvname",
    "binary_parameters",
    "disable_prepared_binary_result",
];

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Target {
    config: Config,
    password: Option<SecretSource>,
    passfile: Option<PathBuf>,
    /// What follows `-c` at the start of a session.
    parameters: String,
    pub(crate) tls: Tls,
    /// `host:port` for the label `server`.
    pub(crate) name: String,
    /// Where connections may go, if whoever asks chose the server.
    pins: Option<Pins>,
}

/// The addresses of a host that was resolved and found to be allowed. Connections go there and nowhere else, so that a name
/// cannot stand for another address by the time it is used.
pub(crate) type Pins = Arc<Mutex<Vec<IpAddr>>>;

/// A host that has no address and never will (RFC 6761): connecting there fails as it does to any name that does not resolve.
const NOWHERE: &str = "unresolved.invalid";

impl Target {
    /// Reads a complete set of parameters.
    pub(crate) fn new(dsn: &Dsn, password: Option<SecretSource>) -> Result<Self, DsnError> {
        let tls = Tls::new(dsn)?;
        let mut config = Config::new();
        let hosts = dsn.get("host").unwrap_or("localhost");
        for host in hosts.split(',') {
            config.host(host);
        }
        let ports = dsn.get("port").unwrap_or("5432");
        for port in ports.split(',') {
            let port = if port.is_empty() { Ok(5432) } else { port.trim().parse() };
            config.port(port.map_err(|_| DsnError::Value { parameter: "port", expected: "a number up to 65535" })?);
        }
        for address in dsn.get("hostaddr").into_iter().flat_map(|addresses| addresses.split(',')) {
            config.hostaddr(address.trim().parse().map_err(|_| DsnError::Value { parameter: "hostaddr", expected: "an IP address" })?);
        }
        if let Some(user) = dsn.get("user") {
            config.user(user);
        }
        if let Some(database) = dsn.get("dbname") {
            config.dbname(database);
        }
        config.ssl_mode(tls.mode).application_name(dsn.get("application_name").unwrap_or(APPLICATION));
        connection(&mut config, dsn)?;
        let name = format!("{}:{}", hosts.split(',').next().unwrap_or_default(), ports.split(',').next().unwrap_or_default());
        let given = dsn.get("password").map(|password| SecretSource::Value(Secret::new(password.to_owned())));
        let passfile = dsn.get("passfile").map(PathBuf::from);
        Ok(Self { config, password: password.or(given), passfile, parameters: parameters(dsn), tls, name, pins: None })
    }

    /// The driver's configuration for one connection, with the password as it is now.
    ///
    /// `plain` leaves out what a pooler between us and the server refuses.
    pub(crate) fn config(&self, database: Option<&str>, plain: bool) -> Config {
        let mut config = self.config.clone();
        if let Some(pins) = &self.pins {
            pin(&mut config, &pins.lock().unwrap_or_else(PoisonError::into_inner));
        }
        match self.read_password() {
            Ok(Some(password)) => {
                config.password(password.reveal());
            }
            Ok(None) => {}
            // The server says what comes of it.
            Err(error) => warn!(%error, "Password cannot be read"),
        }
        if let Some(database) = database {
            config.dbname(database);
        }
        if !plain {
            config.options(&self.parameters);
        }
        config
    }

    /// From now on, connects to the pinned addresses of its host only.
    pub(crate) fn pinned(mut self, pins: Pins) -> Self {
        self.pins = Some(pins);
        self
    }

    /// Host and port of the only server.
    pub(crate) fn place(&self) -> Option<(&str, u16)> {
        match self.config.get_hosts() {
            [Host::Tcp(host)] => Some((host, self.config.get_ports().first().copied()?)),
            _ => None,
        }
    }

    /// The role, if one is named.
    pub(crate) fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    fn read_password(&self) -> Result<Option<Secret>, SecretError> {
        match (&self.password, &self.passfile) {
            (Some(password), _) => password.read().map(Some),
            (None, Some(file)) => {
                let (host, port) = self.name.rsplit_once(':').unwrap_or((&self.name, ""));
                let user = self.config.get_user().unwrap_or_default();
                dsn::password(file, [host, port, self.config.get_dbname().unwrap_or(user), user])
            }
            (None, None) => Ok(None),
        }
    }
}

/// Adds addresses to a configuration of one host; the driver wants as many hosts as addresses.
fn pin(config: &mut Config, addresses: &[IpAddr]) {
    let Some(Host::Tcp(host)) = config.get_hosts().first().cloned() else { return };
    // An address that the configuration itself names has been chosen by the operator.
    if !config.get_hostaddrs().is_empty() {
        return;
    }
    if addresses.is_empty() {
        *config = Config::new();
        config.host(NOWHERE);
    }
    for (position, address) in addresses.iter().enumerate() {
        if position > 0 {
            config.host(&host);
        }
        config.hostaddr(*address);
    }
}

/// How the connection itself is made.
fn connection(config: &mut Config, dsn: &Dsn) -> Result<(), DsnError> {
    let wrong = |parameter, expected| DsnError::Value { parameter, expected };
    let timeout = match dsn.get("connect_timeout") {
        None | Some("0") => CONNECT_TIMEOUT,
        Some(seconds) => seconds.parse().map(Duration::from_secs).map_err(|_| wrong("connect_timeout", "a number of seconds"))?,
    };
    config.connect_timeout(timeout);
    match dsn.get("target_session_attrs") {
        None | Some("any") => {}
        Some("read-write" | "primary") => {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Some("read-only" | "standby") => {
            config.target_session_attrs(TargetSessionAttrs::ReadOnly);
        }
        Some(_) => return Err(wrong("target_session_attrs", "one of any, read-write, read-only, primary, standby")),
    }
    match dsn.get("channel_binding") {
        None | Some("prefer") => {}
        Some("disable") => {
            config.channel_binding(ChannelBinding::Disable);
        }
        Some("require") => {
            config.channel_binding(ChannelBinding::Require);
        }
        Some(_) => return Err(wrong("channel_binding", "one of disable, prefer, require")),
    }
    if dsn.get("sslnegotiation") == Some("direct") {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    Ok(())
}

/// The session's parameters, and those of the connection string that are none of ours: as lib/pq does, they go to the server.
fn parameters(dsn: &Dsn) -> String {
    let foreign = dsn.parameters().filter(|(name, value)| !OURS.contains(name) && !value.is_empty());
    let mut out = String::new();
    for (name, value) in SESSION.iter().copied().chain(foreign) {
        out.push_str("-c ");
        out.push_str(name);
        out.push('=');
        for character in value.chars() {
            if character == '\\' || character.is_whitespace() {
                out.push('\\');
            }
            out.push(character);
        }
        out.push(' ');
    }
    out.push_str(dsn.get("options").unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, DsnError> {
        Target::new(&Dsn::parse(text)?, None)
    }

    #[test]
    fn parameters_of_the_server_are_passed_on() {
        let target = target("host=db user=me search_path='a, b' options='-c work_mem=1MB'").unwrap();
        let options = target.config(None, false);
        assert!(options.get_options().unwrap().ends_with("-c search_path=a,\\ b -c work_mem=1MB"), "{options:?}");
        assert_eq!(target.config(None, true).get_options(), None);
    }

    #[test]
    fn several_hosts_are_tried() {
        let target = target("postgresql://a:1,b/x?target_session_attrs=primary").unwrap();
        let config = target.config(Some("y"), false);
        assert_eq!(config.get_ports(), [1, 5432]);
        assert_eq!(config.get_hosts().len(), 2);
        assert_eq!(config.get_dbname(), Some("y"));
        assert_eq!(target.name, "a:1");
    }

    #[test]
    fn pinned_target_goes_nowhere_else() {
        let pins = Pins::default();
        let target = target("postgresql://db:6000/x").unwrap().pinned(Arc::clone(&pins));
        assert_eq!(target.config(None, false).get_hosts(), [Host::Tcp(NOWHERE.to_owned())]);
        *pins.lock().unwrap() = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let config = target.config(None, false);
        assert_eq!((config.get_hosts().len(), config.get_hostaddrs().len()), (2, 2));
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(target("port=x").unwrap_err().to_string().starts_with("parameter port"));
        assert!(target("connect_timeout=soon").unwrap_err().to_string().starts_with("parameter connect_timeout"));
    }

    #[test]
    fn password_is_not_printed() {
        assert!(!format!("{:?}", target("host=db password=CANARY").unwrap()).contains("CANARY"));
    }
}
