//! What the registry's storage synchronises with, and the sizes that it starts with; the loom test puts loom's atomics and
//! smaller sizes in their place.

pub(super) use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering, fence},
};

/// Keyed anew in each process, so that nobody can prepare values that collide.
pub(super) use foldhash::fast::RandomState;

/// Words of an exemplar: trace (two), span, value, time.
pub(super) const WORDS: usize = 5;

/// Entries of a table's first level.
pub(super) const FIRST_LEVEL: usize = 64;

/// Slots of a store's first chunk: enough for most families.
pub(super) const FIRST_CHUNK: usize = 64;

/// Slots of every further chunk: small enough to be made in microseconds.
pub(super) const NEXT_CHUNK: usize = 1024;
