//! Status codes as label values, and the few of one endpoint that are kept at hand.

use std::sync::OnceLock;

/// The client left before the answer was complete: nginx's word for it.
pub(super) const CLIENT_CLOSED: u16 = 499;

/// The handler or its body failed.
pub(super) const FAILED: u16 = 500;

/// Codes of one endpoint that are found without a look-up: hardly any has more.
const KEPT: usize = 8;

/// The text of a code; codes that HTTP does not define are all the same to us.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusText([u8; 3]);

impl StatusText {
    pub(super) fn new(status: u16) -> Self {
        let digit = |divisor: u16| b'0' + u8::try_from(status / divisor % 10).unwrap_or(0);
        Self([digit(100), digit(10), digit(1)])
    }

    pub(super) fn as_str(&self, status: u16) -> &str {
        if (100..600).contains(&status) { std::str::from_utf8(&self.0).unwrap_or("_OTHER") } else { "_OTHER" }
    }
}

/// A handle for each status code that an endpoint has answered with.
#[derive(Debug)]
pub(super) struct ByStatus<T>([OnceLock<(u16, T)>; KEPT]);

impl<T> Default for ByStatus<T> {
    fn default() -> Self {
        Self([const { OnceLock::new() }; KEPT])
    }
}

impl<T> ByStatus<T> {
    /// Calls `then` with the handle of `status`, which `make` looks up when it is first needed.
    pub(super) fn with(&self, status: u16, make: impl Fn() -> T, then: impl FnOnce(&T)) {
        for slot in &self.0 {
            let (found, handle) = slot.get_or_init(|| (status, make()));
            if *found == status {
                return then(handle);
            }
        }
        then(&make());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn codes_outside_the_standard_are_one_value() {
        for (status, text) in [(100, "100"), (204, "204"), (499, "499"), (599, "599"), (600, "_OTHER"), (999, "_OTHER"), (42, "_OTHER")] {
            assert_eq!(StatusText::new(status).as_str(status), text);
        }
    }

    #[test]
    fn handles_are_made_once_and_more_than_the_kept_ones_still_work() {
        let handles = ByStatus::default();
        let made = Cell::new(0);
        for status in (200..220).chain(200..220) {
            let counted = || {
                made.set(made.get() + 1);
                status
            };
            handles.with(status, counted, |handle| assert_eq!(*handle, status));
        }
        assert_eq!(made.get(), 8 + 2 * 12);
    }
}
