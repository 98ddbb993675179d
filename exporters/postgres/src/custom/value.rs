//! What a column of a custom query stands for: upstream's usages.

use std::collections::BTreeMap;

use exporter_core::{Distribution, Samples, duration};
use metric_catalogue::{Definition, Type};

use crate::row::{Row, RowError};

/// The usages that make a metric; `LABEL` and `DISCARD` make none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Usage {
    /// A number that only grows.
    Counter,
    /// A number.
    Gauge,
    /// A time, as a number of milliseconds or as Go writes it (`1.5s`), in milliseconds.
    Duration,
    /// A word that stands for a number; one that is not listed is left out.
    Mapped(BTreeMap<String, f64>),
    /// An array of upper bounds, with the columns `<name>_bucket` (cumulative counts), `<name>_sum` and `<name>_count`.
    Histogram,
}

impl Usage {
    /// Reads the word of the file; `None` for a column that makes no metric.
    pub(super) fn parse(word: &str, mapping: BTreeMap<String, f64>) -> Result<Option<Self>, String> {
        Ok(Some(match word {
            "LABEL" | "DISCARD" => return Ok(None),
            "COUNTER" => Self::Counter,
            "GAUGE" => Self::Gauge,
            "DURATION" => Self::Duration,
            "MAPPEDMETRIC" if mapping.is_empty() => return Err("usage MAPPEDMETRIC needs metric_mapping: {word: number}".to_owned()),
            "MAPPEDMETRIC" => Self::Mapped(mapping),
            "HISTOGRAM" => Self::Histogram,
            other => {
                return Err(format!("found usage {other:?}, expected one of DISCARD, LABEL, COUNTER, GAUGE, DURATION, MAPPEDMETRIC, HISTOGRAM"));
            }
        }))
    }

    pub(super) const fn kind(&self) -> Type {
        match self {
            Self::Counter => Type::Counter,
            Self::Histogram => Type::Histogram,
            Self::Gauge | Self::Duration | Self::Mapped(_) => Type::Gauge,
        }
    }

    /// What the metric's name ends in after the column's.
    pub(super) const fn suffix(&self) -> &'static str {
        match self {
            Self::Duration => "_milliseconds",
            _ => "",
        }
    }

    /// Adds one row's value.
    pub(super) fn send(
        &self,
        definition: &'static Definition,
        column: &str,
        labels: &[&str],
        row: &Row,
        samples: &mut Samples,
    ) -> Result<(), RowError> {
        let value = match self {
            Self::Counter | Self::Gauge => row.number(column)?,
            Self::Duration => match duration(&row.text(column)?) {
                Ok(duration) => Some(duration.as_secs_f64() * 1e3),
                Err(_) => row.number(column)?,
            },
            Self::Mapped(mapping) => mapping.get(&*row.text(column)?).copied(),
            Self::Histogram => return histogram(definition, column, labels, row, samples),
        };
        samples.plain(definition, labels, value);
        Ok(())
    }
}

fn histogram(definition: &'static Definition, column: &str, labels: &[&str], row: &Row, samples: &mut Samples) -> Result<(), RowError> {
    let part = |suffix: &str| format!("{column}_{suffix}");
    let wrong = |name: String| RowError::NotANumber(name);
    let edges = array::<f64>(&row.text(column)?).ok_or_else(|| wrong(column.to_owned()))?;
    let counts = array::<u64>(&row.text(&part("bucket"))?).ok_or_else(|| wrong(part("bucket")))?;
    let count = row.text(&part("count"))?;
    if count.is_empty() {
        return Ok(());
    }
    let count = count.parse().map_err(|_| wrong(part("count")))?;
    let buckets: Vec<(f64, u64)> = edges.into_iter().zip(counts).collect();
    samples.distribution(definition, labels, &Distribution { buckets: &buckets, sum: row.number(&part("sum"))?, count });
    Ok(())
}

/// An array as the server writes it: `{1,2.5}`. NULL is empty.
fn array<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    inner.split(',').filter(|item| !item.is_empty()).map(|item| item.trim_matches('"').parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_written() {
        assert_eq!(array::<f64>("{0.1,1,Infinity}"), Some(vec![0.1, 1.0, f64::INFINITY]));
        assert_eq!(array::<u64>("{}"), Some(vec![]));
        assert_eq!(array::<u64>(""), Some(vec![]));
        assert_eq!(array::<u64>("{1,NULL}"), None);
        assert_eq!(array::<u64>("1,2"), None);
    }

    #[test]
    fn mapping_needs_words() {
        assert!(Usage::parse("MAPPEDMETRIC", BTreeMap::new()).unwrap_err().contains("metric_mapping"));
        assert_eq!(Usage::parse("DISCARD", BTreeMap::new()), Ok(None));
        assert!(Usage::parse("gauge", BTreeMap::new()).unwrap_err().contains("\"gauge\""));
    }
}
