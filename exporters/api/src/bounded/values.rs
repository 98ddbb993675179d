//! The family itself: what an event does, and what a page does. The argument is in the [module](super) above.

use std::{fmt, hash::BuildHasher, sync::PoisonError, time::Instant};

use foldhash::quality::SeedableRandomState;

use super::{
    atomic::{Mutex, MutexGuard, Swap},
    cell::Cell,
    keeper::Keeper,
    key,
    settings::Settings,
    sketch::Sketch,
    table::Table,
};

/// Value of the open label of everything that is not named.
pub const OTHER: &str = "other";

/// Candidates for each tracked value.
const CANDIDATES: usize = 2;

/// Most groups: values of the closed label that stands beside the open one. With 32 a full family takes 273 KiB, with 24 it keeps
/// within its 256.
pub(crate) const GROUPS: usize = 24;

/// Amounts by open value and group.
pub struct Bounded {
    settings: Settings,
    pub(super) hasher: SeedableRandomState,
    table: Swap<Table>,
    /// For each group, what is counted without a name.
    other: Box<[Cell]>,
    sketch: Mutex<Sketch>,
    epoch: Mutex<Epoch>,
}

struct Epoch {
    ends: Option<Instant>,
    keeper: Keeper,
}

/// How well a family names its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Values exposed by name.
    pub tracked: usize,
    /// Values that were withdrawn so far.
    pub evictions: u64,
    /// Share of the last whole epoch's amount that was counted without a name.
    pub other_ratio: f64,
}

impl fmt::Debug for Bounded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bounded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Bounded {
    /// An empty family of this many groups, at least one and at most 24.
    #[must_use]
    pub fn new(settings: Settings, groups: usize) -> Self {
        Self::with_hasher(settings, groups, SeedableRandomState::random())
    }

    pub(super) fn with_hasher(settings: Settings, groups: usize, hasher: SeedableRandomState) -> Self {
        let values = settings.values.max(2);
        let settings = Settings { values, turnover: settings.turnover.clamp(1, values - 1), ..settings };
        let other: Box<[Cell]> = (0..groups.clamp(1, GROUPS)).map(|_| Cell::new()).collect();
        for cell in &other {
            cell.open(0.0);
        }
        let seed = hasher.hash_one(0_u64);
        Self {
            settings,
            hasher,
            table: Swap::from_pointee(Table::new([].iter())),
            other,
            sketch: Mutex::new(Sketch::new(CANDIDATES * values, seed)),
            epoch: Mutex::new(Epoch { ends: None, keeper: Keeper::new(settings) }),
        }
    }

    /// Counts `amount`, which is finite and not negative; a group that there is not counts as the last one.
    pub fn add(&self, value: &str, group: usize, amount: f64) {
        let value = key::cut(value);
        let group = group.min(self.other.len() - 1);
        if value.is_empty() || value == OTHER {
            // Exposed, such a value would be taken for what is not named.
            return self.add_other(group, amount);
        }
        let hash = key::hash(&self.hasher, value);
        let table = self.table.load();
        if let Some(slot) = table.find(hash, value) {
            if slot.cells.get(group).is_some_and(|cell| cell.add(amount)) {
                return;
            }
        } else if let Ok(mut sketch) = self.sketch.try_lock() {
            sketch.offer(hash, value, group, amount);
        }
        self.add_other(group, amount);
    }

    fn add_other(&self, group: usize, amount: f64) {
        if let Some(other) = self.other.get(group) {
            other.add(amount);
        }
    }

    /// Calls `each` with every exposed series: its value (`None` for all that are not named), group and amount. Ends the epoch
    /// first, if it is time: what is exposed changes between pages only.
    pub fn collect(&self, now: Instant, mut each: impl FnMut(Option<&str>, usize, f64)) -> Standing {
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch.ends.is_none_or(|ends| now >= ends) {
            epoch.ends = now.checked_add(self.settings.epoch);
            let other = self.other.iter().filter_map(Cell::amount).sum();
            let mut sketch = self.sketch();
            let table = epoch.keeper.turn(&mut sketch, self.other.len(), other);
            // Before anybody may offer again: what was admitted is found from here on.
            self.table.store(table.into());
            drop(sketch);
        }
        for (group, cell) in self.other.iter().enumerate() {
            each(None, group, cell.amount().unwrap_or(0.0));
        }
        epoch.keeper.series(|value, group, amount| each(Some(value), group, amount));
        let keeper = &epoch.keeper;
        Standing { tracked: keeper.tracked(), evictions: keeper.evictions, other_ratio: keeper.other_ratio }
    }

    pub(super) fn sketch(&self) -> MutexGuard<'_, Sketch> {
        self.sketch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
