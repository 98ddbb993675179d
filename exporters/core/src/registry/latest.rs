//! A few words that are written and read together without a lock: a sequence lock of atomics.
//!
//! The version is odd while somebody writes. A writer that meets another gives up: what the other writes is as new. A
//! reader that meets a writer tries again a few times and then has nothing, so neither ever waits.

use super::sync::{AtomicU64, Ordering, WORDS, fence};

/// Reads that a writer may spoil before a reader goes without.
const ATTEMPTS: usize = 3;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Latest {
    version: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl Latest {
    /// Replaces what is there.
    pub(super) fn write(&self, words: [u64; WORDS]) {
        let version = self.version.load(Ordering::Relaxed);
        let free = version.is_multiple_of(2);
        if !free || self.version.compare_exchange(version, version + 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return;
        }
        // Who sees one of the words sees the odd version too.
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        self.version.store(version + 2, Ordering::Release);
    }

    /// What was written last; `None` before the first time.
    pub(super) fn read(&self) -> Option<[u64; WORDS]> {
        for _ in 0..ATTEMPTS {
            let version = self.version.load(Ordering::Acquire);
            if version == 0 {
                return None;
            }
            let mut words = [0; WORDS];
            for (word, cell) in words.iter_mut().zip(&self.words) {
                *word = cell.load(Ordering::Relaxed);
            }
            fence(Ordering::Acquire);
            if version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version {
                return Some(words);
            }
        }
        None
    }
}
