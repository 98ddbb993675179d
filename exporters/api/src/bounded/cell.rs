//! One exposed amount that can be closed: after that no addition gets in, and none is lost.
//!
//! An addition either raises the cell or is told to go elsewhere, as one atomic step; closing takes the final amount in the same
//! step that shuts the cell. So whatever a thread was doing when its series was withdrawn, its event is on exactly one series.

use super::atomic::{AtomicU64, Ordering};

/// Nobody has asked for this cell. The states are NaNs that no arithmetic yields.
const UNUSED: u64 = 0x7ff8_dead_0000_0001;

/// An addition came while it was unused: it may be opened.
const WANTED: u64 = 0x7ff8_dead_0000_0002;

/// Announced, or withdrawn: exposed, but nothing is added.
const CLOSED: u64 = 0x7ff8_dead_0000_0003;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(UNUSED))
    }

    /// Adds, unless the cell is not open.
    pub(crate) fn add(&self, amount: f64) -> bool {
        let mut bits = self.0.load(Ordering::Relaxed);
        loop {
            let next = match bits {
                CLOSED | WANTED => return false,
                UNUSED => WANTED,
                open => (f64::from_bits(open) + amount).to_bits(),
            };
            match self.0.compare_exchange_weak(bits, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return bits != UNUSED,
                Err(found) => bits = found,
            }
        }
    }

    /// The amount, while the cell is open.
    pub(crate) fn amount(&self) -> Option<f64> {
        amount(self.0.load(Ordering::Relaxed))
    }

    /// Whether an addition came while the cell was unused.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WANTED
    }

    /// Lets additions in, from `amount` on.
    pub(crate) fn open(&self, amount: f64) {
        self.0.store(amount.to_bits(), Ordering::Relaxed);
    }

    /// Lets no addition in any more, and gives the final amount, if the cell was open.
    pub(crate) fn close(&self) -> Option<f64> {
        amount(self.0.swap(CLOSED, Ordering::Relaxed))
    }
}

fn amount(bits: u64) -> Option<f64> {
    (!matches!(bits, UNUSED | WANTED | CLOSED)).then(|| f64::from_bits(bits))
}
