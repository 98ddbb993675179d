//! `basic_auth_users` for a server that is not ours: the same file, the same work for each login, the same turns.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Credentials, Gate, Web, fault::Fault};
use crate::flags::ConfigError;

/// Users of a web configuration file, which is read again when it changes.
#[derive(Debug)]
pub struct Logins {
    web: Web,
    gate: Gate,
    path: PathBuf,
}

impl Logins {
    /// Reads the file.
    ///
    /// # Errors
    /// It is no web configuration, names no users, or asks for TLS, which is the server's own affair.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let web = Web::start(Some(path))?;
        let config = web.current();
        let error = |text| Err(ConfigError::of(&path.display().to_string(), &Fault::whole(text)));
        if config.tls.is_some() {
            return error("found tls_server_config, expected basic_auth_users only");
        }
        if config.users.is_none() {
            return error("found no users, expected some under basic_auth_users");
        }
        Ok(Self { web, gate: Gate::new(), path: path.to_owned() })
    }

    /// Where the users are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the value of a request's `Authorization` is a right login: at once if it was before, else when this peer's turn
    /// has come. Nobody's is while the file names no users.
    pub async fn allow(&self, header: &[u8], peer: IpAddr) -> bool {
        let config = self.web.current();
        let Some(credentials) = Credentials::read(header) else { return false };
        let remembered = |credentials: &Credentials| config.users.as_ref().is_some_and(|users| users.remembers(credentials));
        if remembered(&credentials) {
            return true;
        }
        let Ok(turn) = self.gate.turn(peer).await else { return false };
        if remembered(&credentials) {
            return true;
        }
        let config = Arc::clone(&config);
        let check = tokio::task::spawn_blocking(move || {
            // Held here, so that a client that leaves does not let the next computation start beside this one.
            let _turn = turn;
            config.users.as_ref().is_some_and(|users| users.check(&credentials))
        });
        check.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, net::Ipv4Addr};

    use base64::{Engine, engine::general_purpose::STANDARD};
    use futures_util::FutureExt;

    use super::*;

    const SCRAPER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn header(text: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(text)).into_bytes()
    }

    fn logins(text: &str) -> (tempfile::TempDir, Result<Logins, ConfigError>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.yml");
        fs::write(&path, text).unwrap();
        let logins = Logins::read(&path);
        (directory, logins)
    }

    #[tokio::test]
    async fn known_login_does_not_wait_behind_wrong_ones() {
        let (_directory, logins) = logins(&format!("basic_auth_users:\n  prometheus: {}\n", bcrypt::hash("CANARY", 4).unwrap()));
        let logins = logins.unwrap();
        assert!(logins.allow(&header("prometheus:CANARY"), SCRAPER).await);
        for wrong in ["prometheus:wrong", "other:CANARY", "prometheus"] {
            assert!(!logins.allow(&header(wrong), SCRAPER).await, "{wrong}");
        }
        let _held = logins.gate.turn(SCRAPER).await.unwrap();
        assert!(logins.allow(&header("prometheus:wrong"), SCRAPER).now_or_never().is_none(), "a wrong one waits for its turn");
        assert_eq!(logins.allow(&header("prometheus:CANARY"), SCRAPER).now_or_never(), Some(true));
    }

    #[test]
    fn file_without_users_or_with_tls_is_refused() {
        for text in ["", "basic_auth_users: {}\n", "http_server_config: {}\n", "nonsense: 1\n"] {
            assert!(logins(text).1.is_err(), "{text}");
        }
    }
}
