//! Addresses to listen on, in the spelling that every exporter takes: `:9121`, `127.0.0.1:9121`, `[::1]:9121`, `host:9121`.

use std::{fmt, io, net::Ipv6Addr, str::FromStr};

use tokio::net::TcpListener;

/// A checked address; a name in it is looked up when it is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    /// `None`: all interfaces, IPv6 and IPv4.
    host: Option<String>,
    port: u16,
}

impl ListenAddress {
    pub(crate) async fn bind(&self) -> io::Result<TcpListener> {
        match &self.host {
            Some(host) => TcpListener::bind((host.as_str(), self.port)).await,
            None => match TcpListener::bind((Ipv6Addr::UNSPECIFIED, self.port)).await {
                // A machine without IPv6.
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => TcpListener::bind(("0.0.0.0", self.port)).await,
                bound => bound,
            },
        }
    }

    /// Where a client on this machine reaches it.
    pub(crate) fn local(&self) -> (&str, u16) {
        let host = match self.host.as_deref() {
            None | Some("0.0.0.0" | "::") => "localhost",
            Some(host) => host,
        };
        (host, self.port)
    }
}

/// What an address has to look like.
#[derive(Debug, thiserror::Error)]
#[error("expected host:port, :port or [ipv6]:port, for example 127.0.0.1:9121")]
pub(crate) struct ListenAddressError;

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (host, port) = text.rsplit_once(':').ok_or(ListenAddressError)?;
        let port = port.parse().map_err(|_| ListenAddressError)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').filter(|address| address.parse::<Ipv6Addr>().is_ok()).ok_or(ListenAddressError)?,
            None if host.contains([':', ' ', '/']) => return Err(ListenAddressError),
            None => host,
        };
        Ok(Self { host: (!host.is_empty()).then(|| host.to_owned()), port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) if host.contains(':') => write!(formatter, "[{host}]:{}", self.port),
            Some(host) => write!(formatter, "{host}:{}", self.port),
            None => write!(formatter, ":{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_other_exporters_are_taken() {
        for text in [":9121", "127.0.0.1:9121", "[::1]:9121", "localhost:0"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for text in ["", "9121", "host", "host:port", "::1:9121", "[nonsense]:1", "[]:1", "http://host:1", ":70000"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn all_interfaces_are_reached_as_localhost() {
        assert_eq!(":9121".parse::<ListenAddress>().unwrap().local(), ("localhost", 9121));
        assert_eq!("0.0.0.0:1".parse::<ListenAddress>().unwrap().local(), ("localhost", 1));
        assert_eq!("10.0.0.1:1".parse::<ListenAddress>().unwrap().local(), ("10.0.0.1", 1));
    }
}
