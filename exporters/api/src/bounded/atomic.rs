//! What the family synchronises with; the loom test puts loom's in its place.

pub(super) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

/// A value that is read without a lock and replaced as a whole.
pub(super) use arc_swap::ArcSwap as Swap;
