//! Examples of an alert: series that are given, and what must fire when. Promtool's unit tests are made of them.

use std::num::NonZeroU32;

use super::duration::{Duration, minutes};

/// Between two samples and two evaluations of a story that takes hours: what an instant selector reaches back over.
const COARSE: Duration = minutes(5);

/// Series and their samples in promtool's notation, one sample per scrape interval, or per five minutes if it is coarse.
pub(crate) type Given = &'static [(&'static str, &'static str)];

/// One story of an alert.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// What happens, in a few words.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) series: Given,
    pub(crate) moments: Vec<Moment>,
    /// Between samples and between evaluations, if these are not the stack's own.
    pub(crate) interval: Option<Duration>,
}

/// What an example is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything else.
    Story,
    /// What happens exactly at the threshold.
    Threshold,
    /// What happens while there is nothing to tell from.
    Missing,
    /// What happens when the condition comes and goes faster than the alert's `for`.
    Flapping,
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
}

impl Example {
    pub(crate) fn new(name: &'static str, series: Given) -> Self {
        Self { name, kind: Kind::Story, series, moments: Vec::new(), interval: None }
    }

    /// The value is the threshold itself.
    pub(crate) fn at_threshold(name: &'static str, series: Given) -> Self {
        Self { kind: Kind::Threshold, ..Self::new(name, series) }
    }

    /// Series are missing.
    pub(crate) fn missing(name: &'static str, series: Given) -> Self {
        Self { kind: Kind::Missing, ..Self::new(name, series) }
    }

    /// The condition does not last.
    pub(crate) fn flapping(name: &'static str, series: Given) -> Self {
        Self { kind: Kind::Flapping, ..Self::new(name, series) }
    }

    /// It takes hours: one sample and one evaluation in five minutes.
    pub(crate) fn coarse(self) -> Self {
        Self { interval: Some(COARSE), ..self }
    }

    /// Nothing fires at that time.
    pub(crate) fn quiet_at(mut self, at: Duration) -> Self {
        self.moments.push(Moment { at, firing: Vec::new() });
        self
    }

    /// Exactly this fires at that time.
    pub(crate) fn fires_at(self, at: Duration, firing: Firing) -> Self {
        self.all_fire_at(at, vec![firing])
    }

    /// Exactly these fire at that time.
    pub(crate) fn all_fire_at(mut self, at: Duration, firing: Vec<Firing>) -> Self {
        self.moments.push(Moment { at, firing });
        self
    }

    /// Until its last moment.
    pub(crate) fn lasting(&self) -> Option<Duration> {
        self.moments.iter().map(|moment| moment.at).max()
    }

    /// What fired at the moment before fires at that time too.
    pub(crate) fn still_at(self, at: Duration) -> Self {
        let firing = self.moments.last().map(|moment| moment.firing.clone()).unwrap_or_default();
        self.all_fire_at(at, firing)
    }

    /// Whether it shows the alert firing.
    pub(crate) fn fires(&self) -> bool {
        self.moments.iter().any(|moment| !moment.firing.is_empty())
    }

    /// From its last quiet moment to its first firing, if it has both.
    pub(crate) fn quiet_before_firing(&self) -> Option<Duration> {
        let first = self.moments.iter().filter(|moment| !moment.firing.is_empty()).map(|moment| moment.at).min()?;
        let quiet = self.moments.iter().map(|moment| moment.at).filter(|at| *at < first).max()?;
        Some(Duration::milliseconds(first.as_milliseconds().saturating_sub(quiet.as_milliseconds())))
    }

    /// Whether it shows the alert quiet after it fired.
    pub(crate) fn resolves(&self) -> bool {
        self.moments.iter().skip_while(|moment| moment.firing.is_empty()).any(|moment| moment.firing.is_empty())
    }

    /// Whether it shows only the alert not firing.
    pub(crate) fn stays_quiet(&self) -> bool {
        !self.moments.is_empty() && !self.fires()
    }

    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        for moment in &mut self.moments {
            moment.at = moment.at.divided_by(scale);
        }
        self.interval = self.interval.map(|interval| interval.divided_by(scale));
        self
    }
}

impl Firing {
    pub(crate) const fn new(labels: &'static [(&'static str, &'static str)], summary: &'static str) -> Self {
        Self { labels, summary }
    }
}
