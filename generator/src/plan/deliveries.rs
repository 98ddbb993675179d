//! Who is told of each alert, by which channel and how often.

use std::collections::BTreeSet;

use super::change::{Changes, Risk};
use super::duration::wait;
use crate::set::{ALERTMANAGER, Channel, Delivery, InhibitRule, Labels, Notifications, Rule, Set, SetError};

pub(super) fn compare(old: &Set, new: &Set, changes: &mut Changes) -> Result<(), SetError> {
    let (before, after) = (old.notifications()?, new.notifications()?);
    let old_rules = old.rules()?;
    for rule in new.rules()? {
        let Some(name) = rule.alert.clone() else { continue };
        // A new alert has no way that could change.
        let Some(earlier) = old_rules.iter().find(|earlier| earlier.alert.as_deref() == Some(&name)) else { continue };
        let (before, after) = (deliveries(old, &before, earlier)?, deliveries(new, &after, &rule)?);
        alert(&name, &before, &after, changes);
    }
    inhibitions(&before.inhibit_rules, &after.inhibit_rules, changes);
    Ok(())
}

fn deliveries(set: &Set, notifications: &Notifications, rule: &Rule) -> Result<Vec<Delivery>, SetError> {
    let mut labels: Labels = rule.labels.clone();
    labels.insert("alertname".to_owned(), rule.alert.clone().unwrap_or_default());
    notifications.deliveries(&labels).map_err(|reason| set.odd(ALERTMANAGER, reason))
}

fn alert(name: &str, old: &[Delivery], new: &[Delivery], changes: &mut Changes) {
    let (before, after) = (channels(old), channels(new));
    for channel in before.difference(&after) {
        changes.add(Risk::Quieter, format!("no longer by {channel}"), name);
    }
    for channel in after.difference(&before) {
        changes.add(Risk::Louder, format!("also by {channel}"), name);
    }
    let receivers = |deliveries: &[Delivery]| deliveries.iter().map(|delivery| delivery.receiver.clone()).collect::<Vec<_>>().join(", ");
    if receivers(old) != receivers(new) {
        changes.add(Risk::Different, format!("receiver {} instead of {}", receivers(new), receivers(old)), name);
    }
    for (before, after) in old.iter().zip(new) {
        let waits = [
            ("told after", &before.group_wait, &after.group_wait),
            ("told of changes after", &before.group_interval, &after.group_interval),
            ("told again after", &before.repeat_interval, &after.repeat_interval),
        ];
        for (what, before, after) in waits {
            if let Some(risk) = wait(before, after) {
                changes.add(risk, format!("{what} {after} instead of {before}"), name);
            }
        }
        if before.group_by != after.group_by {
            changes.add(Risk::Different, format!("grouped by {} instead of {}", after.group_by.join(", "), before.group_by.join(", ")), name);
        }
    }
}

fn channels(deliveries: &[Delivery]) -> BTreeSet<Channel> {
    deliveries.iter().flat_map(|delivery| delivery.channels.iter().cloned()).collect()
}

fn inhibitions(old: &[InhibitRule], new: &[InhibitRule], changes: &mut Changes) {
    for rule in new.iter().filter(|rule| !old.contains(rule)) {
        changes.add(Risk::Quieter, "a new inhibition", text(rule));
    }
    for rule in old.iter().filter(|rule| !new.contains(rule)) {
        changes.add(Risk::Louder, "no longer an inhibition", text(rule));
    }
}

fn text(rule: &InhibitRule) -> String {
    let InhibitRule { source_matchers, target_matchers, equal } = rule;
    format!("{} over {} with equal {}", source_matchers.join(" "), target_matchers.join(" "), equal.join(", "))
}
