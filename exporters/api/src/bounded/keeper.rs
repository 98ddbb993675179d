//! What happens at an epoch's end: who is named from now on, and who no longer.
//!
//! A series passes through these stages, each of which lasts at least an epoch, and so at least one scrape:
//! announced (exposed, counted as other) -> open (counted by name) -> withdrawn (exposed, counted as other again) -> gone.
//! Nothing ever moves between series.

use std::sync::Arc;

use super::{
    cell::Cell,
    ghosts::Ghosts,
    settings::{DECAY, GHOSTS, HYSTERESIS, Settings},
    sketch::{Candidate, Sketch},
    table::{Slot, Table},
};

/// State between epochs.
#[derive(Debug)]
pub(super) struct Keeper {
    settings: Settings,
    tracked: Vec<Tracked>,
    ghosts: Ghosts,
    pub(super) evictions: u64,
    /// Share of the last epoch's amount that was not counted by name.
    pub(super) other_ratio: f64,
    other_before: f64,
}

/// A value that is exposed by name.
#[derive(Debug)]
struct Tracked {
    slot: Arc<Slot>,
    series: Box<[Series]>,
    /// Recent amount, fading.
    weight: f64,
    idle: u32,
    withdrawn: bool,
}

/// One series of a value.
#[derive(Clone, Copy, Debug)]
enum Series {
    /// Nothing has come under this group; what a ghost remembers of it.
    Hidden(f64),
    /// Exposed at this amount until the epoch ends.
    Announced(f64),
    /// Counted; what it was at the last epoch's end.
    Open(f64),
    /// Exposed at its last amount until the epoch ends.
    Withdrawn(f64),
}

impl Keeper {
    pub(super) fn new(settings: Settings) -> Self {
        let ghosts = Ghosts::new(GHOSTS * settings.values);
        Self { settings, tracked: Vec::new(), ghosts, evictions: 0, other_ratio: 0.0, other_before: 0.0 }
    }

    /// Values that are exposed by name.
    pub(super) fn tracked(&self) -> usize {
        self.tracked.len()
    }

    /// Calls `each` with every named series.
    pub(super) fn series(&self, mut each: impl FnMut(&str, usize, f64)) {
        for tracked in &self.tracked {
            for (group, (series, cell)) in tracked.series.iter().zip(&tracked.slot.cells).enumerate() {
                let amount = match series {
                    Series::Hidden(_) => continue,
                    Series::Announced(amount) | Series::Withdrawn(amount) => *amount,
                    Series::Open(before) => cell.amount().unwrap_or(*before),
                };
                each(tracked.slot.key.as_str(), group, amount);
            }
        }
    }

    /// Ends an epoch and gives the table of the next. `other` is what has been counted without a name so far.
    pub(super) fn turn(&mut self, sketch: &mut Sketch, groups: usize, other: f64) -> Table {
        self.bury();
        let named: f64 = self.tracked.iter_mut().map(Tracked::turn).sum();
        let unnamed = other - self.other_before;
        self.other_before = other;
        self.other_ratio = if named + unnamed > 0.0 { unnamed / (named + unnamed) } else { 0.0 };
        let mut withdrawals = self.settings.turnover;
        for tracked in &mut self.tracked {
            if tracked.idle >= self.settings.idle_epochs && withdrawals > 0 {
                withdrawals -= 1;
                self.evictions += 1;
                tracked.withdraw();
            }
        }
        self.admit(sketch, groups, withdrawals);
        sketch.decay();
        let named: Vec<&Arc<Slot>> = self.tracked.iter().filter(|tracked| !tracked.withdrawn).map(|tracked| &tracked.slot).collect();
        Table::new(named.into_iter())
    }

    /// What was withdrawn at the last epoch's end has been seen, and goes.
    fn bury(&mut self) {
        let ghosts = &mut self.ghosts;
        self.tracked.retain(|tracked| {
            if tracked.withdrawn {
                ghosts.remember(tracked.slot.hash, tracked.amounts());
            }
            !tracked.withdrawn
        });
    }

