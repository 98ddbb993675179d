//! For how long idle sessions have been idle, by application.

use std::{borrow::Cow, collections::BTreeMap};

use exporter_core::{Distribution, Samples};
use metric_catalogue::{Definition, postgres::activity::process_idle};

use super::{
    Collector, Server,
    activity::{ACTIVITY, Backend},
};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct ProcessIdle;

impl Collector for ProcessIdle {
    fn name(&self) -> &'static str {
        "process_idle"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ACTIVITY.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        process_idle::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let mut idle: BTreeMap<[Cow<'_, str>; 2], Vec<f64>> = BTreeMap::new();
        for row in rows {
            let backend = Backend::new(row)?;
            if backend.state.starts_with("idle")
                && let Some(seconds) = backend.unchanged
            {
                idle.entry([backend.state, row.text("application_name")?]).or_default().push(seconds.max(0.0));
            }
        }
        let count = |seconds: &[f64], bound: f64| u64::try_from(seconds.iter().filter(|value| **value <= bound).count()).unwrap_or(0);
        for (labels, seconds) in &idle {
            let bounds = process_idle::SECONDS.definition().bounds;
            let buckets: Vec<(f64, u64)> = bounds.iter().map(|bound| (*bound, count(seconds, *bound))).collect();
            let distribution = Distribution { buckets: &buckets, sum: Some(seconds.iter().sum()), count: count(seconds, f64::INFINITY) };
            samples.histogram(&process_idle::SECONDS, labels.each_ref().map(AsRef::as_ref), &distribution);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::activity::backend, *};

    #[test]
    fn every_application_has_its_histogram() {
        let idle = |application, seconds| backend(&[("state", "idle"), ("application_name", application), ("pid", "1"), ("unchanged", seconds)]);
        let mut samples = Samples::default();

        ProcessIdle.read(&[idle("a", "3"), idle("a", "1000"), idle("b", "0")], &mut samples).unwrap();

        let text = samples.text();
        for line in [
            "pg_process_idle_seconds_bucket{state=\"idle\",application_name=\"a\",le=\"5.0\"} 1",
            "pg_process_idle_seconds_bucket{state=\"idle\",application_name=\"a\",le=\"+Inf\"} 2",
            "pg_process_idle_seconds_sum{state=\"idle\",application_name=\"a\"} 1003",
            "pg_process_idle_seconds_count{state=\"idle\",application_name=\"b\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
