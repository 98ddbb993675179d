//! Metrics that a process counts itself.

use std::{
    any::Any,
    collections::HashSet,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use metric_catalogue::{Counter, Definition, Gauge, Histogram, Metric};

use crate::{
    encode::{Contents, Format},
    relabeling::Relabeling,
    samples::{LABEL_VALUE_BYTES, LineVisitor, Samples, write_escaped},
};

mod bounds;
mod counter;
mod gauge;
mod histogram;
mod index;
mod latest;
mod store;
mod sync;
mod table;
mod trace;

pub use bounds::{Bounds, InvalidBounds};
pub use counter::{CounterFamily, CounterSeries, FloatCounterFamily, FloatCounterSeries, InvalidAmount};
pub use gauge::{GaugeFamily, GaugeSeries};
pub use histogram::{HistogramFamily, HistogramSeries};
pub(crate) use trace::Exemplar;
pub use trace::TraceId;

use index::Index;

/// Most series of one family unless said otherwise.
const SERIES: usize = 20_000;

/// Metrics that a process counts itself: atomics that live as long as the process, exposed on every page.
///
/// A series is found by its label values and counted with one atomic operation; its labels are rendered once, when it
/// appears. Storage only grows, but for what is [removed](Self::remove), so a page is written without holding any lock that a
/// counting thread needs. A family has
/// a limit of series: what comes past it is not counted, and that is counted.
///
/// ```
/// metric_catalogue::catalogue! {
///     /// Requests answered
///     REQUESTS: Counter = "http_requests_total" ["method", "status_code"];
/// }
/// let registry = exporter_core::Registry::default();
/// let requests = registry.counter(&REQUESTS);
/// requests.add(["GET", "200"], 1);
///
/// // Where the labels are known beforehand, a series is looked up once.
/// let created = requests.series(["POST", "201"]);
/// created.add(2);
///
/// let mut page = Vec::new();
/// registry.encode(exporter_core::Format::Text, &mut page);
/// assert!(page.ends_with(b"http_requests_total{method=\"GET\",status_code=\"200\"} 1\nhttp_requests_total{method=\"POST\",status_code=\"201\"} 2\n"));
/// ```
///
/// Clones share the same families.
#[derive(Clone)]
pub struct Registry {
    series: usize,
    /// By name. Replaced as a whole, so that a page in the making holds no lock.
    families: Arc<RwLock<Arc<Vec<Entry>>>>,
}

#[derive(Clone)]
struct Entry {
    definition: &'static Definition,
    family: Arc<dyn Counted>,
    /// Another one when series have gone from it.
    generation: u64,
}

/// What a page reads of a family.
pub(crate) trait Counted: Any + Send + Sync {
    /// Series so far.
    fn len(&self) -> usize;

    /// Events that were not counted, since the family was full.
    fn refused(&self) -> u64;

    /// Every line, in the order in which series appeared.
    fn lines(&self, each: LineVisitor<'_>);

    /// The same without the series whose rendered labels are not to be kept.
    fn retained(&self, keep: &dyn Fn(&str) -> bool) -> Arc<dyn Counted>;
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.entries().iter().map(|entry| entry.definition.name)).finish()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::with_limit(SERIES)
    }
}

impl Registry {
    /// A registry whose families have at most this many series each.
    #[must_use]
    pub fn with_limit(series: usize) -> Self {
        Self { series, families: Arc::default() }
    }

    /// The family of a counter of events; asked for twice, it is the same.
    #[must_use]
    pub fn counter<const N: usize>(&self, metric: &'static Metric<Counter, N>) -> CounterFamily<N> {
        CounterFamily::new(self.family(metric.definition(), || Index::new(metric.definition(), 1, self.series)))
    }

    /// The family of a counter of amounts that need not be whole.
    #[must_use]
    pub fn float_counter<const N: usize>(&self, metric: &'static Metric<Counter, N>) -> FloatCounterFamily<N> {
        FloatCounterFamily::new(self.family(metric.definition(), || counter::Floats(Index::new(metric.definition(), 1, self.series))))
    }

    /// The family of a gauge.
    #[must_use]
    pub fn gauge<const N: usize>(&self, metric: &'static Metric<Gauge, N>) -> GaugeFamily<N> {
        GaugeFamily::new(self.family(metric.definition(), || gauge::Gauges(Index::new(metric.definition(), 1, self.series))))
    }

