//! A hash table that is read without a lock and only grows: from 32 bits of a hash to the series that have them.
//!
//! A level is an array of entries, probed one after the other. When it is three quarters full, a writer fills the next one,
//! twice as large, and then makes it the current one; readers that are still in the old one miss nothing but the newest
//! series, and a reader that finds nothing asks again under the writers' lock.

use super::sync::{AtomicU64, AtomicUsize, FIRST_LEVEL, OnceLock, Ordering};

/// Levels: the last one holds more series than 31 bits can number.
const LEVELS: usize = 27;

/// What is known of a series besides its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) position: u32,
    /// Nothing in its labels is escaped, so they can be compared in place.
    pub(super) plain: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Table {
    levels: [OnceLock<Box<[AtomicU64]>>; LEVELS],
    current: AtomicUsize,
}

impl Default for Table {
    fn default() -> Self {
        Self { levels: Default::default(), current: AtomicUsize::new(0) }
    }
}

impl Table {
    /// What `pick` makes of the first series with this hash of which it makes something.
    pub(super) fn find<T>(&self, hash: u32, mut pick: impl FnMut(Known) -> Option<T>) -> Option<T> {
        let level = self.levels.get(self.current.load(Ordering::Acquire))?.get()?;
        let mut at = start(level, hash);
        loop {
            // The level is never full, so an empty entry comes.
            let entry = level.get(at)?.load(Ordering::Acquire);
            if entry == 0 {
                return None;
            }
            if entry >> 32 == u64::from(hash)
                && let Some(picked) = pick(unpack(entry))
            {
                return Some(picked);
            }
            at = (at + 1) & (level.len() - 1);
        }
    }

    /// Adds a series that is not there, as the `count`th. Called by one thread at a time.
    pub(super) fn insert(&self, hash: u32, known: Known, count: usize) {
        let current = self.current.load(Ordering::Relaxed);
        let level = self.levels.get(current).map(|level| level.get_or_init(|| empty(FIRST_LEVEL)));
        let Some(level) = level else { return };
        if count.saturating_mul(4) <= level.len().saturating_mul(3) {
            return put(level, pack(hash, known));
        }
        let Some(next) = self.levels.get(current + 1) else { return };
        let larger = next.get_or_init(|| empty(level.len() * 2));
        for entry in level.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|entry| *entry != 0) {
            put(larger, entry);
        }
        put(larger, pack(hash, known));
        self.current.store(current + 1, Ordering::Release);
    }
}

impl Table {
    /// Every series with its hash, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, Known)> {
        let level = self.levels.get(self.current.load(Ordering::Acquire)).and_then(OnceLock::get);
        let entries = level.into_iter().flatten().map(|slot| slot.load(Ordering::Acquire)).filter(|entry| *entry != 0);
        entries.map(|entry| (u32::try_from(entry >> 32).unwrap_or(0), unpack(entry)))
    }
}

fn empty(size: usize) -> Box<[AtomicU64]> {
    (0..size).map(|_| AtomicU64::new(0)).collect()
}

/// Where a hash stands if nothing else stood there first.
fn start(level: &[AtomicU64], hash: u32) -> usize {
    usize::try_from(hash).unwrap_or(0) & (level.len() - 1)
}

fn put(level: &[AtomicU64], entry: u64) {
    let start = start(level, u32::try_from(entry >> 32).unwrap_or(0));
    let (before, after) = level.split_at_checked(start).unwrap_or((&[], level));
    if let Some(slot) = after.iter().chain(before).find(|slot| slot.load(Ordering::Relaxed) == 0) {
        slot.store(entry, Ordering::Release);
    }
}

/// Hash in the high half; in the low one a flag, and the position from 1 on, so that 0 is no entry.
fn pack(hash: u32, known: Known) -> u64 {
    u64::from(hash) << 32 | u64::from(known.plain) << 31 | u64::from(known.position + 1)
}

fn unpack(entry: u64) -> Known {
    let low = u32::try_from(entry & 0xffff_ffff).unwrap_or(0);
    Known { position: (low & 0x7fff_ffff).saturating_sub(1), plain: low >> 31 == 1 }
}
