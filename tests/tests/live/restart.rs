//! Alertmanager or Prometheus ends in the middle: no alert is lost, and how many are told twice.
//!
//! What Alertmanager has told is on its disk once it ends in order (SIGTERM), and every minute: after SIGKILL it may tell a group
//! once more that it told of in the last minute, and so it may of a mail that was under way at a SIGTERM, before which these tests
//! wait. What it has not written down it cannot call over either: it says that an alert is over only to whom it told of it. What
//! Prometheus has begun to count (`for`) is among its samples, and survives both.

use std::time::Duration;

use it::PATIENCE;
use it::alerting::{Alerting, CRITICAL_REPEAT, CRITICAL_TICK, Channel, Delivery, Values, WELL};

const DOWN: &str = "RedisDown";

/// How a program ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// SIGTERM: it has time to write down what it knows.
    Asked,
    /// SIGKILL.
    Killed,
}

/// Which program.
#[derive(Clone, Copy, Debug)]
enum Part {
    Prometheus,
    Alertmanager,
}

/// Notifications that came sooner after the one before than the route's repeat interval allows.
fn doubled(deliveries: &[Delivery]) -> usize {
    let gaps = deliveries.iter().zip(deliveries.iter().skip(1)).map(|(one, next)| next.at.duration_since(one.at));
    gaps.filter(|gap| *gap + CRITICAL_TICK < CRITICAL_REPEAT).count()
}

/// One alert fires before the end, one is raised while the program is away; then it comes back, and both end.
fn ends(part: Part, end: End, allowed: usize) {
    let mut alerting = Alerting::start(true);
    let [first, second] = [alerting.pages[0].instance(), alerting.pages[1].instance()];
    alerting.pages[0].set(Values { up: false, ..WELL });
    for channel in Channel::ALL {
        alerting.until_fired(channel, DOWN, &first, 1, PATIENCE);
    }
    alerting.until_noted(DOWN, &first);

    let program = match part {
        Part::Prometheus => &mut alerting.prometheus,
        Part::Alertmanager => &mut alerting.alertmanager.program,
    };
    match end {
        End::Asked => assert!(program.stop(Duration::from_secs(20)).success(), "{part:?} ends in order when asked to"),
        End::Killed => program.kill(),
    }
    alerting.pages[1].set(Values { up: false, ..WELL });
    match part {
        Part::Prometheus => {
            alerting.prometheus.restart();
            alerting.until_prometheus_is_ready();
        }
        Part::Alertmanager => {
            // The alert is there before anybody is who could be told.
            alerting.until_firing(DOWN, &second);
            alerting.alertmanager.program.restart();
        }
    }

    for channel in Channel::ALL {
        alerting.until_fired(channel, DOWN, &second, 1, PATIENCE);
        // Told again in its time: neither forgotten nor told all over.
        let count = alerting.deliveries(channel, DOWN, &first).len() + 1;
        let told = alerting.until_fired(channel, DOWN, &first, count, CRITICAL_REPEAT + PATIENCE);
        assert!(doubled(&told) <= allowed, "{part:?} {end:?}: {DOWN} of the first target was doubled by {channel:?}: {told:?}");
        let told = alerting.until_fired(channel, DOWN, &second, 2, CRITICAL_REPEAT + PATIENCE);
        assert_eq!(doubled(&told), 0, "{part:?} {end:?}: {DOWN} of the second target by {channel:?}: {told:?}");
        let resolved = alerting.deliveries(channel, DOWN, &first).into_iter().filter(|delivery| !delivery.firing).count();
        assert_eq!(resolved, 0, "{part:?} {end:?}: said to be over by {channel:?} while it fires");
    }
    alerting.pages.iter().for_each(|page| page.set(WELL));
    for channel in Channel::ALL {
        for instance in [&first, &second] {
            alerting.until_resolved(channel, DOWN, instance);
        }
    }
}

#[test]
fn alertmanager_asked_to_end_doubles_nothing() {
    ends(Part::Alertmanager, End::Asked, 0);
}

#[test]
fn alertmanager_killed_tells_a_group_once_more_at_most() {
    ends(Part::Alertmanager, End::Killed, 1);
}

#[test]
fn prometheus_asked_to_end_doubles_nothing() {
    ends(Part::Prometheus, End::Asked, 0);
}

#[test]
fn prometheus_killed_tells_a_group_once_more_at_most() {
    ends(Part::Prometheus, End::Killed, 1);
}

/// An alert ends while Alertmanager is away: Prometheus says so again and again for a quarter of an hour, so it is not lost.
fn ends_while_away(end: End) {
    let mut alerting = Alerting::start(true);
    let instance = alerting.pages[0].instance();
    alerting.pages[0].set(Values { up: false, ..WELL });
    for channel in Channel::ALL {
        alerting.until_fired(channel, DOWN, &instance, 1, PATIENCE);
    }
    match end {
        End::Asked => {
            alerting.until_noted(DOWN, &instance);
            assert!(alerting.alertmanager.program.stop(Duration::from_secs(20)).success());
        }
        End::Killed => {
            alerting.until_kept(DOWN, &instance, Channel::ALL.len());
            alerting.alertmanager.program.kill();
        }
    }

    alerting.pages[0].set(WELL);
    alerting.until_over(DOWN, &instance);
    alerting.alertmanager.program.restart();

    for channel in Channel::ALL {
        alerting.until_resolved(channel, DOWN, &instance);
    }
}

#[test]
fn an_end_is_told_after_alertmanager_was_asked_to_end() {
    ends_while_away(End::Asked);
}

#[test]
fn an_end_is_told_after_alertmanager_was_killed() {
    ends_while_away(End::Killed);
}
