//! Examples of an alert: series that are given, and what must fire when. Promtool's unit tests are made of them.

use std::num::NonZeroU32;

use super::duration::Duration;

/// One story of an alert.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// What happens, in a few words.
    pub(crate) name: &'static str,
    /// Series and their samples in promtool's notation, one sample per scrape interval.
    pub(crate) series: &'static [(&'static str, &'static str)],
    pub(crate) moments: Vec<Moment>,
}

/// What must be firing at one moment; nothing, if there are no firings.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Duration,
    pub(crate) firing: Vec<Firing>,
}

/// One alert that fires, with its texts written out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Firing {
    /// Labels besides severity, service and team.
    pub(crate) labels: &'static [(&'static str, &'static str)],
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
}

impl Example {
    pub(crate) fn new(name: &'static str, series: &'static [(&'static str, &'static str)]) -> Self {
        Self { name, series, moments: Vec::new() }
    }

    /// Nothing fires at that time.
    pub(crate) fn quiet_at(mut self, at: Duration) -> Self {
        self.moments.push(Moment { at, firing: Vec::new() });
        self
    }

    /// Exactly this fires at that time.
    pub(crate) fn fires_at(mut self, at: Duration, firing: Firing) -> Self {
        self.moments.push(Moment { at, firing: vec![firing] });
        self
    }

    /// Whether it shows the alert firing.
    pub(crate) fn fires(&self) -> bool {
        self.moments.iter().any(|moment| !moment.firing.is_empty())
    }

    /// Whether it shows only the alert not firing.
    pub(crate) fn stays_quiet(&self) -> bool {
        !self.moments.is_empty() && !self.fires()
    }

    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        for moment in &mut self.moments {
            moment.at = moment.at.divided_by(scale);
        }
        self
    }
}
