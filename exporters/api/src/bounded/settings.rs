//! How many values a family names, and for how long.

use std::time::Duration;

/// Settings of a bounded family; the defaults are those of the metric's specification.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most values that are exposed by name at once.
    pub values: usize,
    /// Time between admissions; at least the scrape interval, so that a new series is scraped once before it is raised.
    pub epoch: Duration,
    /// Most values that are admitted, and most that are withdrawn, at one epoch's end.
    pub turnover: usize,
    /// Epochs without an event after which a value may be withdrawn: ten minutes, two of Prometheus' staleness windows.
    pub idle_epochs: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { values: 200, epoch: Duration::from_secs(30), turnover: 20, idle_epochs: 20 }
    }
}

/// How much heavier than the lightest tracked value another has to be to take its place.
pub(super) const HYSTERESIS: f64 = 2.0;

/// What is left of a weight after an epoch.
pub(super) const DECAY: f64 = 0.9;

/// Withdrawn values, and amounts of them, that are remembered for each tracked value.
pub(super) const GHOSTS: usize = 4;
