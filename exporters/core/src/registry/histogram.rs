//! Histograms, with the bounds of their declaration or of the program's choice.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metric_catalogue::Definition;

use super::{
    Counted,
    index::Index,
    latest::Latest,
    store::{Cells, Slot, add_float},
    trace::TraceId,
};
use crate::{
    measure::from_u64,
    samples::{Line, LineVisitor, Part},
};

/// A histogram with `N` labels.
#[derive(Clone, Debug)]
pub struct HistogramFamily<const N: usize>(Arc<Histograms>);

/// Cells of a series: the sum, then a count per bucket, the last one for what is above all bounds.
#[derive(Debug)]
pub(super) struct Histograms {
    index: Index,
    bounds: Box<[f64]>,
}

impl Histograms {
    pub(super) fn new(definition: &'static Definition, bounds: &[f64], limit: usize) -> Self {
        Self { index: Index::new(definition, bounds.len() + 2, limit), bounds: bounds.into() }
    }

    fn bucket(&self, value: f64) -> usize {
        // Most values fall into the lower buckets, and there are few: a walk is faster than a search.
        self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len())
    }

    fn observe(&self, cells: &[AtomicU64], value: f64) {
        let Some((sum, buckets)) = cells.split_first() else { return };
        let bucket = self.bucket(value);
        if let Some(count) = buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        add_float(sum, value);
    }
}

impl<const N: usize> HistogramFamily<N> {
    pub(super) const fn new(histograms: Arc<Histograms>) -> Self {
        Self(histograms)
    }

    /// Counts one observation under these labels; NaN is not one.
    pub fn observe(&self, labels: [&str; N], value: f64) {
        let index = &self.0.index;
        if !value.is_nan()
            && let Some(cells) = index.find(&labels).and_then(Slot::cells)
        {
            self.0.observe(cells, value);
        }
    }

    /// Counts one observation, and remembers its trace as the latest of its bucket.
    pub fn observe_traced(&self, labels: [&str; N], value: f64, trace: TraceId) {
        self.series(labels).observe_traced(value, trace);
    }

    /// The series with these labels, to keep; exposed from now on.
    #[must_use]
    pub fn series(&self, labels: [&str; N]) -> HistogramSeries {
        let index = &self.0.index;
        let cells = index.find(&labels).map(Slot::keep);
        HistogramSeries { family: Arc::clone(&self.0), cells }
    }

    /// Observations that were not counted, since the family had reached its limit of series.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.index.refused()
    }
}

/// One series of a histogram; counts nothing if its family was full.
#[derive(Clone, Debug)]
pub struct HistogramSeries {
    family: Arc<Histograms>,
    cells: Option<Cells>,
}

impl HistogramSeries {
    /// Counts one observation; NaN is not one.
    pub fn observe(&self, value: f64) {
        let stride = self.family.bounds.len() + 2;
        if !value.is_nan()
            && let Some(cells) = self.cells.as_ref().and_then(|cells| cells.all(stride))
        {
            self.family.observe(cells, value);
        }
    }

    /// Counts one observation, and remembers its trace as the latest of its bucket: its exemplar.
    pub fn observe_traced(&self, value: f64, trace: TraceId) {
        self.observe(value);
        let buckets = self.family.bounds.len() + 1;
        if !value.is_nan()
            && let Some(latest) = self.cells.as_ref().and_then(|cells| cells.exemplars(buckets))
            && let Some(latest) = latest.get(self.family.bucket(value))
        {
            latest.keep(trace, value);
        }
    }
}

impl Counted for Histograms {
    fn len(&self) -> usize {
        self.index.store.len()
    }

    fn refused(&self) -> u64 {
        self.index.refused()
    }

    fn lines(&self, each: LineVisitor<'_>) {
        self.index.store.each(|labels, cells, exemplars| {
            let Some((sum, buckets)) = cells.split_first() else { return };
            // Read before the buckets: what arrives meanwhile may be in a bucket but not yet in the sum, never the reverse.
            let sum = f64::from_bits(sum.load(Ordering::Relaxed));
            let mut count = 0;
            let mut head = true;
            let mut exemplars = exemplars.iter();
            for (edge, bucket) in self.bounds.iter().chain(&[f64::INFINITY]).zip(buckets) {
                count += bucket.load(Ordering::Relaxed);
                let exemplar = exemplars.next().and_then(Latest::exemplar);
                each(Line { labels, part: Part::Bucket, edge: *edge, value: from_u64(count), head, exemplar: exemplar.as_ref() });
                head = false;
            }
            let line = Line { head: false, ..Line::plain(labels, sum) };
            each(Line { part: Part::Sum, ..line });
            each(Line { part: Part::Count, value: from_u64(count), ..line });
        });
    }

    fn retained(&self, keep: &dyn Fn(&str) -> bool) -> Arc<dyn Counted> {
        Arc::new(Self { index: self.index.retained(keep), bounds: self.bounds.clone() })
    }
}
