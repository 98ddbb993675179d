//! What the exporter says of its own scrapes, under upstream's names.

use std::time::Duration;

use exporter_core::{Failure, Samples};
use metric_catalogue::redis::internal::{CONNECT_TIME, LAST_SCRAPE_DURATION, LAST_SCRAPE_ERROR, SCRAPE_DURATION, SCRAPES, TARGET_REQUEST_ERRORS};

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Scrapes {
    count: u64,
    total: Duration,
    /// How long the connection in use took to open.
    pub(crate) connecting: Option<Duration>,
}

impl Scrapes {
    /// Counts a flight and sends what there is to say.
    pub(crate) fn ended(&mut self, took: Duration, outcome: Result<(), &Failure>, samples: &mut Samples) {
        self.count += 1;
        self.total += took;
        samples.counter(&SCRAPES, [], self.count);
        samples.summary(&SCRAPE_DURATION, [], &[], Some(self.total.as_secs_f64()), Some(self.count));
        samples.gauge(&LAST_SCRAPE_DURATION, [], took);
        samples.gauge(&CONNECT_TIME, [], self.connecting);
        samples.gauge(&LAST_SCRAPE_ERROR, [outcome.map_or_else(|failure| failure.reason.as_str(), |()| "")], outcome.is_err());
        // Targets cannot be named in a request, so none has failed.
        samples.counter(&TARGET_REQUEST_ERRORS, [], 0_u32);
    }
}

#[cfg(test)]
mod tests {
    use exporter_core::Reason;

    use super::*;

    #[test]
    fn failure_is_a_reason_of_a_closed_set() {
        let (mut scrapes, mut samples) = (Scrapes::default(), Samples::default());
        let failure = Failure::new(Reason::Refused, "text of any length");
        scrapes.ended(Duration::from_millis(500), Err(&failure), &mut samples);
        assert_eq!(
            samples.text(),
            "redis_exporter_scrapes_total 1\n\
             redis_exporter_scrape_duration_seconds_sum 0.5\n\
             redis_exporter_scrape_duration_seconds_count 1\n\
             redis_exporter_last_scrape_duration_seconds 0.5\n\
             redis_exporter_last_scrape_error{err=\"refused\"} 1\n\
             redis_target_scrape_request_errors_total 0\n"
        );
    }
}
