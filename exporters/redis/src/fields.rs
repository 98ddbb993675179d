//! Tables from the server's fields to metrics, made from the sources that the catalogue gives.

use std::collections::HashMap;

use exporter_core::Samples;
use metric_catalogue::{Definition, redis::PROGRAM};

use crate::reply::number;

/// The metrics that are filled from fields of one origin.
#[derive(Debug)]
pub struct Fields(HashMap<&'static str, Vec<&'static Definition>>);

impl Fields {
    /// Every entry of the catalogue whose source begins with `origin` (`INFO `, `KEYSPACE `), by the rest of it.
    #[must_use]
    pub fn of(origin: &str) -> Self {
        let mut fields: HashMap<_, Vec<_>> = HashMap::new();
        for definition in PROGRAM.metrics() {
            if let Some(field) = definition.source.and_then(|source| source.strip_prefix(origin)) {
                fields.entry(field).or_default().push(definition);
            }
        }
        Self(fields)
    }

    /// The fields, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Sends the field's metrics; false if it has none.
    pub fn send(&self, samples: &mut Samples, field: &str, labels: &[&str], value: Option<f64>) -> bool {
        let Some(metrics) = self.0.get(field) else { return false };
        for metric in metrics {
            samples.plain(metric, labels, value.map(|value| scaled(value, metric.factor)));
        }
        true
    }

    /// The same for a field whose text is a number.
    pub fn send_text(&self, samples: &mut Samples, field: &str, labels: &[&str], text: &str) -> bool {
        self.send(samples, field, labels, number(text))
    }
}

/// The value in the metric's unit. A whole number divided by a power of ten is rounded once, where a factor such as 1e-6 is
/// itself rounded already and would show (`388 * 1e-6` is `0.00038799999999999997`).
fn scaled(value: f64, factor: f64) -> f64 {
    if factor < 1.0 { value / factor.recip().round() } else { value * factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_feeds_several_metrics() {
        let fields = Fields::of("INFO ");
        let mut samples = Samples::default();
        assert!(fields.send_text(&mut samples, "expired_stale_perc", &[], "12.50"));
        assert!(!fields.send_text(&mut samples, "no_such_field", &[], "1"));
        assert_eq!(samples.text(), "redis_expired_stale_percentage 12.5\nredis_expired_stale_ratio 0.125\n");
    }

    #[test]
    fn scaling_adds_no_digits() {
        assert_eq!(scaled(388.0, 1e-6).to_string(), "0.000388");
        assert_eq!(scaled(0.5, 1024.0).to_string(), "512");
    }
}
