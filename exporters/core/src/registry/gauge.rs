//! Gauges: set, or moved up and down.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Counted,
    index::Index,
    store::{Cells, Slot, add_float},
};
use crate::samples::{Line, LineVisitor};

/// A gauge with `N` labels.
#[derive(Clone, Debug)]
pub struct GaugeFamily<const N: usize>(Arc<Gauges>);

#[derive(Debug)]
pub(super) struct Gauges(pub(super) Index);

impl<const N: usize> GaugeFamily<N> {
    pub(super) const fn new(gauges: Arc<Gauges>) -> Self {
        Self(gauges)
    }

    /// Sets the value under these labels.
    pub fn set(&self, labels: [&str; N], value: f64) {
        let index = &self.0.0;
        if let Some(cell) = index.find(&labels).and_then(Slot::cell) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// The series with these labels, to keep.
    #[must_use]
    pub fn series(&self, labels: [&str; N]) -> GaugeSeries {
        let index = &self.0.0;
        GaugeSeries(index.find(&labels).map(Slot::keep))
    }

    /// Changes that were not seen, since the family had reached its limit of series.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.0.refused()
    }
}

/// One series of a gauge; holds nothing if its family was full.
#[derive(Clone, Debug)]
pub struct GaugeSeries(Option<Cells>);

impl GaugeSeries {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        if let Some(cell) = self.0.as_ref().and_then(|cells| cells.get(0)) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Moves the value, down if `amount` is negative.
    pub fn add(&self, amount: f64) {
        if let Some(cell) = self.0.as_ref().and_then(|cells| cells.get(0)) {
            add_float(cell, amount);
        }
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.as_ref().and_then(|cells| cells.get(0)).map_or(0.0, |cell| f64::from_bits(cell.load(Ordering::Relaxed)))
    }
}

impl Counted for Gauges {
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
