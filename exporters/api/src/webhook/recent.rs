//! Notifications of the last minutes, so that one that is sent again is taken once.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// An Alertmanager tries again for seconds, and its twin sends the same within a minute; an alert that is still on is sent again on
/// purpose after at least five.
const WINDOW: Duration = Duration::from_mins(4);

/// Notifications remembered; far more than groups that can fire within the window.
const MOST: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Known>>);

#[derive(Debug)]
struct Known {
    identity: u64,
    at: Instant,
    handled: bool,
}

/// Why a notification is not to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It was.
    Handled,
    /// It is being handled, which may yet fail.
    Underway,
}

/// A notification that is being handled; forgotten when dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    recent: &'a Recent,
    identity: u64,
    kept: bool,
}

impl Recent {
    /// Takes a notification, unless it was taken before.
    pub(super) fn take(&self, identity: u64, now: Instant) -> Result<Taken<'_>, Again> {
        let mut recent = self.lock();
        recent.retain(|known| now.saturating_duration_since(known.at) < WINDOW);
        if let Some(known) = recent.iter().find(|known| known.identity == identity) {
            return Err(if known.handled { Again::Handled } else { Again::Underway });
        }
        if recent.len() >= MOST {
            recent.pop_front();
        }
        recent.push_back(Known { identity, at: now, handled: false });
        Ok(Taken { recent: self, identity, kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// It was handled.
    pub(super) fn keep(mut self) {
        self.kept = true;
        if let Some(known) = self.recent.lock().iter_mut().find(|known| known.identity == self.identity) {
            known.handled = true;
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.recent.lock().retain(|known| known.identity != self.identity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_notification_is_taken_once_within_the_window() {
        let (recent, now) = (Recent::default(), Instant::now());
        drop(recent.take(1, now));
        let taken = recent.take(1, now).unwrap();
        assert_eq!(recent.take(1, now).unwrap_err(), Again::Underway);
        taken.keep();
        assert_eq!(recent.take(1, now + WINDOW / 2).unwrap_err(), Again::Handled);
        assert!(recent.take(2, now).is_ok());
        assert!(recent.take(1, now + WINDOW).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let (recent, now) = (Recent::default(), Instant::now());
        for identity in 0..5_000 {
            recent.take(identity, now).unwrap().keep();
        }
        assert_eq!(recent.lock().len(), MOST);
    }
}
