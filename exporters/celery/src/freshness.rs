//! Whether what arrives is fresh, or has waited since the exporter was slower than those who publish.
//!
//! A broker answers in order: what comes after its answer was published after the question.

use std::time::{Duration, Instant};

/// How often the broker is asked.
const EVERY: Duration = Duration::from_secs(5);

/// What may have waited for longer tells nothing of its sender's clock. Three questions, and a quarter of what a clock must be
/// behind to be taken for wrong.
const LONG: Duration = Duration::from_secs(15);

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Freshness {
    /// All that was published before has arrived.
    since: Instant,
    asked: Instant,
    is_asking: bool,
}

impl Freshness {
    /// For what is subscribed to at this moment, or later.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { since: now, asked: now, is_asking: false }
    }

    /// Whether the broker has to be asked now.
    pub(crate) fn asks(&mut self, now: Instant) -> bool {
        let is_due = !self.is_asking && now.duration_since(self.asked) >= EVERY;
        if is_due {
            (self.asked, self.is_asking) = (now, true);
        }
        is_due
    }

    /// Whether a question has no answer yet.
    pub(crate) const fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// The broker has answered, and says whether all that it held when it was asked comes before the answer.
    pub(crate) const fn answered(&mut self, all: bool) {
        if all && self.is_asking {
            self.since = self.asked;
        }
        self.is_asking = false;
    }

    /// Whether what arrives now may have waited for long.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        now.duration_since(self.since) > LONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlog_is_late_until_a_question_after_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut freshness = Freshness::new(start);
        assert!(!freshness.asks(at(4)) && freshness.asks(at(5)) && !freshness.asks(at(6)));
        freshness.answered(true);
        assert!(!freshness.is_late(at(20)));
        assert!(freshness.asks(at(10)));
        // Stopped for a while; the answer has waited behind older events.
        assert!(freshness.is_late(at(100)));
        freshness.answered(true);
        assert!(freshness.is_late(at(100)) && freshness.asks(at(100)));
        freshness.answered(true);
        assert!(!freshness.is_late(at(101)));
    }

    #[test]
    fn answer_of_a_broker_that_holds_more_tells_nothing() {
        let start = Instant::now();
        let mut freshness = Freshness::new(start);
        for second in (5..=20).step_by(5) {
            assert!(freshness.asks(start + Duration::from_secs(second)));
            freshness.answered(false);
        }
        assert!(freshness.is_late(start + Duration::from_secs(20)));
    }
}
