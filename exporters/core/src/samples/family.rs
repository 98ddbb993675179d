//! One family of a collection, and the points that it is made of.

use std::borrow::Cow;

use metric_catalogue::{Definition, Type};

use crate::registry::Exemplar;

/// A family that has at least one sample in this collection.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: Cow<'static, str>,
    pub(crate) help: Cow<'static, str>,
    pub(crate) kind: Type,
    /// Series sent so far, for the limit.
    pub(crate) series: usize,
    /// The collector that sent it first, if it was one.
    pub(crate) collector: Option<&'static str>,
}

impl Family {
    pub(super) const fn of(definition: &'static Definition) -> Self {
        Self { name: Cow::Borrowed(definition.name), help: Cow::Borrowed(definition.help), kind: definition.kind, series: 0, collector: None }
    }

    /// Names besides its own that belong to the family: the one without suffix in `OpenMetrics`, those of its samples.
    pub(super) fn claims(&self) -> impl Iterator<Item = String> {
        let name = &*self.name;
        let base = match self.kind {
            Type::Counter => name.strip_suffix("_total"),
            Type::Info => name.strip_suffix("_info"),
            _ => None,
        };
        let suffixes: &[&str] = if matches!(self.kind, Type::Histogram | Type::Summary) { &["_bucket", "_sum", "_count"] } else { &[] };
        base.map(str::to_owned).into_iter().chain(suffixes.iter().map(move |suffix| format!("{name}{suffix}")))
    }
}

/// One line of a page, whoever keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Rendered labels, without braces.
    pub(crate) labels: &'a str,
    pub(crate) part: Part,
    /// Upper bound or quantile; 0 for other parts.
    pub(crate) edge: f64,
    pub(crate) value: f64,
    /// The first line of its series.
    pub(crate) head: bool,
    /// An observation that stands for those that the line counts.
    pub(crate) exemplar: Option<&'a Exemplar>,
}

impl<'a> Line<'a> {
    /// The only line of a series.
    pub(crate) const fn plain(labels: &'a str, value: f64) -> Self {
        Self { labels, part: Part::Plain, edge: 0.0, value, head: true, exemplar: None }
    }
}

/// What takes the lines of a family, one by one.
pub(crate) type LineVisitor<'a> = &'a mut dyn FnMut(Line<'_>);

/// One line of a collection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) value: f64,
    /// Upper bound or quantile; 0 for other parts.
    pub(crate) edge: f64,
    /// Position among the families of the collection.
    pub(crate) family: u32,
    pub(crate) labels: Block,
    pub(crate) part: Part,
    /// The first line of its series.
    pub(crate) head: bool,
}

/// What a line says of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The value itself.
    Plain,
    /// Observations up to `edge`.
    Bucket,
    /// The value at quantile `edge`.
    Quantile,
    /// Sum of the observations.
    Sum,
    /// Number of observations.
    Count,
}

/// Where a series' rendered labels stand in the collection's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) start: u32,
    pub(crate) end: u32,
}
