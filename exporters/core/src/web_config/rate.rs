//! `rate_limit`: one token bucket for all requests.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{fault::Fault, node::Field};

/// Gives a token per interval, and keeps up to `burst` of them.
#[derive(Debug)]
pub(super) struct Bucket {
    interval: Duration,
    /// How long the bucket takes to fill.
    depth: Duration,
    /// When it is full again, if nothing more is taken.
    full: Mutex<Instant>,
}

impl Bucket {
    fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, depth: interval.saturating_mul(burst), full: Mutex::new(Instant::now()) }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&self) -> bool {
        let now = Instant::now();
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full.saturating_duration_since(now).saturating_add(self.interval);
        let taken = next <= self.depth;
        if taken && let Some(later) = now.checked_add(next) {
            *full = later;
        }
        taken
    }
}

/// Reads the section; an interval of 0 is no limit.
pub(super) fn read(section: Option<Field>) -> Result<Option<Bucket>, Fault> {
    let Some(section) = section else { return Ok(None) };
    let place = section.clone();
    let mut section = section.section(&["interval", "burst"])?;
    let interval = section.take("interval").map(|field| field.duration()).transpose()?.unwrap_or_default();
    let burst = section.take("burst");
    let count = burst.as_ref().map(Field::number).transpose()?;
    match count {
        _ if interval.is_zero() => Ok(None),
        Some(count) if count > 0 => Ok(Some(Bucket::new(interval, count))),
        Some(_) => Err(burst.unwrap_or(place).expected("1 or more, or else every request is refused")),
        None => Err(place.fault("found no burst, expected one of 1 or more beside the interval")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_come_back_one_per_interval() {
        let bucket = Bucket::new(Duration::from_secs(1), 3);
        assert_eq!([(); 5].map(|()| bucket.take()), [true, true, true, false, false]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([(); 2].map(|()| bucket.take()), [true, false]);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!([(); 4].map(|()| bucket.take()), [true, true, true, false]);
    }
}
