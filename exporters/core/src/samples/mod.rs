//! One collection: every sample of one page, in memory that is used again for the next.
//!
//! Labels are rendered once, when a sample comes in, into the form that the text formats share. A sample that would break
//! the page never gets onto it: the first of two equal series wins, a family keeps the kind that it came with first, and
//! every family is bounded. What was left out is counted in [`Problems`].

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, Hasher},
};

use metric_catalogue::{Counter, Definition, Dynamic, Gauge, Histogram, Info, Metric, Summary, Type, Untyped};

use crate::{encode::Lines, hashed::Hashed, measure::Measure};

mod family;
mod input;
mod label;
mod order;
mod resolve;

pub(crate) use family::{Family, Line, LineVisitor, Part};
pub use input::{Distribution, DynamicName, Limits, Problems};
pub use label::LABEL_VALUE_BYTES;
pub(crate) use label::write_escaped;

use family::{Block, Point};

/// A place in a collection to return to: see [`Samples::rollback`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    points: usize,
    text: usize,
    families: usize,
}

/// All samples of one page, in memory that is used again for the next.
#[derive(Debug, Default)]
pub struct Samples {
    limits: Limits,
    families: Vec<Family>,
    /// Position of a family by its name.
    names: HashMap<Cow<'static, str>, u32, foldhash::fast::RandomState>,
    /// The family that was written last: rows come with the same few families over and over.
    recent: Option<(&'static Definition, u32)>,
    points: Vec<Point>,
    /// Label blocks, one after the other, without braces.
    text: String,
    last: Block,
    /// Hashes of the series so far, under a key that nobody outside can know.
    seen: HashSet<u64, BuildHasherDefault<Hashed>>,
    hasher: foldhash::quality::RandomState,
    dynamic: usize,
    /// Families whose names were not declared.
    loose: usize,
    problems: Problems,
    /// The collector that writes at the moment.
    collector: Option<&'static str>,
    /// Families by name, once the collection is sealed; until then those of the page before.
    order: Vec<u32>,
    /// Points by family, in the order in which they came, once the collection is sealed.
    sequence: Vec<u32>,
    /// Where in `sequence` each family ends and the next one starts.
    ends: Vec<usize>,
}

impl Samples {
    /// An empty collection with other limits than the default.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a counter's value.
    pub fn counter<const N: usize>(&mut self, metric: &'static Metric<Counter, N>, labels: [&str; N], value: impl Measure) {
        self.plain(metric.definition(), &labels, value);
    }

    /// Adds a gauge's value.
    pub fn gauge<const N: usize>(&mut self, metric: &'static Metric<Gauge, N>, labels: [&str; N], value: impl Measure) {
        self.plain(metric.definition(), &labels, value);
    }

    /// Adds a value of which it is not known what it is.
    pub fn untyped<const N: usize>(&mut self, metric: &'static Metric<Untyped, N>, labels: [&str; N], value: impl Measure) {
        self.plain(metric.definition(), &labels, value);
    }

    /// Adds facts; the value is 1.
    pub fn info<const N: usize>(&mut self, metric: &'static Metric<Info, N>, labels: [&str; N]) {
        if let Some(family) = self.family(metric.definition()) {
            self.series(family, metric.definition(), &labels, |add| add(Part::Plain, 0.0, 1.0));
        }
    }

    /// Adds a counter, a gauge or an untyped value through its description: for tables that are built from the catalogue.
    pub fn plain(&mut self, definition: &'static Definition, labels: &[&str], value: impl Measure) {
        let Some(value) = value.measure() else { return };
        if labels.len() != definition.labels.len() || !matches!(definition.kind, Type::Counter | Type::Gauge | Type::Untyped) {
            self.problems.invalid += 1;
            return;
        }
        if let Some(family) = self.family(definition) {
            self.series(family, definition, labels, |add| add(Part::Plain, 0.0, value));
        }
    }

    /// Adds a histogram that the target has counted itself.
    pub fn histogram<const N: usize>(&mut self, metric: &'static Metric<Histogram, N>, labels: [&str; N], distribution: &Distribution<'_>) {
        self.distribution(metric.definition(), &labels, distribution);
    }

