//! A value as it is tracked: cut to a length, and held without an allocation of its own.

use std::hash::BuildHasher;

use foldhash::quality::SeedableRandomState;

/// Longest value in bytes; a longer one is cut, and values that are alike up to there are one.
pub(super) const VALUE_BYTES: usize = 64;

/// At most [`VALUE_BYTES`] bytes of text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    bytes: [u8; VALUE_BYTES],
    length: u8,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl Key {
    pub(super) fn new(value: &str) -> Self {
        let value = cut(value);
        let mut bytes = [0; VALUE_BYTES];
        for (slot, byte) in bytes.iter_mut().zip(value.bytes()) {
            *slot = byte;
        }
        Self { bytes, length: u8::try_from(value.len()).unwrap_or(0) }
    }

    /// Whether it is this value, which is cut.
    pub(super) fn is(&self, value: &str) -> bool {
        self.bytes.get(..usize::from(self.length)) == Some(value.as_bytes())
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// What of a value is tracked.
pub(super) fn cut(value: &str) -> &str {
    if value.len() <= VALUE_BYTES { value } else { value.get(..value.floor_char_boundary(VALUE_BYTES)).unwrap_or(value) }
}

/// Hash of a cut value, under a key that is new in each process, so that nobody can prepare values that collide.
pub(super) fn hash(state: &SeedableRandomState, value: &str) -> u64 {
    state.hash_one(value.as_bytes())
}
