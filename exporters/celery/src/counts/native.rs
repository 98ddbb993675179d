//! Our names: tasks by name only, since workers come and go.

use std::collections::HashMap;

use exporter_core::{CounterFamily, CounterSeries, HistogramFamily, HistogramSeries, Registry};
use foldhash::quality::RandomState;
use metric_catalogue::celery::tasks::{
    FAILED, OUTCOMES, PREFETCH_WAIT, QUEUE_WAIT, RECEIVED, REJECTED, RETRIED, REVOKED, RUNTIME, SENT, STARTED, STATUSES, SUCCEEDED, TIMEOUTS,
};

use super::{About, Outcome, Time};
use crate::{event::Kind, tasks::names::Names};

/// Most classes of exceptions.
const CLASSES: usize = 500;

/// Most pairs of a task's name and a class; past it a task's further failures are of class `__other__`.
const PAIRS: usize = 10_000;

/// Every family, and the series of each name.
#[derive(Debug)]
pub(crate) struct Native {
    counters: [CounterFamily<1>; 7],
    outcomes: CounterFamily<2>,
    failed: CounterFamily<2>,
    timeouts: CounterFamily<1>,
    times: [HistogramFamily<1>; 3],
    classes: Names,
    pairs: HashMap<(u32, u32), CounterSeries, RandomState>,
    /// By number of the name.
    series: Vec<Option<Box<Series>>>,
}

/// The series of one name: looked up once. Counters are there from the first event of the name on, so that the first
/// failure is an increase; histograms when they have something to show.
#[derive(Debug)]
struct Series {
    /// In the order of `Native::counters`.
    counters: [CounterSeries; 7],
    /// In the order of `STATUSES`.
    outcomes: [CounterSeries; 5],
    timeouts: CounterSeries,
    times: [Option<HistogramSeries>; 3],
}

impl Native {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self {
            counters: [&SENT, &RECEIVED, &STARTED, &SUCCEEDED, &RETRIED, &REVOKED, &REJECTED].map(|metric| registry.counter(metric)),
            outcomes: registry.counter(&OUTCOMES),
            failed: registry.counter(&FAILED),
            timeouts: registry.counter(&TIMEOUTS),
            times: [&RUNTIME, &QUEUE_WAIT, &PREFETCH_WAIT].map(|metric| registry.histogram(metric)),
            classes: Names::new("unknown", "__other__", CLASSES),
            pairs: HashMap::default(),
            series: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, kind: Kind, about: About<'_>) {
        let position = match kind {
            Kind::Sent => 0,
            Kind::Received => 1,
            Kind::Started => 2,
            _ => return,
        };
        self.count(position, about);
    }

    pub(super) fn ended(&mut self, outcome: Outcome<'_>, about: About<'_>) {
        let (counter, status) = match outcome {
            Outcome::Succeeded => (Some(3), 0),
            Outcome::Failed { .. } => (None, 1),
            Outcome::Retried => (Some(4), 2),
            Outcome::Revoked => (Some(5), 3),
            Outcome::Rejected => (Some(6), 4),
        };
        if let Some(counter) = counter {
            self.count(counter, about);
        }
        if let Some(series) = self.series(about).and_then(|series| series.outcomes.get(status)) {
            series.add(1);
        }
        if let Outcome::Failed { class, timeout } = outcome {
            self.failed(class, about);
            if timeout && let Some(series) = self.series(about) {
                series.timeouts.add(1);
            }
        }
    }

    pub(super) fn took(&mut self, time: Time, seconds: f64, about: About<'_>) {
        let position = match time {
            Time::Run { .. } => 0,
            Time::Queue => 1,
            Time::Prefetch => 2,
        };
        let Some(family) = self.times.get(position).cloned() else { return };
        if let Some(slot) = self.series(about).and_then(|series| series.times.get_mut(position)) {
            slot.get_or_insert_with(|| family.series([about.name])).observe(seconds);
        }
    }

    fn count(&mut self, position: usize, about: About<'_>) {
        if let Some(series) = self.series(about).and_then(|series| series.counters.get(position)) {
            series.add(1);
        }
    }

    fn failed(&mut self, class: &str, about: About<'_>) {
        let mut class = self.classes.number(class);
        if self.pairs.len() >= PAIRS && !self.pairs.contains_key(&(about.number, class)) {
            class = crate::tasks::names::OTHER;
        }
        let (family, classes) = (&self.failed, &self.classes);
        self.pairs.entry((about.number, class)).or_insert_with(|| family.series([about.name, classes.name(class)])).add(1);
    }

    fn series(&mut self, about: About<'_>) -> Option<&mut Series> {
        let at = usize::try_from(about.number).ok()?;
        if self.series.len() <= at {
            self.series.resize_with(at + 1, || None);
        }
        let (counters, outcomes, timeouts) = (&self.counters, &self.outcomes, &self.timeouts);
        let slot = self.series.get_mut(at)?;
        Some(slot.get_or_insert_with(|| {
            Box::new(Series {
                counters: counters.each_ref().map(|family| family.series([about.name])),
                outcomes: std::array::from_fn(|at| outcomes.series([about.name, STATUSES.get(at).copied().unwrap_or_default()])),
                timeouts: timeouts.series([about.name]),
                times: [None, None, None],
            })
        }))
    }
}
