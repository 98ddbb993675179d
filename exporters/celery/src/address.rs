//! Where the broker is: Celery's `broker_url`.

use exporter_core::Secret;

/// The forms that a broker URL has, for error messages.
pub(crate) const EXPECTED: &str = "redis://, rediss://, sentinel://, redis+socket:///path, amqp:// or amqps://[user:password@]host[:port][/database or virtual host], \
                                   several of them joined by semicolons";

/// One of the addresses of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    pub(crate) endpoint: Endpoint,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// What follows the host, decoded and without its slash: a database or a virtual host.
    pub(crate) path: Option<String>,
    /// Options that follow a question mark.
    pub(crate) options: Vec<(String, String)>,
}

/// How the broker is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Redis,
    Sentinel,
    Amqp,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Tcp { host: String, port: u16, tls: bool },
    Unix(String),
}

/// What is wrong with an address. Says nothing of the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("is empty")]
    Empty,
    #[error("has a scheme that is none of ours")]
    Scheme,
    #[error("mixes schemes")]
    Mixed,
    #[error("has an invalid port")]
    Port,
    #[error("has an invalid percent encoding")]
    Encoding,
    #[error("has a relative socket path")]
    Path,
    #[error("has a database that is no number")]
    Database,
}

impl Endpoint {
    /// As in messages: without user and password.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(path) => path.clone(),
        }
    }
}

/// Reads the addresses of one broker: at least one, all of one scheme.
pub(crate) fn parse(text: &str) -> Result<Vec<Address>, AddressError> {
    let addresses: Vec<Address> = text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(one).collect::<Result<_, _>>()?;
    let first = addresses.first().ok_or(AddressError::Empty)?;
    if addresses.iter().any(|address| address.scheme != first.scheme) {
        return Err(AddressError::Mixed);
    }
    Ok(addresses)
}

/// The text as it may be printed: whatever could be a user and a password is replaced.
pub(crate) fn redacted(text: &str) -> String {
    let one = |text: &str| {
        let text = text.split('?').next().unwrap_or_default();
        let Some((before, host)) = text.rsplit_once('@') else { return text.to_owned() };
        let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
        format!("{scheme}***@{host}")
    };
    // A semicolon can be part of a password that is not encoded as it should be.
    if text.matches("://").count() > 1 { text.split(';').map(one).collect::<Vec<_>>().join(";") } else { one(text) }
}

fn one(text: &str) -> Result<Address, AddressError> {
    let (name, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
    let (scheme, tls, port) = match name {
        "redis" | "valkey" => (Scheme::Redis, false, 6379),
        "rediss" | "valkeys" => (Scheme::Redis, true, 6379),
        "sentinel" => (Scheme::Sentinel, false, 26379),
        "amqp" | "pyamqp" => (Scheme::Amqp, false, 5672),
        "amqps" => (Scheme::Amqp, true, 5671),
        "redis+socket" | "socket" | "unix" => return socket(rest),
        _ => return Err(AddressError::Scheme),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, host) = rest.rsplit_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
    let (host, path) = host.split_once('/').map_or((host, None), |(host, path)| (host, Some(path)));
    let (user, password) = user.map_or(Ok((None, None)), credentials)?;
    let (host, port) = host_and_port(host, port)?;
    let path = path.map(decode).transpose()?.filter(|path| !path.is_empty());
    check_path(scheme, path.as_deref())?;
    Ok(Address { scheme, endpoint: Endpoint::Tcp { host, port, tls }, user, password, path, options: options(query)? })
}

/// `redis+socket://[:password@]/path?virtual_host=2`.
fn socket(rest: &str) -> Result<Address, AddressError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, path) = rest.rsplit_once('@').map_or((None, rest), |(user, path)| (Some(user), path));
    let (user, password) = user.map_or(Ok((None, None)), credentials)?;
    if !path.starts_with('/') {
        return Err(AddressError::Path);
    }
    let options = options(query)?;
    let database = options.iter().find(|(name, _)| matches!(name.as_str(), "virtual_host" | "db")).map(|(_, value)| value.clone());
    check_path(Scheme::Redis, database.as_deref())?;
    Ok(Address { scheme: Scheme::Redis, endpoint: Endpoint::Unix(decode(path)?), user, password, path: database, options })
}

fn check_path(scheme: Scheme, path: Option<&str>) -> Result<(), AddressError> {
    let number = |path: &str| path.trim_start_matches('/').bytes().all(|byte| byte.is_ascii_digit());
    if scheme == Scheme::Amqp || path.is_none_or(number) { Ok(()) } else { Err(AddressError::Database) }
}

