//! Basic authentication from a web configuration file, as Prometheus' programs read it: users with bcrypt hashes.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use api_metrics::metrics_page::Access;
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

/// Compared where the user is unknown, so that an unknown user takes as long as a wrong password.
const NOBODY: &str = "$2b$10$CwTycUXWue0Thq9StjUM0uJ8rYQp5a6hXkKZ1o0VwZ0l5mYlF9W8K";

/// The part of the file that this service has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    basic_auth_users: BTreeMap<String, String>,
}

/// Users who may read.
pub(crate) struct WebConfig {
    users: BTreeMap<String, String>,
    /// One hash at a time, so that a flood of wrong passwords takes one processor and no more.
    turn: Mutex<()>,
}

impl std::fmt::Debug for WebConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.users.keys()).finish()
    }
}

impl WebConfig {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file: File =
            serde_yaml::from_str(&fs::read_to_string(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        Ok(Self { users: file.basic_auth_users, turn: Mutex::new(()) })
    }

    fn allows(&self, headers: &HeaderMap) -> Option<()> {
        let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let known = self.users.get(user);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = bcrypt::verify(password, known.map_or(NOBODY, |hash| hash)).unwrap_or(false);
        (matches && known.is_some() && scheme.eq_ignore_ascii_case("basic")).then_some(())
    }
}

impl Access for WebConfig {
    fn check(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"selextract\", charset=\"UTF-8\"")];
        self.allows(headers).ok_or_else(|| Box::new((StatusCode::UNAUTHORIZED, challenge, "wrong or missing credentials\n").into_response()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn users_of_the_file_pass() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.yml");
        fs::write(&path, format!("basic_auth_users:\n  prometheus: {}\n", bcrypt::hash("CANARY", 4).unwrap())).unwrap();
        let config = WebConfig::read(&path).unwrap();
        let check = |text: &str| {
            let value = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(text))).unwrap();
            config.check(&HeaderMap::from_iter([(header::AUTHORIZATION, value)])).is_ok()
        };
        assert!(check("prometheus:CANARY"));
        assert!(!check("prometheus:wrong") && !check("other:CANARY") && !check("prometheus"));
        assert!(config.check(&HeaderMap::new()).is_err() && !format!("{config:?}").contains("$2"));
        fs::write(&path, "tls_server_config: {}\n").unwrap();
        assert!(WebConfig::read(&path).is_err());
    }
}
