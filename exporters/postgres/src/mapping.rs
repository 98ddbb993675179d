//! From columns to samples, by what the catalogue says: see its module `postgres`.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::Definition;

use crate::row::{Row, RowError};

/// Labels that every row has and no column holds.
pub(crate) type Fixed<'a> = &'a [(&'static str, &'a str)];

/// Sends each row's columns to the metrics that name them as their source.
pub(crate) fn send<'r>(
    metrics: &[&'static Definition],
    fixed: Fixed<'_>,
    rows: impl IntoIterator<Item = &'r Row>,
    samples: &mut Samples,
) -> Result<(), RowError> {
    let mut rows = rows.into_iter().peekable();
    let Some(first) = rows.peek() else { return Ok(()) };
    let mapping = Mapping::new(metrics, fixed, first);
    rows.try_for_each(|row| mapping.send(row, samples))
}

/// Positions of columns, looked up once for all rows of a reply.
#[derive(Debug)]
pub(crate) struct Mapping<'a> {
    groups: Vec<Group<'a>>,
}

/// Metrics with the same labels.
#[derive(Debug)]
struct Group<'a> {
    names: &'static [&'static str],
    labels: Vec<Label<'a>>,
    metrics: Vec<(usize, &'static Definition)>,
}

#[derive(Debug)]
enum Label<'a> {
    Column(usize),
    Fixed(&'a str),
}

impl<'a> Mapping<'a> {
    /// A metric whose column the reply does not have is left out: another version of the server has it.
    pub(crate) fn new(metrics: &[&'static Definition], fixed: Fixed<'a>, row: &Row) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for definition in metrics {
            let Some(column) = definition.source.and_then(column).and_then(|name| row.position(name)) else { continue };
            if let Some(group) = groups.iter_mut().find(|group| group.names == definition.labels) {
                group.metrics.push((column, definition));
                continue;
            }
            let label = |name: &&str| match fixed.iter().find(|(label, _)| label == name) {
                Some((_, value)) => Some(Label::Fixed(value)),
                None => row.position(name).map(Label::Column),
            };
            if let Some(labels) = definition.labels.iter().map(label).collect() {
                groups.push(Group { names: definition.labels, labels, metrics: vec![(column, definition)] });
            }
        }
        Self { groups }
    }

    /// Each metric with the position of its column.
    pub(crate) fn columns(&self) -> Vec<(usize, &'static Definition)> {
        self.groups.iter().flat_map(|group| group.metrics.iter().copied()).collect()
    }

    /// Sends one row.
    pub(crate) fn send(&self, row: &Row, samples: &mut Samples) -> Result<(), RowError> {
        for group in &self.groups {
            let values: Vec<Cow<'_, str>> = group
                .labels
                .iter()
                .map(|label| match label {
                    Label::Column(column) => row.text_at(*column).unwrap_or_default(),
                    Label::Fixed(value) => Cow::Borrowed(*value),
                })
                .collect();
            let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
            for (column, definition) in &group.metrics {
                samples.plain(definition, &values, row.number_at(*column)?.map(|value| value * definition.factor));
            }
        }
        Ok(())
    }
}

/// A source is the collector's name and the column's.
fn column(source: &'static str) -> Option<&'static str> {
    source.split_once(' ').map(|(_, column)| column)
}

#[cfg(test)]
mod tests {
    use super::*;

    metric_catalogue::catalogue! {
        /// One
        ONE: Gauge = "one" ["name"] source("test a");
        /// Two
        TWO: Counter = "two_seconds_total" ["name"] source("test b") times(1e-3);
        /// Three
        THREE: Gauge = "three" ["server", "name"] source("test a");
        /// Four
        FOUR: Gauge = "four" [] source("test absent");
    }

    #[test]
    fn columns_feed_their_metrics() {
        let rows =
            [Row::from([("name", Some("x")), ("a", Some("1")), ("b", Some("1500"))]), Row::from([("name", None), ("a", None), ("b", Some("2"))])];
        let mut samples = Samples::default();

        send(ALL, &[("server", "db:5432")], &rows, &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "one{name=\"x\"} 1\ntwo_seconds_total{name=\"x\"} 1.5\nthree{server=\"db:5432\",name=\"x\"} 1\n\
             two_seconds_total{name=\"\"} 0.002\n"
        );
    }

    #[test]
    fn no_row_is_no_sample() {
        let mut samples = Samples::default();
        send(ALL, &[], [], &mut samples).unwrap();
        assert_eq!(samples.text(), "");
    }
}
