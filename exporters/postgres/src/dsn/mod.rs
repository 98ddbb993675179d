//! Connection strings in the forms of libpq: `key=value` pairs and URIs.
//!
//! Every value is kept as a secret, since a password may stand in any form, so that nothing here can be printed by accident.

use std::collections::BTreeMap;

use exporter_core::Secret;

mod keywords;
mod list;
mod passfile;
mod uri;

pub(crate) use list::split;
pub(crate) use passfile::password;

/// What a connection string has to look like.
pub(crate) const EXPECTED: &str = "host=… user=… dbname=… or postgresql://user:password@host:port/database";

/// Why a connection string is not understood. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DsnError {
    /// Neither form.
    #[error("a parameter without \"=\" after position {0}")]
    NoEquals(usize),
    /// A quote is opened and not closed.
    #[error("a quote that does not end")]
    Quote,
    /// `%` is not followed by two hexadecimal digits.
    #[error("\"%\" without two hexadecimal digits after it; write %25 for the character itself")]
    Percent,
    /// The port is not a number, or the host is not what it should be.
    #[error("a host or port that is none; write special characters of a password as %XX")]
    Address,
    /// A parameter's value cannot be used.
    #[error("parameter {parameter} is not {expected}")]
    Value {
        /// Its name.
        parameter: &'static str,
        /// The form.
        expected: &'static str,
    },
}

/// Parameters of one connection by their libpq names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dsn(BTreeMap<String, Secret>);

impl Dsn {
    /// Reads either form.
    pub(crate) fn parse(text: &str) -> Result<Self, DsnError> {
        let text = text.trim();
        match text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            Some(rest) => uri::parse(rest),
            None => keywords::parse(text),
        }
    }

    /// Reads what follows the scheme of a URI: the form of `DATA_SOURCE_URI` and of `/probe`.
    pub(crate) fn parse_rest(text: &str) -> Result<Self, DsnError> {
        let text = text.trim();
        if text.contains("://") || text.contains('=') && !text.contains(['?', '/']) { Self::parse(text) } else { uri::parse(text) }
    }

    /// A parameter's value, if it is set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::reveal).filter(|value| !value.is_empty())
    }

    /// Sets a parameter.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Secret::new(value.to_owned()));
    }

    /// Sets a parameter that has no value yet.
    pub(crate) fn set_default(&mut self, name: &str, value: Option<String>) {
        if self.get(name).is_none()
            && let Some(value) = value
        {
            self.0.insert(name.to_owned(), Secret::new(value));
        }
    }

    /// All parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.reveal()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(dsn: &Dsn) -> Vec<(&str, &str)> {
        dsn.parameters().collect()
    }

    #[test]
    fn both_forms_say_the_same() {
        let keywords = Dsn::parse("host=db user=me password='a b' dbname=shop port=5433 sslmode=disable").unwrap();
        let uri = Dsn::parse("postgresql://me:a%20b@db:5433/shop?sslmode=disable").unwrap();
        assert_eq!(pairs(&keywords), pairs(&uri));
        assert_eq!(pairs(&Dsn::parse_rest("me:a%20b@db:5433/shop?sslmode=disable").unwrap()), pairs(&uri));
    }

    #[test]
    fn nothing_is_printed() {
        let dsn = Dsn::parse("host=db password=CANARY").unwrap();
        assert!(!format!("{dsn:?}").contains("CANARY"));
        for text in
            ["host=db CANARY", "host=db password='CANARY", "postgres://u:CANARY%zz@h/d", "postgres://u:CANARY@h:port/d", "postgres://u:CAN/ARY@h/d"]
        {
            let error = Dsn::parse(text).unwrap_err();
            assert!(!error.to_string().contains("CAN"), "{text}: {error}");
        }
    }
}
