//! How far the clocks of other hosts are off, so that times of two hosts can be compared.
//!
//! An event cannot arrive before it is sent, and mostly arrives within milliseconds. So the least difference between
//! arrival and timestamp that a host has shown lately is how far its clock is behind ours, if it is more than a delay.

use std::collections::HashMap;

use foldhash::quality::RandomState;

/// Less than this is taken for delay, or for a clock that is kept by NTP.
const TOLERATED_SECONDS: f64 = 1.0;

/// The least difference is that of the current and of the last period of this length.
const PERIOD_SECONDS: f64 = 120.0;

/// Most hosts; the clocks of others are trusted.
const HOSTS: usize = 2_000;

/// The clocks of hosts, by the part of a node name that follows `@`.
#[derive(Debug, Default)]
pub(crate) struct Clocks(HashMap<Box<str>, Clock, RandomState>);

#[derive(Debug)]
struct Clock {
    since: f64,
    current: f64,
    last: f64,
}

impl Clocks {
    /// How far our clock is ahead of that of the node, which has stamped an event that arrives now.
    pub(crate) fn offset(&mut self, node: &str, stamped: f64, now: f64) -> f64 {
        let host = node.rsplit_once('@').map_or(node, |(_, host)| host);
        let difference = now - stamped;
        let Some(clock) = self.0.get_mut(host) else {
            if self.0.len() < HOSTS {
                self.0.insert(host.into(), Clock { since: now, current: difference, last: f64::INFINITY });
            }
            return beyond(difference);
        };
        if now - clock.since > PERIOD_SECONDS {
            *clock = Clock { since: now, current: difference, last: clock.current };
        } else {
            clock.current = clock.current.min(difference);
        }
        beyond(clock.current.min(clock.last))
    }
}

fn beyond(difference: f64) -> f64 {
    if difference.abs() < TOLERATED_SECONDS { 0.0 } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wrong_clock_is_corrected() {
        let mut clocks = Clocks::default();
        assert!(clocks.offset("w1@right", 1000.0, 1000.01).abs() < 1e-9);
        assert!(clocks.offset("w1@right", 1000.0, 1030.0).abs() < 1e-9);
        assert!((clocks.offset("w1@behind", 1000.0, 4600.02) - 3600.02).abs() < 1e-9);
        assert!((clocks.offset("w2@behind", 1001.0, 4601.01) - 3600.01).abs() < 1e-9);
        assert!((clocks.offset("w1@ahead", 4600.0, 1000.0) + 3600.0).abs() < 1e-9);
    }

    #[test]
    fn clock_set_right_is_trusted_again() {
        let mut clocks = Clocks::default();
        clocks.offset("a@behind", 0.0, 3600.0);
        assert!(clocks.offset("a@behind", 3700.0, 3700.0).abs() < 1e-9);
        clocks.offset("a@jumped", 7200.0, 3600.0);
        for now in [3800.0, 4000.0, 4200.0] {
            clocks.offset("a@jumped", now, now);
        }
        assert!(clocks.offset("a@jumped", 4201.0, 4201.0).abs() < 1e-9);
    }
}
