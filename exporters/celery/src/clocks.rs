//! How far the clocks of other hosts are off, so that times of two hosts can be compared.
//!
//! An event cannot arrive before it is sent, so a timestamp that is ahead of ours is a wrong clock. One that is behind is a
//! delay, or a wrong clock, and only its size tells: events that are under way for a minute, all of them for minutes, are
//! not likely while their sender lives. What has waited in a queue while nobody read it says nothing of clocks.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::tasks::names::cut;

/// A clock that is kept by NTP is ahead by less than this.
const AHEAD_SECONDS: f64 = 1.0;

/// What is behind by less than this is taken for delayed.
const BEHIND_SECONDS: f64 = 60.0;

/// The least difference is that of the current and of the last period of this length.
const PERIOD_SECONDS: f64 = 120.0;

/// Most hosts; the clocks of others are trusted.
const HOSTS: usize = 2_000;

/// When there are too many, those that are not heard of any more are looked for this often.
const SWEEP_SECONDS: f64 = 1.0;

/// The clocks of hosts, by the part of a node name that follows `@`.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    hosts: HashMap<Box<str>, Clock, RandomState>,
    swept: f64,
}

#[derive(Debug)]
struct Clock {
    since: f64,
    current: f64,
    last: f64,
}

impl Clocks {
    /// How far our clock is ahead of that of the node, which has stamped an event that arrives now; `waited` is one that
    /// nobody wanted to read until now.
    pub(crate) fn offset(&mut self, node: &str, stamped: f64, now: f64, waited: bool) -> f64 {
        let host = cut(node.rsplit_once('@').map_or(node, |(_, host)| host));
        let difference = now - stamped;
        if waited {
            return self.hosts.get(host).map_or(0.0, |clock| beyond(clock.current.min(clock.last)));
        }
        let Some(clock) = self.hosts.get_mut(host) else {
            if !self.has_room(now) {
                return 0.0;
            }
            self.hosts.insert(host.into(), Clock { since: now, current: difference, last: f64::INFINITY });
            return beyond(difference);
        };
        if now - clock.since > PERIOD_SECONDS {
            *clock = Clock { since: now, current: difference, last: clock.current };
        } else {
            clock.current = clock.current.min(difference);
        }
        beyond(clock.current.min(clock.last))
    }

    fn has_room(&mut self, now: f64) -> bool {
        if self.hosts.len() >= HOSTS && now - self.swept >= SWEEP_SECONDS {
            self.swept = now;
            self.hosts.retain(|_, clock| now - clock.since <= 2.0 * PERIOD_SECONDS);
        }
        self.hosts.len() < HOSTS
    }
}

fn beyond(difference: f64) -> f64 {
    if difference > -AHEAD_SECONDS && difference < BEHIND_SECONDS { 0.0 } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn only_a_wrong_clock_is_corrected() {
        let mut clocks = Clocks::default();
        assert!(is(clocks.offset("w1@right", 1000.0, 1000.01, false), 0.0));
        assert!(is(clocks.offset("w1@right", 1000.0, 1300.0, false), 0.0));
        assert!(is(clocks.offset("w1@behind", 1000.0, 4600.02, false), 3600.02));
        assert!(is(clocks.offset("w2@behind", 1001.0, 4601.01, false), 3600.01));
        assert!(is(clocks.offset("w1@ahead", 1005.0, 1000.0, false), -5.0));
    }

    #[test]
    fn lasting_delay_is_no_wrong_clock() {
        let mut clocks = Clocks::default();
        for second in 0..600 {
            assert!(is(clocks.offset("w@late", f64::from(second), f64::from(second) + 30.0, false), 0.0));
        }
    }

    #[test]
    fn backlog_teaches_nothing() {
        let mut clocks = Clocks::default();
        for second in 0..300 {
            assert!(is(clocks.offset("w@right", f64::from(second), 900.0, true), 0.0));
        }
        assert!(is(clocks.offset("w@right", 900.0, 900.01, false), 0.0));
        clocks.offset("w@behind", 0.0, 3600.0, false);
        assert!(is(clocks.offset("w@behind", 10.0, 5000.0, true), 3600.0));
    }

    #[test]
    fn clocks_past_the_limit_are_trusted_until_others_go() {
        let mut clocks = Clocks::default();
        for host in 0..HOSTS {
            clocks.offset(&format!("w@{host}"), 1000.0, 1000.0, false);
        }
        assert!(is(clocks.offset("w@one-more", 1000.0, 5000.0 - 3800.0, false), 0.0));
        assert_eq!(clocks.hosts.len(), HOSTS);
        assert!(is(clocks.offset("w@one-more", 1000.0, 5000.0, false), 4000.0));
        assert_eq!(clocks.hosts.len(), 1);
    }

    #[test]
    fn clock_set_right_is_trusted_again() {
        let mut clocks = Clocks::default();
        clocks.offset("a@behind", 0.0, 3600.0, false);
        assert!(is(clocks.offset("a@behind", 3700.0, 3700.0, false), 0.0));
        clocks.offset("a@jumped", 7200.0, 3600.0, false);
        for now in [3800.0, 4000.0, 4200.0] {
            clocks.offset("a@jumped", now, now, false);
        }
        assert!(is(clocks.offset("a@jumped", 4201.0, 4201.0, false), 0.0));
    }
}