fn options(query: &str) -> Result<Vec<(String, String)>, AddressError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| Ok((decode(name)?, decode(value)?))).collect()
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
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = bytes.next().zip(bytes.next()).ok_or(AddressError::Encoding)?;
                digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low).ok_or(AddressError::Encoding)?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| AddressError::Encoding)
}

fn host_and_port(text: &str, default: u16) -> Result<(String, u16), AddressError> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.filter(|port| !port.is_empty()).map_or(Ok(default), str::parse).map_err(|_| AddressError::Port)?;
    if port == 0 {
        return Err(AddressError::Port);
    }
    Ok((if host.is_empty() { "localhost" } else { host }.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Address {
        parse(text).unwrap_or_else(|error| panic!("{text} {error}")).remove(0)
    }

    #[test]
    fn every_form_is_read() {
        let tcp = |host: &str, port, tls| Endpoint::Tcp { host: host.to_owned(), port, tls };
        for (text, scheme, endpoint, user, password, path) in [
            ("redis://localhost", Scheme::Redis, tcp("localhost", 6379, false), None, None, None),
            ("redis://:se%2Fcret@host:1/3", Scheme::Redis, tcp("host", 1, false), None, Some("se/cret"), Some("3")),
            ("rediss://user:pass@host/0?ssl_cert_reqs=none", Scheme::Redis, tcp("host", 6379, true), Some("user"), Some("pass"), Some("0")),
            ("redis+socket:///run/r.sock?virtual_host=2", Scheme::Redis, Endpoint::Unix("/run/r.sock".into()), None, None, Some("2")),
            ("sentinel://:p@s1/1;sentinel://s2:5", Scheme::Sentinel, tcp("s1", 26379, false), None, Some("p"), Some("1")),
            ("amqp://guest:guest@rabbit//", Scheme::Amqp, tcp("rabbit", 5672, false), Some("guest"), Some("guest"), Some("/")),
            ("amqps://rabbit/my%2Fhost", Scheme::Amqp, tcp("rabbit", 5671, true), None, None, Some("my/host")),
            ("pyamqp://[::1]:5673", Scheme::Amqp, tcp("::1", 5673, false), None, None, None),
        ] {
            let address = first(text);
            assert_eq!((address.scheme, &address.endpoint), (scheme, &endpoint), "{text}");
            assert_eq!((address.user.as_deref(), address.password.as_ref().map(Secret::reveal)), (user, password), "{text}");
            assert_eq!(address.path.as_deref(), path, "{text}");
        }
        assert_eq!(parse("redis://a;redis://b").map(|all| all.len()), Ok(2));
    }

    #[test]
    fn malformed_addresses_are_named() {
        for (text, error) in [
            ("", AddressError::Empty),
            ("localhost", AddressError::Scheme),
            ("sqs://x", AddressError::Scheme),
            ("redis://a;amqp://b", AddressError::Mixed),
            ("redis://a:b", AddressError::Port),
            ("redis://a/b", AddressError::Database),
            ("amqp://u:%zz@a", AddressError::Encoding),
            ("redis+socket://relative", AddressError::Path),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn password_is_not_printed() {
        for text in [
            "amqp://u:CANARY@host//",
            "redis://:CAN@ARY@host",
            "redis://:CAN;ARY@host",
            "redis://:CANARY@a;redis://:CANARY@b",
            "redis://h?password=CANARY",
        ] {
            assert!(!redacted(text).contains("ARY"), "{}", redacted(text));
        }
        assert_eq!(redacted("redis://u:p@a:1/0;redis://b"), "redis://***@a:1/0;redis://b");
    }

    #[test]
    fn broken_urls_do_not_panic() {
        let correct: [&[u8]; 3] = [
            b"rediss://user:pass@host:6380/3?ssl_cert_reqs=none",
            b"sentinel://:p@a:26379;sentinel://[::1]:2/1",
            b"amqps://u:p%40@host:5671/shop%2Fone?heartbeat=3",
        ];
        crate::fuzz::feed(&correct, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            drop((parse(&text), redacted(&text)));
        });
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(redis|amqp|sentinel|unix)?(://)?[a-z0-9:@/?=&%;\\[\\]é]{0,40}") {
            let _ = parse(&text);
            let _ = redacted(&text);
        }
    }
}
