//! What follows `postgresql://`: `user:password@host:port,host:port/database?parameter=value`.

use super::{Dsn, DsnError};

pub(super) fn parse(text: &str) -> Result<Dsn, DsnError> {
    let mut dsn = Dsn::default();
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    // A raw "/" in the user's part ends the address there, so what is before it must be one.
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    let (credentials, hosts) = address.rsplit_once('@').map_or((None, address), |(credentials, hosts)| (Some(credentials), hosts));
    if database.contains('@') {
        return Err(DsnError::Address);
    }
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').map_or((credentials, None), |(user, password)| (user, Some(password)));
        dsn.set("user", &decode(user)?);
        if let Some(password) = password {
            dsn.set("password", &decode(password)?);
        }
    }
    let (names, ports) = hosts.split(',').map(host).collect::<Result<(Vec<_>, Vec<_>), _>>()?;
    if !hosts.is_empty() {
        dsn.set("host", &names.join(","));
    }
    if ports.iter().any(|port| !port.is_empty()) {
        dsn.set("port", &ports.join(","));
    }
    if !database.is_empty() {
        dsn.set("dbname", &decode(database)?);
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(DsnError::NoEquals(text.len() - query.len()))?;
        dsn.set(&decode(name)?, &decode(value)?);
    }
    Ok(dsn)
}

/// Name and port of one host; an IPv6 address stands in brackets.
fn host(text: &str) -> Result<(String, &str), DsnError> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, tail) = rest.split_once(']').ok_or(DsnError::Address)?;
            (name, tail.strip_prefix(':').unwrap_or(tail))
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if port.is_empty() || port.parse::<u16>().is_ok() { Ok((decode(name)?, port)) } else { Err(DsnError::Address) }
}

fn decode(text: &str) -> Result<String, DsnError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit().zip(digit()).map(|(high, low)| high * 16 + low).ok_or(DsnError::Percent)?
            }
            other => other,
        };
        out.push(decoded);
    }
    String::from_utf8(out).map_err(|_| DsnError::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_uri() {
        let dsn = parse("u:p%40,:@[::1]:5433,b/d%20b?sslmode=verify-full&application_name=x").unwrap();
        for (name, value) in [
            ("user", "u"),
            ("password", "p@,:"),
            ("host", "::1,b"),
            ("port", "5433,"),
            ("dbname", "d b"),
            ("sslmode", "verify-full"),
            ("application_name", "x"),
        ] {
            assert_eq!(dsn.get(name), Some(value), "{name}");
        }
        let dsn = parse("/d?host=/run/postgresql").unwrap();
        assert_eq!((dsn.get("host"), dsn.get("dbname")), (Some("/run/postgresql"), Some("d")));
        assert_eq!(parse("%2Frun%2Fpg/d").unwrap().get("host"), Some("/run/pg"));
    }
}