    fn admit(&mut self, sketch: &mut Sketch, groups: usize, mut withdrawals: usize) {
        // Kept free, so that a value and the one in whose place it comes fit side by side for an epoch.
        let room = self.settings.values - self.settings.turnover;
        let mut admitted = Vec::new();
        // An event that began before the last epoch's end may have offered a value that was admitted there.
        for tracked in &self.tracked {
            sketch.remove(tracked.slot.hash);
        }
        for candidate in sketch.heaviest(self.settings.turnover) {
            let named = self.tracked.iter().filter(|tracked| !tracked.withdrawn).count() + admitted.len();
            if named >= room {
                let Some(lightest) = self.lightest() else { break };
                if withdrawals == 0 || candidate.weight() < HYSTERESIS * lightest.weight {
                    break;
                }
                lightest.withdraw();
                withdrawals -= 1;
                self.evictions += 1;
            }
            sketch.remove(candidate.hash);
            admitted.push(Tracked::announced(&candidate, groups, &self.ghosts.take(candidate.hash)));
        }
        self.tracked.extend(admitted);
    }

    fn lightest(&mut self) -> Option<&mut Tracked> {
        self.tracked.iter_mut().filter(|tracked| !tracked.withdrawn).min_by(|left, right| left.weight.total_cmp(&right.weight))
    }
}

impl Tracked {
    fn announced(candidate: &Candidate, groups: usize, remembered: &[(u8, f64)]) -> Self {
        let slot = Slot::new(candidate.hash, candidate.key, groups);
        let was = |group: usize| remembered.iter().find(|(found, _)| usize::from(*found) == group).map_or(0.0, |(_, amount)| *amount);
        let came = |group: u32| candidate.groups.checked_shr(group).unwrap_or(0) & 1 == 1;
        let series = slot.cells.iter().zip(0..).enumerate();
        let series = series.map(|(group, (cell, bit))| {
            if came(bit) {
                cell.close();
                Series::Announced(was(group))
            } else {
                Series::Hidden(was(group))
            }
        });
        let series = series.collect();
        Self { slot: Arc::new(slot), series, weight: candidate.weight(), idle: 0, withdrawn: false }
    }

    /// Moves each series to its next stage; gives what was counted by name in the epoch.
    fn turn(&mut self) -> f64 {
        let mut counted = 0.0;
        let mut quiet = true;
        for (series, cell) in self.series.iter_mut().zip(&self.slot.cells) {
            match *series {
                Series::Hidden(was) if cell.is_wanted() => {
                    *series = Series::Announced(was);
                    quiet = false;
                }
                Series::Announced(start) => {
                    cell.open(start);
                    *series = Series::Open(start);
                    quiet = false;
                }
                Series::Open(before) => {
                    let now = cell.amount().unwrap_or(before);
                    counted += now - before;
                    *series = Series::Open(now);
                }
                Series::Hidden(_) | Series::Withdrawn(_) => {}
            }
        }
        self.weight = self.weight * DECAY + counted;
        self.idle = if quiet && counted <= 0.0 { self.idle + 1 } else { 0 };
        counted
    }

    /// Takes no event any more, and stays exposed for an epoch.
    fn withdraw(&mut self) {
        self.withdrawn = true;
        for (series, cell) in self.series.iter_mut().zip(&self.slot.cells) {
            let last = Cell::close(cell);
            match *series {
                Series::Open(before) => *series = Series::Withdrawn(last.unwrap_or(before)),
                Series::Announced(start) => *series = Series::Withdrawn(start),
                Series::Hidden(_) | Series::Withdrawn(_) => {}
            }
        }
    }

    fn amounts(&self) -> Box<[(u8, f64)]> {
        let amounts = self.series.iter().zip(0_u8..).filter_map(|(series, group)| match series {
            Series::Hidden(amount) if *amount <= 0.0 => None,
            Series::Hidden(amount) | Series::Announced(amount) | Series::Open(amount) | Series::Withdrawn(amount) => Some((group, *amount)),
        });
        amounts.collect()
    }
}
