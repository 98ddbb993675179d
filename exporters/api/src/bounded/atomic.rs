//! The atomics that [`cell`](super::cell) uses; the loom test puts loom's in their place.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
