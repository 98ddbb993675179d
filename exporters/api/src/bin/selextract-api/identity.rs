//! Identities that nobody can guess.

use std::fmt::Write;

use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};

/// A random UUID (version 4).
pub(crate) fn uuid() -> String {
    let mut bytes = random();
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A token for a session.
pub(crate) fn token() -> String {
    hex(&[random(), random()].concat())
}

/// What is stored of a token: whoever reads the database cannot use it.
pub(crate) fn hashed(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // Without random numbers nothing here is safe: not a token, not a password's salt.
        std::process::abort();
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_their_form() {
        let id = uuid();
        assert_eq!((id.len(), id.chars().nth(14), id.matches('-').count()), (36, Some('4'), 4));
        assert_ne!(uuid(), uuid());
        assert_eq!((token().len(), hashed("a").len()), (64, 64));
    }
}
