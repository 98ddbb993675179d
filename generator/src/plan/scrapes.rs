//! What is scraped, how often, and what is refused.

use std::collections::BTreeMap;

use super::change::{Changes, Risk};
use super::duration::wait;
use crate::set::{Scrape, Scraping};

pub(super) fn compare(old: &Scraping, new: &Scraping, changes: &mut Changes) {
    let times = [
        ("scraped every", &old.global.scrape_interval, &new.global.scrape_interval),
        ("scrape given up after", &old.global.scrape_timeout, &new.global.scrape_timeout),
        ("rules evaluated every", &old.global.evaluation_interval, &new.global.evaluation_interval),
    ];
    for (what, before, after) in times {
        time("every job", what, before, after, changes);
    }
    for name in
        old.global.external_labels.keys().chain(new.global.external_labels.keys().filter(|name| !old.global.external_labels.contains_key(*name)))
    {
        let of = |scraping: &Scraping| scraping.global.external_labels.get(name).cloned().unwrap_or_else(|| "absent".to_owned());
        let (before, after) = (of(old), of(new));
        if before != after {
            changes.add(Risk::Different, format!("external label {name} is {after} instead of {before}"), "every alert");
        }
    }
    let (before, after) = (by_name(old), by_name(new));
    for (name, scrape) in &before {
        match after.get(name) {
            None => changes.add(Risk::Quieter, "no longer scraped", format!("job {name}")),
            Some(now) => job(scrape, now, changes),
        }
    }
    for (name, scrape) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        changes.add(Risk::Cost, format!("a new job of {} targets", scrape.targets().count()), format!("job {name}"));
    }
}

fn by_name(scraping: &Scraping) -> BTreeMap<&str, &Scrape> {
    scraping.scrape_configs.iter().map(|scrape| (scrape.job_name.as_str(), scrape)).collect()
}

/// A longer time between two samples is later news; a shorter one costs.
fn time(subject: &str, what: &str, before: &str, after: &str, changes: &mut Changes) {
    match wait(before, after) {
        None => {}
        Some(Risk::Louder) => changes.add(Risk::Cost, format!("{what} {after} instead of {before}"), subject),
        Some(risk) => changes.add(risk, format!("{what} {after} instead of {before}"), subject),
    }
}

fn job(old: &Scrape, new: &Scrape, changes: &mut Changes) {
    let subject = format!("job {}", new.job_name);
    for target in old.targets().filter(|target| !new.targets().any(|other| other == *target)) {
        changes.add(Risk::Quieter, format!("{target} is no longer scraped"), subject.as_str());
    }
    for target in new.targets().filter(|target| !old.targets().any(|other| other == *target)) {
        changes.add(Risk::Cost, format!("{target} is scraped too"), subject.as_str());
    }
    let times = [("scraped every", &old.interval, &new.interval), ("scrape given up after", &old.timeout, &new.timeout)];
    for (what, before, after) in times {
        let text = |time: &Option<String>| time.clone().unwrap_or_else(|| "the common time".to_owned());
        time(&subject, what, &text(before), &text(after), changes);
    }
    for ((name, before), (_, after)) in old.limits().into_iter().zip(new.limits()).filter(|((_, before), (_, after))| before != after) {
        let text = |limit: &Option<String>| limit.clone().unwrap_or_else(|| "none".to_owned());
        // A page above a limit is not stored at all.
        let risk = match (size(before.as_deref()), size(after.as_deref())) {
            (Some(before), Some(after)) if after < before => Risk::Quieter,
            (Some(_), Some(_)) => Risk::Cost,
            _ => Risk::Different,
        };
        changes.add(risk, format!("{name} {} instead of {}", text(&after), text(&before)), subject.as_str());
    }
}

/// A limit as a number: none, or 0, is no limit.
fn size(limit: Option<&str>) -> Option<u64> {
    let Some(limit) = limit else { return Some(u64::MAX) };
    let digits = limit.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(limit.len());
    let (number, unit) = limit.split_at_checked(digits)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KB" | "KiB" => 1 << 10,
        "MB" | "MiB" => 1 << 20,
        "GB" | "GiB" => 1 << 30,
        _ => return None,
    };
    match number.parse::<u64>().ok()? {
        0 => Some(u64::MAX),
        number => number.checked_mul(factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_compared_by_size() {
        assert!(size(Some("16MB")) < size(Some("1GB")));
        assert!(size(Some("20000")) < size(None));
        assert_eq!(size(Some("0")), size(None));
        assert_eq!(size(Some("16 miles")), None);
    }
}