    /// The family of a histogram with the bounds of its declaration.
    #[must_use]
    pub fn histogram<const N: usize>(&self, metric: &'static Metric<Histogram, N>) -> HistogramFamily<N> {
        self.histogram_of(metric, metric.definition().bounds)
    }

    /// The family of a histogram with bounds of the program's choice; those with which it is first asked for stand.
    #[must_use]
    pub fn histogram_with_bounds<const N: usize>(&self, metric: &'static Metric<Histogram, N>, bounds: &Bounds) -> HistogramFamily<N> {
        self.histogram_of(metric, bounds.as_slice())
    }

    fn histogram_of<const N: usize>(&self, metric: &'static Metric<Histogram, N>, bounds: &[f64]) -> HistogramFamily<N> {
        HistogramFamily::new(self.family(metric.definition(), || histogram::Histograms::new(metric.definition(), bounds, self.series)))
    }

    /// Appends a page with these families only.
    pub fn encode(&self, format: Format, out: &mut Vec<u8>) {
        format.encode(&Contents { samples: &Samples::default(), registry: self, relabeling: &Relabeling::default() }, out);
    }

    /// Removes every series in which a label has one of these values, of all families.
    ///
    /// Takes as long as all families are large: it is for what is gone for good. Families and series that were asked for
    /// before count for nothing from now on and have to be asked for again; what is counted through them meanwhile is lost.
    pub fn remove(&self, label: &str, values: &[&str]) {
        let escaped = |value: &&str| {
            let mut out = String::new();
            write_escaped(&mut out, value, LABEL_VALUE_BYTES);
            out
        };
        let values: HashSet<String> = values.iter().map(escaped).collect();
        let keep = |labels: &str| !label_of(labels, label).is_some_and(|value| values.contains(value));
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        let retained = families.iter().map(|entry| {
            if entry.definition.labels.contains(&label) {
                Entry { definition: entry.definition, family: entry.family.retained(&keep), generation: entry.generation + 1 }
            } else {
                entry.clone()
            }
        });
        *families = Arc::new(retained.collect());
    }

    /// Events that were not counted, since their family was full.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.entries().iter().map(|entry| entry.family.refused()).sum()
    }

    /// Series of all families.
    pub(crate) fn len(&self) -> usize {
        self.entries().iter().map(|entry| entry.family.len()).sum()
    }

    /// The families by name, as they are now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.entries())
    }

    fn entries(&self) -> Arc<Vec<Entry>> {
        Arc::clone(&self.families.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn family<F: Counted>(&self, definition: &'static Definition, make: impl FnOnce() -> F) -> Arc<F> {
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        let position = families.binary_search_by(|entry| entry.definition.name.cmp(definition.name));
        if let Some(entry) = position.ok().and_then(|at| families.get(at)) {
            let known: Arc<dyn Any + Send + Sync> = Arc::<dyn Counted>::clone(&entry.family);
            if let Ok(family) = known.downcast() {
                return family;
            }
        }
        let family = Arc::new(make());
        let generation = position.ok().and_then(|at| families.get(at)).map_or(0, |entry| entry.generation + 1);
        let entry = Entry { definition, family: Arc::<F>::clone(&family), generation };
        let mut entries = Vec::clone(&families);
        match position {
            Ok(at) => entries.splice(at..=at, [entry]).for_each(drop),
            Err(at) => entries.insert(at, entry),
        }
        *families = Arc::new(entries);
        family
    }
}

/// The families of one moment.
pub(crate) struct Snapshot(Arc<Vec<Entry>>);

impl Snapshot {
    /// Families that have series, by name.
    ///
    /// A family of another generation does not begin with the series of its last page.
    pub(crate) fn families(&self) -> impl Iterator<Item = (&'static Definition, u64, &dyn Counted)> {
        self.0.iter().filter(|entry| entry.family.len() > 0).map(|entry| (entry.definition, entry.generation, &*entry.family))
    }
}

/// The value of a label in a rendered block, as it is written there.
fn label_of<'a>(mut block: &'a str, label: &str) -> Option<&'a str> {
    loop {
        let (name, rest) = block.split_once("=\"")?;
        let mut is_escaped = false;
        let end = rest.bytes().position(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        });
        let (value, rest) = rest.split_at_checked(end?)?;
        if name == label {
            return Some(value);
        }
        block = rest.strip_prefix("\",")?;
    }
}

#[cfg(test)]
mod tests;
