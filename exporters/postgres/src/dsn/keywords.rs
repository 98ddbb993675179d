//! `key=value` pairs, values in single quotes where they hold spaces.

use super::{Dsn, DsnError};

pub(super) fn parse(text: &str) -> Result<Dsn, DsnError> {
    let mut dsn = Dsn::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let position = text.len() - rest.len();
        let (name, tail) = rest.split_once('=').ok_or(DsnError::NoEquals(position))?;
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(DsnError::NoEquals(position));
        }
        let (value, tail) = value(tail.trim_start())?;
        dsn.set(name, &value);
        rest = tail.trim_start();
    }
    Ok(dsn)
}

/// A value and what follows it.
fn value(text: &str) -> Result<(String, &str), DsnError> {
    let mut out = String::new();
    let quoted = text.strip_prefix('\'');
    let mut characters = quoted.unwrap_or(text).chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            '\'' if quoted.is_some() => return Ok((out, characters.as_str())),
            space if quoted.is_none() && space.is_whitespace() => return Ok((out, characters.as_str())),
            other => out.push(other),
        }
    }
    if quoted.is_some() { Err(DsnError::Quote) } else { Ok((out, "")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        let dsn = parse(r"host = db password='it''s' user=a\ b").unwrap_err();
        assert_eq!(dsn, DsnError::NoEquals(23));
        let dsn = parse(r"host = db password='it\'s, \\ ' user=a\ b options=").unwrap();
        assert_eq!(dsn.get("host"), Some("db"));
        assert_eq!(dsn.get("password"), Some(r"it's, \ "));
        assert_eq!(dsn.get("user"), Some("a b"));
        assert_eq!(dsn.get("options"), None);
        assert_eq!(parse("password='x").unwrap_err(), DsnError::Quote);
        assert_eq!(parse("host").unwrap_err(), DsnError::NoEquals(0));
    }
}
