//! One server to be read: where it is, as whom, and over what kind of connection.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use exporter_core::{Secret, SecretSource};
use tokio_postgres::{
    Config,
    config::{ChannelBinding, Host, LoadBalanceHosts, SslNegotiation, TargetSessionAttrs},
};
use tracing::warn;

use crate::{
    dsn::{Dsn, DsnError},
    password::Password,
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

/// The role where none is named. libpq takes the name of the system's user, which an image from scratch does not have.
const USER: &str = "postgres";

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
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "load_balance_hosts",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "client_encoding",
    "sslsni",
    "binary_parameters",
    "disable_prepared_binary_result",
];

/// Parameters of libpq and lib/pq that are nothing to the server and not honoured here.
const IGNORED: &[&str] = &[
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "krbspn",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "servicefile",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslinline",
    "sslkeylogfile",
    "sslpassword",
];

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Target {
    config: Config,
    password: Option<Password>,
    /// What follows `-c` at the start of a session.
    parameters: String,
    pub(crate) tls: Tls,
    /// `host:port` for the label `server`.
    pub(crate) name: String,
    /// Parameters that have no effect.
    pub(crate) ignored: Vec<String>,
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
    pub(crate) fn new(dsn: &Dsn, password: Option<Password>) -> Result<Self, DsnError> {
        let tls = Tls::new(dsn)?;
        if dsn.get("service").is_some() {
            return Err(DsnError::Value { parameter: "service", expected: "known here: write its parameters instead" });
        }
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
        config.user(dsn.get("user").unwrap_or(USER));
        if let Some(database) = dsn.get("dbname") {
            config.dbname(database);
        }
        config.ssl_mode(tls.mode).application_name(dsn.get("application_name").unwrap_or(APPLICATION));
        connection(&mut config, dsn)?;
        keepalives(&mut config, dsn)?;
        let name = format!("{}:{}", hosts.split(',').next().unwrap_or_default(), ports.split(',').next().unwrap_or_default());
        let given = dsn.get("password").map(|password| Password::Given(SecretSource::Value(Secret::new(password.to_owned()))));
        let passfile = dsn.get("passfile").map(|path| Password::Passfile(PathBuf::from(path)));
        let ignored = dsn.parameters().filter(|(name, value)| IGNORED.contains(name) && !value.is_empty()).map(|(name, _)| name.to_owned());
        let ignored = ignored.collect();
        Ok(Self { config, password: password.or(given).or(passfile), parameters: parameters(dsn), tls, name, ignored, pins: None })
    }

    /// The driver's configuration for one connection, with the password as it is now.
    ///
    /// `plain` leaves out what a pooler between us and the server refuses.
    pub(crate) fn config(&self, database: Option<&str>, plain: bool) -> Config {
        let mut config = self.config.clone();
        if let Some(pins) = &self.pins {
            pin(&mut config, &pins.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let (host, port) = self.name.rsplit_once(':').unwrap_or((&self.name, ""));
        let fields = [host, port, self.config.get_dbname().unwrap_or(self.user()), self.user()];
        match self.password.as_ref().map(|password| password.read(fields)).transpose() {
            Ok(Some(Some(password))) => {
                config.password(password.reveal());
            }
            Ok(_) => {}
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

    /// The role.
    pub(crate) fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
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

/// How the system finds out that a connection is dead.
fn keepalives(config: &mut Config, dsn: &Dsn) -> Result<(), DsnError> {
    let number = |parameter| {
        let value = dsn.get(parameter).map(str::parse::<u32>).transpose();
        value.map(|value| value.filter(|value| *value > 0)).map_err(|_| DsnError::Value { parameter, expected: "a number" })
    };
    config.keepalives(dsn.get("keepalives") != Some("0"));
    if let Some(seconds) = number("keepalives_idle")? {
        config.keepalives_idle(Duration::from_secs(seconds.into()));
    }
    if let Some(seconds) = number("keepalives_interval")? {
        config.keepalives_interval(Duration::from_secs(seconds.into()));
    }
    if let Some(count) = number("keepalives_count")? {
        config.keepalives_retries(count);
    }
    if let Some(milliseconds) = number("tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds.into()));
    }
    match dsn.get("load_balance_hosts") {
        None | Some("disable") => {}
        Some("random") => {
            config.load_balance_hosts(LoadBalanceHosts::Random);
        }
        Some(_) => return Err(DsnError::Value { parameter: "load_balance_hosts", expected: "one of disable, random" }),
    }
    Ok(())
}

/// The session's parameters, and those of the connection string that are none of ours: as lib/pq does, they go to the server.
fn parameters(dsn: &Dsn) -> String {
    let foreign = dsn.parameters().filter(|(name, value)| !OURS.contains(name) && !IGNORED.contains(name) && !value.is_empty());
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
    fn libpq_s_own_parameters_stay_here() {
        let target = target("host=db sslcrl=/crl gssencmode=disable keepalives_interval=7 tcp_user_timeout=900 ssl_min_protocol_version=TLSv1.3 require_auth=scram-sha-256").unwrap();
        let config = target.config(None, false);
        for name in ["sslcrl", "gssencmode", "keepalives_interval", "tcp_user_timeout", "ssl_min_protocol_version", "require_auth"] {
            assert!(!config.get_options().unwrap().contains(name), "{name}");
        }
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(7)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_millis(900)));
        assert_eq!(target.ignored, ["gssencmode", "require_auth", "sslcrl"]);
    }

    #[test]
    fn role_is_postgres_where_none_is_named() {
        assert_eq!(target("host=db").unwrap().config(None, false).get_user(), Some("postgres"));
        assert_eq!(target("host=db user=me").unwrap().user(), "me");
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
        assert!(target("service=shop").unwrap_err().to_string().starts_with("parameter service"));
        assert!(target("keepalives_idle=x").unwrap_err().to_string().starts_with("parameter keepalives_idle"));
        assert!(target("sslcert=/a").unwrap_err().to_string().starts_with("parameter sslkey"));
        assert!(target("connect_timeout=soon").unwrap_err().to_string().starts_with("parameter connect_timeout"));
    }

    #[test]
    fn password_is_not_printed() {
        assert!(!format!("{:?}", target("host=db password=CANARY").unwrap()).contains("CANARY"));
    }
}
