//! Passwords: Argon2id hashes, off the async threads, and few at a time.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::error::ApiError;

/// Hashes at once; each takes 19 MiB for a moment.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Hash of a password that nobody has, so that an unknown user takes as long as a wrong password.
    nobody: String,
}

/// Leave to compute, which the computation keeps until it has ended, whatever becomes of who asked for it.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Passwords {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let nobody = hash(&crate::identity::token()).ok_or_else(|| anyhow::anyhow!("passwords cannot be hashed"))?;
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody })
    }

    /// Waits until there is room for one more; who leaves meanwhile gives the place up.
    pub(crate) async fn turn(&self) -> Result<Turn, ApiError> {
        Arc::clone(&self.turns).acquire_owned().await.map(|permit| Turn { _permit: permit }).map_err(|_| ApiError::Internal)
    }

    pub(crate) async fn hash(&self, turn: Turn, password: String) -> Result<String, ApiError> {
        compute(turn, move || hash(&password)).await.ok_or(ApiError::Internal)
    }

    /// Whether the password is that of the hash; never where there is none.
    pub(crate) async fn matches(&self, turn: Turn, password: String, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let matches = compute(turn, move || {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        });
        matches.await.is_some() && known
    }
}

async fn compute<T: Send + 'static>(turn: Turn, work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let work = move || {
        let worked = work();
        drop(turn);
        worked
    };
    spawn_blocking(work).await.ok().flatten()
}

fn hash(password: &str) -> Option<String> {
    Some(Argon2::default().hash_password(password.as_bytes()).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(passwords.turn().await.unwrap(), "CANARY".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("CANARY"));
        for (password, hash, expected) in [("CANARY", Some(hash.clone()), true), ("canary", Some(hash), false), ("CANARY", None, false)] {
            let turn = passwords.turn().await.unwrap();
            assert_eq!(passwords.matches(turn, password.to_owned(), hash).await, expected, "{password}");
        }
    }

    #[tokio::test]
    async fn who_leaves_does_not_make_room_while_the_work_goes_on() {
        let passwords = Passwords::new().unwrap();
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let (started, begun) = tokio::sync::oneshot::channel();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let work = compute(passwords.turn().await.unwrap(), move || {
                started.send(()).ok()?;
                ended.recv().ok()
            });
            tokio::select! {
                _ = work => panic!("it waits for its end"),
                begun = begun => begun.unwrap(),
            }
            ends.push(end);
        }
        assert!(passwords.turn().now_or_never().is_none(), "both who asked have left, their work has not");
        drop(ends);
        passwords.turn().await.unwrap();
    }
}