    /// Adds a histogram through its description: as [`plain`](Self::plain) does a counter or gauge.
    pub fn distribution(&mut self, definition: &'static Definition, labels: &[&str], distribution: &Distribution<'_>) {
        if labels.len() != definition.labels.len() || definition.kind != Type::Histogram {
            self.problems.invalid += 1;
            return;
        }
        let Some(family) = self.family(definition) else { return };
        self.series(family, definition, labels, |add| {
            for (edge, count) in distribution.buckets {
                if edge.is_finite() {
                    add(Part::Bucket, *edge, crate::measure::from_u64(*count));
                }
            }
            add(Part::Bucket, f64::INFINITY, crate::measure::from_u64(distribution.count));
            if let Some(sum) = distribution.sum {
                add(Part::Sum, 0.0, sum);
            }
            add(Part::Count, 0.0, crate::measure::from_u64(distribution.count));
        });
    }

    /// Adds quantiles that the target has computed itself.
    pub fn summary<const N: usize>(
        &mut self,
        metric: &'static Metric<Summary, N>,
        labels: [&str; N],
        quantiles: &[(f64, f64)],
        sum: Option<f64>,
        count: Option<u64>,
    ) {
        if quantiles.is_empty() && sum.is_none() && count.is_none() {
            return;
        }
        let Some(family) = self.family(metric.definition()) else { return };
        self.series(family, metric.definition(), &labels, |add| {
            for (quantile, value) in quantiles {
                add(Part::Quantile, *quantile, *value);
            }
            if let Some(sum) = sum {
                add(Part::Sum, 0.0, sum);
            }
            if let Some(count) = count {
                add(Part::Count, 0.0, crate::measure::from_u64(count));
            }
        });
    }

    /// Adds a counter, a gauge or an untyped value under a name that is known only at run time.
    pub fn dynamic<const N: usize>(&mut self, prefix: &'static Metric<Dynamic, N>, name: &DynamicName<'_>, labels: [&str; N], value: impl Measure) {
        let Some(value) = value.measure() else { return };
        if name.suffix.is_empty() || !matches!(name.kind, Type::Counter | Type::Gauge | Type::Untyped) {
            self.problems.invalid += 1;
            return;
        }
        if let Some(family) = self.dynamic_family(prefix.definition(), name) {
            self.series(family, prefix.definition(), &labels, |add| add(Part::Plain, 0.0, value));
        }
    }

    /// Adds a series of another library's registry, its labels rendered and its lines in order.
    pub(crate) fn foreign(&mut self, name: &str, help: &str, kind: Type, labels: &str, lines: &[(Part, f64, f64)]) {
        let known = self.names.get(name).copied().or_else(|| {
            let (name, help) = (Cow::Owned(name.to_owned()), Cow::Owned(help.to_owned()));
            self.add(Family { name, help, kind, series: 0, collector: self.collector })
        });
        let Some(family) = known.and_then(|family| self.of_kind(family, kind)) else { return };
        if !self.has_room(family) {
            return;
        }
        let start = self.text.len();
        self.text.push_str(labels);
        let block = self.block_from(start);
        self.append(family, block, |add| lines.iter().for_each(|(part, edge, value)| add(*part, *edge, *value)));
    }

    /// Something was sent that is not a sample.
    pub(crate) const fn count_invalid(&mut self) {
        self.problems.invalid += 1;
    }

    /// The sample lines in the order in which they came, without HELP and TYPE: for tests.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        let mut lines: Option<(u32, Lines<'_>)> = None;
        for point in &self.points {
            let Some(family) = self.families.get(index(point.family)) else { continue };
            if lines.as_ref().is_none_or(|(known, _)| *known != point.family) {
                lines = Some((point.family, Lines::new(&family.name, &[], false)));
            }
            if let Some((_, lines)) = &mut lines {
                lines.write(&mut out, &self.line(point));
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The families that have samples, by name: for tests and checks against the catalogue.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.families.iter().filter(|family| family.series > 0).map(|family| &*family.name)
    }

    /// Series that a collector has sent.
    pub(crate) fn series_of(&self, collector: &str) -> usize {
        self.families.iter().filter(|family| family.collector == Some(collector)).map(|family| family.series).sum()
    }

    /// What was left out since this was last asked.
    pub fn take_problems(&mut self) -> Problems {
        std::mem::take(&mut self.problems)
    }

    /// Lines on the page, HELP and TYPE not counted.
    pub(crate) const fn len(&self) -> usize {
        self.points.len()
    }

    /// About the size of the page in bytes, so that its buffer rarely grows.
    pub(crate) fn size_hint(&self) -> usize {
        let line = |point: &Point| 56 + index(point.labels.end - point.labels.start);
        self.points.iter().map(line).sum::<usize>() + 160 * self.families.len()
    }

    /// Empties the collection and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.families.clear();
        self.names.clear();
        self.recent = None;
        self.points.clear();
        self.text.clear();
        self.last = Block::default();
        self.seen.clear();
        self.dynamic = 0;
        self.loose = 0;
        self.collector = None;
    }

