//! Passwords: Argon2id hashes, off the async threads, and few at a time.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::error::ApiError;

/// Hashes at once; each takes 19 MiB for a moment.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Semaphore,
    /// Hash of a password that nobody has, so that an unknown user takes as long as a wrong password.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let nobody = hash(&crate::identity::token()).ok_or_else(|| anyhow::anyhow!("passwords cannot be hashed"))?;
        Ok(Self { turns: Semaphore::new(AT_ONCE), nobody })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, ApiError> {
        let _turn = self.turns.acquire().await;
        spawn_blocking(move || hash(&password)).await.ok().flatten().ok_or(ApiError::Internal)
    }

    /// Whether the password is that of the hash; never where there is none.
    pub(crate) async fn matches(&self, password: String, hash: Option<String>) -> bool {
        let _turn = self.turns.acquire().await;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let matches = spawn_blocking(move || {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        });
        matches!(matches.await, Ok(Some(()))) && known
    }
}

fn hash(password: &str) -> Option<String> {
    Some(Argon2::default().hash_password(password.as_bytes()).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("CANARY".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("CANARY"));
        assert!(passwords.matches("CANARY".to_owned(), Some(hash.clone())).await);
        assert!(!passwords.matches("canary".to_owned(), Some(hash)).await);
        assert!(!passwords.matches("CANARY".to_owned(), None).await);
    }
}
