//! Counters: of events, as whole numbers, and of amounts, as floats.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Counted,
    index::Index,
    latest::Latest,
    store::{Cells, Slot, add_float},
    trace::TraceId,
};
use crate::{
    measure::from_u64,
    samples::{Line, LineVisitor},
};

/// A counter with `N` labels that counts events.
#[derive(Clone, Debug)]
pub struct CounterFamily<const N: usize>(Arc<Index>);

impl<const N: usize> CounterFamily<N> {
    pub(super) const fn new(index: Arc<Index>) -> Self {
        Self(index)
    }

    /// Counts `events` more under these labels.
    pub fn add(&self, labels: [&str; N], events: u64) {
        if let Some(cell) = self.0.find(&labels).and_then(Slot::cell) {
            cell.fetch_add(events, Ordering::Relaxed);
        }
    }

    /// Counts `events` more, and remembers the trace of the last of them.
    pub fn add_traced(&self, labels: [&str; N], events: u64, trace: TraceId) {
        self.series(labels).add_traced(events, trace);
    }

    /// The series with these labels, to keep; exposed at 0 from now on.
    #[must_use]
    pub fn series(&self, labels: [&str; N]) -> CounterSeries {
        CounterSeries(self.0.find(&labels).map(Slot::keep))
    }

    /// Events that were not counted, since the family had reached its limit of series.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused()
    }
}

/// One series of a counter; counts nothing if its family was full.
#[derive(Clone, Debug)]
pub struct CounterSeries(Option<Cells>);

impl CounterSeries {
    /// Counts `events` more.
    pub fn add(&self, events: u64) {
        if let Some(cell) = self.0.as_ref().and_then(|cells| cells.get(0)) {
            cell.fetch_add(events, Ordering::Relaxed);
        }
    }

    /// Counts `events` more, and remembers the trace of the last of them: its exemplar.
    pub fn add_traced(&self, events: u64, trace: TraceId) {
        self.add(events);
        if let Some(latest) = self.0.as_ref().and_then(|cells| cells.exemplars(1)).and_then(<[Latest]>::first) {
            latest.keep(trace, from_u64(events));
        }
    }
}

impl Counted for Index {
    fn len(&self) -> usize {
        self.store.len()
    }

    fn refused(&self) -> u64 {
        Self::refused(self)
    }

    fn lines(&self, each: LineVisitor<'_>) {
        self.store.each(|labels, cells, exemplars| {
            let value = cells.first().map_or(0.0, |cell| from_u64(cell.load(Ordering::Relaxed)));
            let exemplar = exemplars.first().and_then(Latest::exemplar);
            each(Line { exemplar: exemplar.as_ref(), ..Line::plain(labels, value) });
        });
    }

    fn retained(&self, keep: &dyn Fn(&str) -> bool) -> Arc<dyn Counted> {
        Arc::new(Self::retained(self, keep))
    }
}

/// A counter with `N` labels that counts amounts.
#[derive(Clone, Debug)]
pub struct FloatCounterFamily<const N: usize>(Arc<Floats>);

#[derive(Debug)]
pub(super) struct Floats(pub(super) Index);

impl<const N: usize> FloatCounterFamily<N> {
    pub(super) const fn new(floats: Arc<Floats>) -> Self {
        Self(floats)
    }

    /// Counts `amount` more under these labels.
    ///
    /// # Errors
    /// A counter takes nothing negative, infinite or NaN.
    pub fn add(&self, labels: [&str; N], amount: f64) -> Result<(), InvalidAmount> {
        let amount = countable(amount)?;
        let index = &self.0.0;
        if let Some(cell) = index.find(&labels).and_then(Slot::cell) {
            add_float(cell, amount);
        }
        Ok(())
    }

    /// The series with these labels, to keep; exposed at 0 from now on.
    #[must_use]
    pub fn series(&self, labels: [&str; N]) -> FloatCounterSeries {
        let index = &self.0.0;
        FloatCounterSeries(index.find(&labels).map(Slot::keep))
    }

    /// Events that were not counted, since the family had reached its limit of series.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.0.refused()
    }
}

/// One series of a counter of amounts; counts nothing if its family was full.
#[derive(Clone, Debug)]
pub struct FloatCounterSeries(Option<Cells>);

impl FloatCounterSeries {
    /// Counts `amount` more.
    ///
    /// # Errors
    /// A counter takes nothing negative, infinite or NaN.
    pub fn add(&self, amount: f64) -> Result<(), InvalidAmount> {
        let amount = countable(amount)?;
        if let Some(cell) = self.0.as_ref().and_then(|cells| cells.get(0)) {
            add_float(cell, amount);
        }
        Ok(())
    }
}

/// An amount that would break a counter.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not an amount that a counter can take")]
pub struct InvalidAmount(f64);

fn countable(amount: f64) -> Result<f64, InvalidAmount> {
    if amount.is_finite() && amount >= 0.0 { Ok(amount) } else { Err(InvalidAmount(amount)) }
}

impl Counted for Floats {
    fn len(&self) -> usize {
        self.0.store.len()
    }

    fn refused(&self) -> u64 {
        self.0.refused()
    }

    fn lines(&self, each: LineVisitor<'_>) {
        self.0.store.each(|labels, cells, _| {
            let value = cells.first().map_or(0.0, |cell| f64::from_bits(cell.load(Ordering::Relaxed)));
            each(Line::plain(labels, value));
        });
    }

    fn retained(&self, keep: &dyn Fn(&str) -> bool) -> Arc<dyn Counted> {
        Arc::new(Self(self.0.retained(keep)))
    }
}
