//! User and password, read again for each connection, so that a changed file counts at the next scrape.

use std::collections::HashMap;

use exporter_core::{Failure, Reason, Secret, SecretSource};
use zeroize::Zeroizing;

/// Who the exporter is to the server.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretSource>,
    /// The address as it was given: its key in a file of several passwords.
    pub(crate) key: Secret,
}

impl Credentials {
    /// The password as it is now; `None` for a server that asks for none.
    pub(crate) fn password(&self) -> Result<Option<Secret>, Failure> {
        let Some(source) = &self.password else { return Ok(None) };
        let secret = source.read().map_err(|error| Failure::new(Reason::Auth, error))?;
        let secret = match source {
            SecretSource::Value(_) => Some(secret),
            SecretSource::File(_) => from_file(secret.reveal(), self.key.reveal())?,
        };
        Ok(secret.filter(|secret| !secret.reveal().is_empty()))
    }
}

/// A file is one password on its first line, or a JSON object of passwords by address.
fn from_file(content: &str, key: &str) -> Result<Option<Secret>, Failure> {
    if !content.trim_start().starts_with('{') {
        return Ok(content.lines().next().map(|line| Secret::new(line.to_owned())));
    }
    // The parser's message could quote the file.
    let mut passwords: HashMap<String, Zeroizing<String>> = serde_json::from_str::<HashMap<String, String>>(content)
        .map_err(|_| Failure::new(Reason::Auth, "the password file is neither a password nor a JSON object of passwords by address"))?
        .into_iter()
        .map(|(address, password)| (address, Zeroizing::new(password)))
        .collect();
    Ok(passwords.remove(key).map(|mut password| Secret::new(std::mem::take(&mut *password))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Option<String> {
        from_file(content, "redis://a:1").unwrap().map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn file_is_a_password_or_a_map() {
        assert_eq!(read("secret\nsecond line"), Some("secret".to_owned()));
        assert_eq!(read(""), None);
        assert_eq!(read("{\"redis://a:1\": \"one\", \"redis://b:1\": \"two\"}"), Some("one".to_owned()));
        assert_eq!(read("{\"redis://b:1\": \"two\"}"), None);
    }

    #[test]
    fn broken_map_is_not_quoted() {
        let error = from_file("{\"redis://a:1\": CANARY}", "redis://a:1").unwrap_err();
        assert_eq!(error.reason, Reason::Auth);
        assert!(!error.message.contains("CANARY"));
    }

    #[test]
    fn empty_password_is_none() {
        let credentials =
            Credentials { user: None, password: Some(SecretSource::Value(Secret::new(String::new()))), key: Secret::new(String::new()) };
        assert_eq!(credentials.password().unwrap(), None);
    }
}
