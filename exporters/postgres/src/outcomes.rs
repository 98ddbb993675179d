//! How collectors did in one flight, for upstream's own metrics.

use std::time::Duration;

use exporter_core::Samples;
use metric_catalogue::postgres::compat;

/// Every collector that was heard of, once.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Vec<Outcome>);

#[derive(Debug)]
struct Outcome {
    collector: &'static str,
    took: Duration,
    succeeded: bool,
}

impl Outcomes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// A collector that has several parts fails with any of them, and takes as long as the longest.
    pub(crate) fn record(&mut self, collector: &'static str, took: Duration, succeeded: bool) {
        if let Some(known) = self.0.iter_mut().find(|known| known.collector == collector) {
            known.succeeded &= succeeded;
            known.took = known.took.max(took);
        } else {
            self.0.push(Outcome { collector, took, succeeded });
        }
    }

    /// Whether any failed.
    pub(crate) fn has_failure(&self) -> bool {
        self.0.iter().any(|outcome| !outcome.succeeded)
    }

    /// Adds them to the page.
    pub(crate) fn describe(&self, samples: &mut Samples) {
        for outcome in &self.0 {
            samples.gauge(&compat::COLLECTOR_DURATION, [outcome.collector], outcome.took);
            samples.gauge(&compat::COLLECTOR_SUCCESS, [outcome.collector], outcome.succeeded);
        }
    }

    pub(crate) fn contains(&self, collector: &str) -> bool {
        self.0.iter().any(|outcome| outcome.collector == collector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collector_of_several_parts_is_told_once() {
        let mut outcomes = Outcomes::default();
        outcomes.record("sizes", Duration::from_secs(1), true);
        outcomes.record("sizes", Duration::from_secs(3), false);
        outcomes.record("sizes", Duration::from_secs(2), true);
        let mut samples = Samples::default();

        outcomes.describe(&mut samples);

        assert_eq!(
            samples.text(),
            "pg_scrape_collector_duration_seconds{collector=\"sizes\"} 3\npg_scrape_collector_success{collector=\"sizes\"} 0\n"
        );
        assert!(outcomes.has_failure());
    }
}
