//! Flags and variables: upstream's names, defaults and forms.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args};
use exporter_core::{ClientTls, ConfigError, Secret, SecretFile, SecretSource, duration, switch};

use crate::{
    address::{Address, EXPECTED, redacted},
    connect::Target,
    credentials::Credentials,
};

/// The exporter's own flags.
#[derive(Args, Debug)]
pub struct Config {
    /// Address of the server, as a URL of scheme redis, rediss, valkey, valkeys or unix, as host:port or as the path of a socket
    #[arg(long = "redis.addr", env = "REDIS_ADDR", value_name = "ADDRESS", default_value = "redis://localhost:6379", hide_env_values = true)]
    pub address: Secret,
    /// User to authenticate as, where the address names none
    #[arg(long = "redis.user", env = "REDIS_USER", value_name = "USER")]
    pub user: Option<String>,
    /// Password, where the address holds none
    #[arg(long = "redis.password", env = "REDIS_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub password: Option<Secret>,
    /// File with the password, or with a JSON object of passwords by address; read again for each connection
    #[arg(long = "redis.password-file", env = "REDIS_PASSWORD_FILE", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Longest time to wait for a connection, authentication included
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub connection_timeout: Duration,
    /// Private key of the client's certificate
    #[arg(long, value_name = "FILE", requires = "tls_client_cert_file")]
    pub tls_client_key_file: Option<PathBuf>,
    /// Certificate to show to the server
    #[arg(long, value_name = "FILE", requires = "tls_client_key_file")]
    pub tls_client_cert_file: Option<PathBuf>,
    /// Certificate authorities to trust instead of the system's
    #[arg(long, value_name = "FILE")]
    pub tls_ca_cert_file: Option<PathBuf>,
    /// Name that the server's certificate must bear, where it is not the host's
    #[arg(long, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Take any certificate: whoever can answer in the server's place can read the password
    #[arg(
        long,
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false"
    )]
    pub skip_tls_verification: bool,
}

impl Config {
    /// What is to be connected to, and how.
    pub(crate) fn target(&self) -> Result<Target, ConfigError> {
        let given = self.address.reveal();
        let address =
            Address::parse(given).map_err(|error| ConfigError::new("--redis.addr", &redacted(given), &format!("{EXPECTED} (this one {error})")))?;
        let password = address.password.or_else(|| self.password.clone().filter(|password| !password.reveal().is_empty()));
        let password =
            password.map(SecretSource::Value).or_else(|| self.password_file.clone().map(|path| SecretSource::File(SecretFile::from(path))));
        let credentials =
            Credentials { user: address.user.or_else(|| self.user.clone().filter(|user| !user.is_empty())), password, key: self.address.clone() };
        // A password that cannot be read now is a mistake; one that cannot be read later is a failed scrape.
        credentials.password().map_err(|failure| ConfigError::of("--redis.password-file", &failure))?;
        Ok(Target {
            endpoint: address.endpoint,
            credentials,
            tls: ClientTls {
                ca: self.tls_ca_cert_file.clone(),
                certificate: self.tls_client_cert_file.clone(),
                key: self.tls_client_key_file.clone(),
                server_name: self.tls_server_name.clone(),
                skip_verification: self.skip_tls_verification,
            },
            timeout: self.connection_timeout,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    fn target(flags: &[&str]) -> Result<Target, String> {
        let line = Line::try_parse_from(["redis-exporter"].iter().chain(flags)).map_err(|error| error.to_string())?;
        line.config.target().map_err(|error| error.to_string())
    }

    #[test]
    fn address_wins_over_flags() {
        let target = target(&["--redis.addr=redis://in:address@host", "--redis.user=flag", "--redis.password=flag"]).unwrap();
        assert_eq!(target.credentials.user.as_deref(), Some("in"));
        assert_eq!(target.credentials.password().unwrap().unwrap().reveal(), "address");
    }

    #[test]
    fn malformed_address_is_one_line_without_the_password() {
        let error = target(&["--redis.addr=redis://user:CANARY@host:port"]).unwrap_err();
        assert!(error.contains("--redis.addr") && error.contains("***@host:port") && error.contains("rediss://"), "{error}");
        assert!(!error.contains("CANARY") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn switches_take_upstream_s_spellings() {
        for (flags, skips) in [(&[][..], false), (&["--skip-tls-verification"], true), (&["--skip-tls-verification=false"], false)] {
            assert_eq!(target(flags).unwrap().tls.skip_verification, skips);
        }
        assert!(target(&["--tls-client-key-file=/k"]).is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let line = Line::try_parse_from(["redis-exporter", "--redis.password=CANARY"]).unwrap();
        assert!(!format!("{line:?}").contains("CANARY"));
    }
}
