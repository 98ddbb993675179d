//! Failures that go on, and what the log says of them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// A failure that has not happened for this long is over.
const QUIET: Duration = Duration::from_mins(1);

/// A failure that may go on: it is logged when it starts and when it ends, not each time.
#[derive(Debug, Default)]
pub(crate) struct Episode(Mutex<Option<Ongoing>>);

#[derive(Clone, Copy, Debug)]
struct Ongoing {
    times: u64,
    last: Instant,
}

impl Episode {
    /// Counts one failure; true if it is the first, so that [`Episode::over`] has to be waited for.
    pub(crate) fn failed(&self) -> bool {
        let mut ongoing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = ongoing.map_or(0, |ongoing| ongoing.times);
        *ongoing = Some(Ongoing { times: times + 1, last: Instant::now() });
        times == 0
    }

    /// Waits until the failure has stopped; how often it happened.
    pub(crate) async fn over(&self) -> u64 {
        loop {
            let Some(Ongoing { last, .. }) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return 0 };
            sleep_until(last + QUIET).await;
            let mut ongoing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ended) = ongoing.take_if(|ongoing| ongoing.last == last) {
                return ended.times;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn repeated_failure_is_one_episode() {
        let episode = Episode::default();
        assert!(episode.failed());
        let over = async {
            let started = Instant::now();
            (episode.over().await, started.elapsed())
        };
        let failures = async {
            for _ in 0..99 {
                tokio::time::sleep(Duration::from_secs(2)).await;
                assert!(!episode.failed());
            }
        };
        let ((times, took), ()) = tokio::join!(over, failures);
        assert_eq!((times, took), (100, Duration::from_secs(99 * 2) + QUIET));
        assert!(episode.failed(), "the next one begins anew");
    }
}
