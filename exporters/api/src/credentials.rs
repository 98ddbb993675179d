//! Who may read or post: basic authentication and bearer tokens, compared in constant time.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use exporter_core::{Secret, SecretFile};
use http::{HeaderMap, header};
use ring::{hmac, rand::SystemRandom};
use tracing::{info, warn};

/// What a request has to show. The file is read for each request, so that a new secret holds at once.
#[derive(Debug)]
pub struct Credentials {
    /// User of basic authentication; none for a bearer token.
    user: Option<String>,
    secret: SecretFile,
    unreadable: AtomicBool,
}

/// Why a request may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Other credentials than ours, or none.
    #[error("wrong or missing credentials")]
    Wrong,
    /// The file with ours cannot be read: nobody may until it can.
    #[error("the secret cannot be read")]
    Unreadable,
}

impl Credentials {
    /// User and password, which is in a file.
    #[must_use]
    pub const fn basic(user: String, password: SecretFile) -> Self {
        Self { user: Some(user), secret: password, unreadable: AtomicBool::new(false) }
    }

    /// A token, which is in a file.
    #[must_use]
    pub const fn bearer(token: SecretFile) -> Self {
        Self { user: None, secret: token, unreadable: AtomicBool::new(false) }
    }

    /// Checks a request's `Authorization`.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let secret = self.read()?;
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let Some((scheme, shown)) = shown else { return Err(Refusal::Wrong) };
        let matches = match &self.user {
            Some(user) if scheme.eq_ignore_ascii_case("basic") => {
                let decoded = BASE64_STANDARD.decode(shown.trim()).unwrap_or_default();
                same(format!("{user}:{}", secret.reveal()).as_bytes(), &decoded)
            }
            None if scheme.eq_ignore_ascii_case("bearer") => same(secret.reveal().as_bytes(), shown.trim().as_bytes()),
            _ => false,
        };
        // An empty file is a mistake, not an empty password.
        if matches && !secret.reveal().is_empty() { Ok(()) } else { Err(Refusal::Wrong) }
    }

    /// What to answer along with status 401.
    #[must_use]
    pub const fn challenge(&self) -> &'static str {
        if self.user.is_some() { "Basic realm=\"selextract\", charset=\"UTF-8\"" } else { "Bearer realm=\"selextract\"" }
    }

    fn read(&self) -> Result<Secret, Refusal> {
        match self.secret.read() {
            Ok(secret) => {
                if self.unreadable.swap(false, Ordering::Relaxed) {
                    info!(file = %self.secret.path().display(), "Secret can be read again");
                }
                Ok(secret)
            }
            Err(error) => {
                if !self.unreadable.swap(true, Ordering::Relaxed) {
                    warn!(%error, "Every request is refused");
                }
                Err(Refusal::Unreadable)
            }
        }
    }
}

/// Compares without telling by its time where, or whether by length, two texts differ: what is compared are keyed digests.
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let Ok(key) = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()) else { return false };
    let tag = hmac::sign(&key, ours);
    hmac::verify(&key, theirs, tag.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn file(content: &str) -> (tempfile::TempDir, SecretFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, content).unwrap();
        (directory, path.into())
    }

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    fn basic(text: &str) -> HeaderMap {
        headers(&format!("Basic {}", BASE64_STANDARD.encode(text)))
    }

    #[test]
    fn only_the_right_credentials_pass() {
        let (_directory, secret) = file("pass:word\n");
        let credentials = Credentials::basic("alertmanager".to_owned(), secret.clone());
        assert_eq!(credentials.check(&basic("alertmanager:pass:word")), Ok(()));
        for wrong in ["alertmanager:pass", "alertmanager:", "other:pass:word", "alertmanager:pass:word ", ""] {
            assert_eq!(credentials.check(&basic(wrong)), Err(Refusal::Wrong), "{wrong}");
        }
        for wrong in ["", "Basic", "Basic !!!", "Bearer pass:word"] {
            assert_eq!(credentials.check(&headers(wrong)), Err(Refusal::Wrong), "{wrong}");
        }
        assert_eq!(credentials.check(&HeaderMap::new()), Err(Refusal::Wrong));
        let token = Credentials::bearer(secret);
        assert_eq!((token.check(&headers("Bearer pass:word")), token.check(&headers("Bearer pass"))), (Ok(()), Err(Refusal::Wrong)));
    }

    #[test]
    fn nobody_passes_without_a_secret() {
        let (directory, secret) = file("");
        let credentials = Credentials::basic("u".to_owned(), secret);
        assert_eq!(credentials.check(&basic("u:")), Err(Refusal::Wrong));
        drop(directory);
        assert_eq!(credentials.check(&basic("u:")), Err(Refusal::Unreadable));
    }

    #[test]
    fn new_secret_holds_at_once() {
        let (directory, secret) = file("old");
        let credentials = Credentials::bearer(secret);
        assert_eq!(credentials.check(&headers("bearer old")), Ok(()));
        std::fs::write(directory.path().join("secret"), "new").unwrap();
        assert_eq!((credentials.check(&headers("Bearer old")), credentials.check(&headers("Bearer new"))), (Err(Refusal::Wrong), Ok(())));
    }
}
