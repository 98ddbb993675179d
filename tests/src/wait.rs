//! Waiting on a condition with a deadline: the only place where the fixtures and tests sleep.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at the condition; short against any deadline in use.
const POLL: Duration = Duration::from_millis(20);

/// Returns what `check` first gives, or panics naming `what` once `deadline` has passed.
pub fn until<T>(what: &str, deadline: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(start.elapsed() < deadline, "after {deadline:?} still waiting for: {what}");
        thread::sleep(POLL);
    }
}

/// Panics naming `what` if `check` gives anything before `period` has passed: for what must not happen.
pub fn never<T: std::fmt::Debug>(what: &str, period: Duration, mut check: impl FnMut() -> Option<T>) {
    let start = Instant::now();
    while start.elapsed() < period {
        let seen = check();
        assert!(seen.is_none(), "{what}: {seen:?}");
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_returned_once_there() {
        let mut looks = 0;

        let value = until("the third look", Duration::from_secs(5), || {
            looks += 1;
            (looks == 3).then_some(looks)
        });

        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "still waiting for: the impossible")]
    fn deadline_names_what_was_awaited() {
        until("the impossible", Duration::from_millis(1), || None::<()>);
    }
}
