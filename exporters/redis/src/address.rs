//! Where the server is: `redis://user:password@host:port/0` and the other forms that are accepted.

use std::path::PathBuf;

use exporter_core::Secret;

/// Port of Redis and Valkey.
pub const DEFAULT_PORT: u16 = 6379;

/// The form that an address has, for error messages.
pub const EXPECTED: &str = "redis://[user:password@]host[:port], rediss://…, valkey://…, valkeys://…, host[:port] or unix:///path";

/// An address, with the user and password that it may carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Where to connect.
    pub endpoint: Endpoint,
    /// User of the access control list.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<Secret>,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host and port.
    Tcp {
        /// Name or address; of an IPv6 address without brackets.
        host: String,
        /// Port.
        port: u16,
        /// Whether TLS is spoken there.
        tls: bool,
    },
    /// A socket file.
    Unix(PathBuf),
}

/// What is wrong with an address. Says nothing of the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing is given.
    #[error("is empty")]
    Empty,
    /// None of ours.
    #[error("has an unknown scheme")]
    Scheme,
    /// No number from 1 to 65535.
    #[error("has an invalid port")]
    Port,
    /// What follows the host is no number.
    #[error("has an invalid database")]
    Database,
    /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("has an invalid percent encoding")]
    Encoding,
    /// A host with a bracket or a blank in the wrong place.
    #[error("has an invalid host")]
    Host,
    /// A socket file without its whole path.
    #[error("has a relative socket path")]
    Path,
}

impl Address {
    /// Reads an address. The database, which a URL may name, is accepted and ignored: figures are those of the server.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.trim().is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path.strip_prefix("//").unwrap_or(path));
        }
        if text.starts_with('/') {
            return unix(text);
        }
        let (tls, rest) = match text.split_once("://") {
            Some(("redis" | "valkey", rest)) => (false, rest),
            Some(("rediss" | "valkeys", rest)) => (true, rest),
            Some(_) => return Err(AddressError::Scheme),
            None => (false, text),
        };
        let (authority, path) = rest.find(['/', '?', '#']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        check_database(path)?;
        let (user_information, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (user, password) = user_information.map_or(Ok((None, None)), credentials)?;
        let (host, port) = host_and_port(host)?;
        Ok(Self { endpoint: Endpoint::Tcp { host, port, tls }, user, password })
    }
}

impl Endpoint {
    /// As in messages: without user and password.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(path) => path.display().to_string(),
        }
    }
}

/// The address as it may be printed: whatever could be a user and a password is replaced.
#[must_use]
pub fn redacted(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    format!("{scheme}***@{host}")
}

fn unix(path: &str) -> Result<Address, AddressError> {
    if !path.starts_with('/') {
        return Err(AddressError::Path);
    }
    Ok(Address { endpoint: Endpoint::Unix(PathBuf::from(path)), user: None, password: None })
}

fn check_database(path: &str) -> Result<(), AddressError> {
    let database = path.split(['?', '#']).next().unwrap_or("").trim_start_matches('/');
    if database.bytes().all(|byte| byte.is_ascii_digit()) { Ok(()) } else { Err(AddressError::Database) }
}

fn credentials(text: &str) -> Result<(Option<String>, Option<Secret>), AddressError> {
    let (user, password) = text.split_once(':').map_or((text, None), |(user, password)| (user, Some(password)));
    let some = |text: &str| decode(text).map(|text| Some(text).filter(|text| !text.is_empty()));
    let password = password.map_or(Ok(None), some)?;
    Ok((some(user)?, password.map(Secret::new)))
}

fn decode(text: &str) -> Result<String, AddressError> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => bytes
                .next()
                .zip(bytes.next())
                .and_then(|(high, low)| Some(hexadecimal(high)? << 4 | hexadecimal(low)?))
                .ok_or(AddressError::Encoding)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| AddressError::Encoding)
}

const fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), AddressError> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(AddressError::Host)?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(AddressError::Host)?) };
        (host, port)
    } else if text.matches(':').count() > 1 {
        (text, None)
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    if host.contains(|character: char| character.is_whitespace() || matches!(character, '[' | ']')) {
        return Err(AddressError::Host);
    }
    let port = port.filter(|port| !port.is_empty()).map_or(Ok(DEFAULT_PORT), str::parse).map_err(|_| AddressError::Port)?;
    if port == 0 {
        return Err(AddressError::Port);
    }
    Ok((if host.is_empty() { "localhost" } else { host }.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let tcp = |host: &str, port, tls| Endpoint::Tcp { host: host.to_owned(), port, tls };
        let expected = [
            ("redis://localhost:6379", tcp("localhost", 6379, false), None, None),
            ("redis://host", tcp("host", 6379, false), None, None),
            ("redis://", tcp("localhost", 6379, false), None, None),
            ("rediss://host:6380/0", tcp("host", 6380, true), None, None),
            ("valkey://host/15?timeout=1", tcp("host", 6379, false), None, None),
            ("valkeys://host", tcp("host", 6379, true), None, None),
            ("host", tcp("host", 6379, false), None, None),
            ("host:1", tcp("host", 1, false), None, None),
            (":6380", tcp("localhost", 6380, false), None, None),
            ("redis://[::1]:6380", tcp("::1", 6380, false), None, None),
            ("[::1]", tcp("::1", 6379, false), None, None),
            ("::1", tcp("::1", 6379, false), None, None),
            ("redis://:secret@host", tcp("host", 6379, false), None, Some("secret")),
            ("redis://user@host", tcp("host", 6379, false), Some("user"), None),
            ("redis://us%40er:p%3a%2F%25s@host:1/2", tcp("host", 1, false), Some("us@er"), Some("p:/%s")),
            ("redis://user:p@ss@host", tcp("host", 6379, false), Some("user"), Some("p@ss")),
            ("user:pass@host:7", tcp("host", 7, false), Some("user"), Some("pass")),
            ("unix:///run/redis.sock", Endpoint::Unix("/run/redis.sock".into()), None, None),
            ("unix:/run/redis.sock", Endpoint::Unix("/run/redis.sock".into()), None, None),
            ("/run/redis.sock", Endpoint::Unix("/run/redis.sock".into()), None, None),
        ];
        for (text, endpoint, user, password) in expected {
            let address = Address::parse(text).unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(address.endpoint, endpoint, "{text}");
            assert_eq!(address.user.as_deref(), user, "{text}");
            assert_eq!(address.password.as_ref().map(Secret::reveal), password, "{text}");
        }
    }

    #[test]
    fn malformed_addresses_are_named() {
        let expected = [
            ("", AddressError::Empty),
            ("  ", AddressError::Empty),
            ("http://host", AddressError::Scheme),
            ("redis://host:port", AddressError::Port),
            ("redis://host:0", AddressError::Port),
            ("host:65536", AddressError::Port),
            ("redis://host/database", AddressError::Database),
            ("redis://user:p%zz@host", AddressError::Encoding),
            ("redis://user:%ff@host", AddressError::Encoding),
            ("redis://user:pa/ss@host", AddressError::Database),
            ("redis://[::1", AddressError::Host),
            ("redis://[::1]6379", AddressError::Host),
            ("redis://ho st", AddressError::Host),
            ("unix://relative.sock", AddressError::Path),
        ];
        for (text, error) in expected {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn password_is_not_printed() {
        for text in ["redis://user:CANARY@host", "redis://:CAN@ARY@host", "user:CANARY@host:port", "redis://user:CAN/ARY@host"] {
            assert!(!redacted(text).contains("ARY"), "{}", redacted(text));
            assert!(!format!("{:?}", Address::parse(text)).contains("ARY"));
        }
        assert_eq!(redacted("redis://user:CANARY@host:port"), "redis://***@host:port");
        assert_eq!(redacted("http://host"), "http://host");
    }
}