    pub(crate) const fn mark(&self) -> Mark {
        Mark { points: self.points.len(), text: self.text.len(), families: self.families.len() }
    }

    /// Takes back everything that came after `mark`.
    pub(crate) fn rollback(&mut self, mark: Mark) {
        for at in mark.points..self.points.len() {
            let Some(point) = self.points.get(at).copied() else { break };
            if point.head {
                let hash = self.hash(point.family, point.labels);
                self.seen.remove(&hash);
                if let Some(family) = self.families.get_mut(index(point.family)) {
                    family.series -= 1;
                }
            }
        }
        self.points.truncate(mark.points);
        for family in self.families.drain(mark.families..) {
            self.names.remove(&family.name);
            let loose = usize::from(matches!(family.name, Cow::Owned(_)));
            self.loose -= loose;
            self.dynamic = self.dynamic.saturating_sub(loose);
        }
        self.text.truncate(mark.text);
        self.last = Block::default();
        self.recent = None;
    }

    /// What is written from now on is this collector's.
    pub(crate) const fn write_as(&mut self, collector: Option<&'static str>) {
        self.collector = collector;
    }

    fn line(&self, point: &Point) -> Line<'_> {
        Line { labels: self.block(point.labels), part: point.part, edge: point.edge, value: point.value, head: point.head, exemplar: None }
    }

    fn block(&self, block: Block) -> &str {
        self.text.get(index(block.start)..index(block.end)).unwrap_or_default()
    }

    /// Adds one series: its labels once, then each of its lines.
    fn series(&mut self, family: u32, definition: &'static Definition, labels: &[&str], lines: impl FnOnce(&mut dyn FnMut(Part, f64, f64))) {
        if self.has_room(family) {
            let labels = self.render(definition, labels);
            self.append(family, labels, lines);
        }
    }

    /// Whether the family can take one more series; if not, that is counted.
    fn has_room(&mut self, family: u32) -> bool {
        let room = self.families.get(index(family)).is_some_and(|found| found.series < self.limits.series_per_family);
        let room = room && self.text.len() <= self.limits.label_bytes;
        self.problems.series_limit += u64::from(!room);
        room
    }

    fn append(&mut self, family: u32, labels: Block, lines: impl FnOnce(&mut dyn FnMut(Part, f64, f64))) {
        let hash = self.hash(family, labels);
        if !self.seen.insert(hash) {
            self.problems.duplicate += 1;
            return;
        }
        if let Some(found) = self.families.get_mut(index(family)) {
            found.series += 1;
        }
        let mut head = true;
        lines(&mut |part, edge, value| {
            self.points.push(Point { value, edge, family, labels, part, head });
            head = false;
        });
    }

    /// Renders a label block.
    fn render(&mut self, definition: &Definition, values: &[&str]) -> Block {
        let start = self.text.len();
        let required = definition.labels.len() - definition.optional;
        for (position, (name, value)) in definition.labels.iter().zip(values).enumerate() {
            if position >= required && value.is_empty() {
                continue;
            }
            if self.text.len() > start {
                self.text.push(',');
            }
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.problems.truncated += u64::from(write_escaped(&mut self.text, value, self.limits.label_value_bytes));
            self.text.push('"');
        }
        self.block_from(start)
    }

    /// What was appended since `start`; a block that equals the one before it takes no more room.
    fn block_from(&mut self, start: usize) -> Block {
        let block = Block { start: offset(start), end: offset(self.text.len()) };
        if self.block(block) == self.block(self.last) {
            self.text.truncate(start);
            return self.last;
        }
        self.last = block;
        block
    }

    fn hash(&self, family: u32, labels: Block) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(family);
        hasher.write(self.block(labels).as_bytes());
        hasher.finish()
    }
}

/// A position in a collection's own storage, which is kept below 4 GiB by the limits.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// The way back.
fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
