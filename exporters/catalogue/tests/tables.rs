//! Rules that every entry of every program has to keep.

use std::collections::{BTreeMap, BTreeSet};

use metric_catalogue::{Definition, PROGRAMS, Program, Type};

/// Units that a name of ours does not end in: the base unit says the same.
const NO_BASE_UNITS: &[&str] = &[
    "ms",
    "msec",
    "millis",
    "milliseconds",
    "us",
    "usec",
    "micros",
    "microseconds",
    "ns",
    "nanoseconds",
    "sec",
    "secs",
    "minutes",
    "hours",
    "days",
    "percent",
    "percentage",
    "perc",
    "kb",
    "mb",
    "kilobytes",
    "megabytes",
    "bits",
];

/// What the formats append to a family's name, by the kind that has it.
const SUFFIXES: &[(Type, &[&str])] = &[
    (Type::Counter, &["_total", "_created"]),
    (Type::Histogram, &["_bucket", "_sum", "_count", "_created"]),
    (Type::Summary, &["_sum", "_count", "_created"]),
    (Type::Info, &["_info"]),
];

/// The name without what its kind puts at the end: that of the family in `OpenMetrics`.
fn family(metric: &Definition) -> &str {
    match metric.kind {
        Type::Counter => metric.name.strip_suffix("_total").unwrap_or(metric.name),
        Type::Info => metric.name.strip_suffix("_info").unwrap_or(metric.name),
        _ => metric.name,
    }
}

/// Ours, exposed by us: neither another program's name nor read from another program.
fn own(program: &Program) -> impl Iterator<Item = &'static Definition> {
    program.metrics().filter(|metric| !metric.upstream && metric.kind != Type::Dynamic)
}

fn exporters() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().copied().filter(|program| program.sections.iter().any(|(section, _)| *section == "exporter"))
}

#[test]
fn name_is_declared_once_per_program() {
    for program in PROGRAMS {
        let mut names = BTreeSet::new();
        for metric in program.metrics() {
            assert!(names.insert(metric.name), "{} declares {} twice", program.name, metric.name);
        }
    }
}

#[test]
fn families_do_not_share_sample_names() {
    for program in exporters() {
        let mut samples: BTreeMap<String, &str> = BTreeMap::new();
        for metric in program.metrics().filter(|metric| metric.kind != Type::Dynamic) {
            let suffixes = SUFFIXES.iter().find(|(kind, _)| *kind == metric.kind).map_or(&[][..], |(_, suffixes)| suffixes);
            let taken = suffixes.iter().map(|suffix| format!("{}{suffix}", family(metric))).chain([family(metric).to_owned()]);
            for sample in taken {
                if let Some(other) = samples.insert(sample.clone(), metric.name) {
                    panic!("{} and {other} of {} would both use {sample}", metric.name, program.name);
                }
            }
        }
    }
}

#[test]
fn own_names_follow_the_rules() {
    for program in exporters() {
        for metric in own(program) {
            let name = metric.name;
            assert_eq!(metric.kind == Type::Counter, name.ends_with("_total"), "{name}: counters end in _total, and only they");
            let words: Vec<&str> = name.strip_suffix("_total").unwrap_or(name).split('_').collect();
            assert!(!words.iter().any(|word| NO_BASE_UNITS.contains(word)), "{name} is not in a base unit");
            assert!(!words.contains(&"total"), "{name}: total is no word of a name");
            assert!(!["_bucket", "_sum", "_count"].iter().any(|suffix| name.ends_with(suffix)), "{name} looks like a part of another");
            assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'), "{name} is not snake case");
            assert!(!metric.labels.iter().any(|label| name.ends_with(&format!("_by_{label}"))), "{name} names its label");
        }
    }
}

#[test]
fn source_feeds_a_metric_once() {
    for program in PROGRAMS {
        let mut fed = BTreeSet::new();
        for metric in program.metrics() {
            if let Some(source) = metric.source {
                assert!(
                    fed.insert((source, metric.kind, metric.factor.to_bits(), metric.upstream)),
                    "{source} feeds two metrics of {} alike, one is {}",
                    program.name,
                    metric.name
                );
            }
        }
    }
}

#[test]
fn share_is_between_zero_and_one() {
    for program in PROGRAMS {
        for metric in program.metrics().filter(|metric| metric.source.is_some_and(|source| source.ends_with("_perc"))) {
            assert!(metric.upstream || metric.factor < 1.0, "{} comes in percent", metric.name);
        }
    }
}

#[test]
fn help_begins_with_a_capital_or_digit() {
    for program in PROGRAMS {
        for metric in program.metrics() {
            let first = metric.help.chars().next();
            assert!(first.is_some_and(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit()), "{}: {}", metric.name, metric.help);
        }
    }
}
