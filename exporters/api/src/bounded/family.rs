//! A bounded family on the page: which label is open, which one has a closed set, and what amounts it takes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use exporter_core::{CounterSeries, Registry, Samples};
use metric_catalogue::{
    Counter, Definition, Metric,
    api::bounded::{EVICTIONS, INVALID_AMOUNTS, OTHER_RATIO, TRACKED_SERIES},
};
use tracing::warn;

use super::{Bounded, GROUPS, OTHER, Settings};

/// Value of the closed label for what is not in its set.
const UNLISTED: &str = "_OTHER";

/// The closed set of the label that stands beside the open one.
#[derive(Clone, Debug)]
pub(crate) struct Groups(Vec<Box<str>>);

impl Groups {
    /// At most 23 values, and one for all others.
    pub(crate) fn new(values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut groups: Vec<Box<str>> = Vec::new();
        for value in values {
            if groups.len() + 1 < GROUPS && !groups.iter().any(|known| **known == *value.as_ref()) {
                groups.push(value.as_ref().into());
            }
        }
        groups.push(UNLISTED.into());
        Self(groups)
    }

    pub(crate) fn position(&self, value: &str) -> usize {
        self.0.iter().position(|known| **known == *value).unwrap_or(self.0.len() - 1)
    }

    pub(crate) fn name(&self, position: usize) -> &str {
        self.0.get(position).map_or(UNLISTED, |name| name)
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct BoundedFamily {
    definition: &'static Definition,
    /// Position of the open label, and the closed label's set if there is one.
    open: usize,
    groups: Option<Groups>,
    bounded: Bounded,
    invalid: CounterSeries,
    warned: AtomicBool,
}

impl BoundedFamily {
    /// A family whose only label is open.
    pub(crate) fn new(registry: &Registry, metric: &'static Metric<Counter, 1>, settings: Settings) -> Self {
        Self::make(registry, metric.definition(), 0, None, Bounded::new(settings, 1))
    }

    /// A family whose label at `open` is open, and whose other one is one of `groups`.
    pub(crate) fn grouped(registry: &Registry, metric: &'static Metric<Counter, 2>, open: usize, groups: Groups, settings: Settings) -> Self {
        let bounded = Bounded::new(settings, groups.0.len());
        Self::make(registry, metric.definition(), open, Some(groups), bounded)
    }

    fn make(registry: &Registry, definition: &'static Definition, open: usize, groups: Option<Groups>, bounded: Bounded) -> Self {
        let invalid = registry.counter(&INVALID_AMOUNTS).series([definition.name]);
        Self { definition, open, groups, bounded, invalid, warned: AtomicBool::new(false) }
    }

    /// Counts `amount`; one that a counter cannot take is refused, counted, and logged the first time.
    pub(crate) fn add(&self, value: &str, group: &str, amount: f64) {
        if !(amount.is_finite() && amount >= 0.0) {
            self.invalid.add(1);
            if !self.warned.swap(true, Ordering::Relaxed) {
                warn!(family = self.definition.name, amount, "Amount refused, as are all further ones of its kind");
            }
            return;
        }
        let group = self.groups.as_ref().map_or(0, |groups| groups.position(group));
        self.bounded.add(value, group, amount);
    }

    /// Adds the family and what there is to know of it.
    pub(crate) fn collect(&self, now: Instant, samples: &mut Samples) {
        let standing = self.bounded.collect(now, |value, group, amount| {
            let open = value.unwrap_or(OTHER);
            match (&self.groups, self.open) {
                (None, _) => samples.plain(self.definition, &[open], amount),
                (Some(groups), 0) => samples.plain(self.definition, &[open, groups.name(group)], amount),
                (Some(groups), _) => samples.plain(self.definition, &[groups.name(group), open], amount),
            }
        });
        let family = [self.definition.name];
        samples.gauge(&TRACKED_SERIES, family, standing.tracked);
        samples.counter(&EVICTIONS, family, standing.evictions);
        samples.gauge(&OTHER_RATIO, family, standing.other_ratio);
    }
}
