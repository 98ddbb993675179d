//! Recorded replies of many kinds of servers, in `replies/`: each file says in its first line whether it was captured from
//! a server or composed from the documented format.
//!
//! Together they fill every metric of the catalogue, so a metric without a collector, or a sample without an entry, fails.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::{collections::BTreeSet, fs, path::Path};

use ::redis::Value;
use exporter_core::Samples;
use metric_catalogue::{Type, redis};
use redis_exporter::{
    collectors::{ALL, empty_databases},
    state::State,
};

/// Sections that are filled by core, and by the source from what it does itself.
const NOT_FROM_REPLIES: &[&str] = &["exporter", "process", "internal"];

/// A recorded server: what it answers to each command.
struct Recording {
    name: String,
    replies: Vec<(String, Value)>,
}

impl Recording {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let replies = text.split("\n> ").skip(1).map(|part| {
            let (command, body) = part.split_once('\n').unwrap();
            let body = body.trim_end_matches('\n');
            let reply = if command.ends_with("INFO") || command.starts_with("INFO") {
                Value::BulkString(body.replace('\n', "\r\n").into_bytes())
            } else {
                // A bulk string that is empty at the end of the file has lost its line.
                ::redis::parse_redis_value(format!("{}\r\n\r\n", body.replace('\n', "\r\n")).as_bytes()).unwrap()
            };
            (command.to_owned(), reply)
        });
        Self { name, replies: replies.collect() }
    }

    fn all() -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replies");
        let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// What the page would hold, and the collectors that failed.
    fn page(&self) -> (String, Vec<String>) {
        let (mut state, mut samples, mut failed) = (State::default(), Samples::default(), Vec::new());
        for collector in ALL {
            let requests = collector.requests(&state);
            if requests.is_empty() {
                continue;
            }
            let reply = |command: String| {
                let found = self.replies.iter().find(|(recorded, _)| *recorded == command);
                found.unwrap_or_else(|| panic!("{} has no reply to {command:?}", self.name)).1.clone()
            };
            let replies: Vec<Value> = requests.iter().map(|request| reply(request.to_string())).collect();
            if let Err(error) = collector.read(&replies, &mut state, &mut samples) {
                failed.push(format!("{}: {error}", collector.name()));
            }
        }
        empty_databases(&state, &mut samples);
        (samples.text(), failed)
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split(['{', ' ']).next().unwrap())
}

#[test]
fn every_metric_is_filled_by_some_reply() {
    let recordings = Recording::all();
    let text: String = recordings.iter().map(|recording| recording.page().0).collect();
    let live: BTreeSet<&str> = names(&text).collect();
    let sections = redis::PROGRAM.sections.iter().filter(|(section, _)| !NOT_FROM_REPLIES.contains(section));
    let unfilled: Vec<&str> = sections
        .flat_map(|(_, metrics)| *metrics)
        .filter(|metric| match metric.kind {
            Type::Histogram | Type::Summary => !live.iter().any(|name| name.starts_with(metric.name)),
            Type::Dynamic => !live.iter().any(|name| name.starts_with(metric.name) && declared(name).is_none()),
            _ => !live.contains(metric.name),
        })
        .map(|metric| metric.name)
        .collect();
    assert!(unfilled.is_empty(), "no recorded reply fills {unfilled:#?}");
}

#[test]
fn every_sample_is_in_the_catalogue() {
    for recording in Recording::all() {
        for name in names(&recording.page().0) {
            let parts = ["", "_bucket", "_sum", "_count"].iter().filter_map(|suffix| name.strip_suffix(suffix));
            let known = parts.map(declared).any(|metric| metric.is_some()) || name.starts_with(redis::cluster::OTHER.name());
            assert!(known, "{name} of {} is not in the catalogue", recording.name);
        }
    }
}

#[test]
fn only_what_a_server_refuses_fails() {
    for recording in Recording::all() {
        let failed = recording.page().1;
        let expected: &[&str] = match recording.name.as_str() {
            "redis_6_2_managed" => &["config: ERR unknown command 'CONFIG', with args beginning with: 'GET'"],
            "redis_7_2_syncing" => &[
                "config: LOADING Redis is loading the dataset in memory",
                "slowlog_len: LOADING Redis is loading the dataset in memory",
                "slowlog_get: LOADING Redis is loading the dataset in memory",
                "latency_latest: LOADING Redis is loading the dataset in memory",
                "latency_histogram: LOADING Redis is loading the dataset in memory",
            ],
            _ => &[],
        };
        assert_eq!(failed, expected, "{}", recording.name);
    }
}

#[test]
fn captured_servers_have_few_unknown_fields() {
    for recording in Recording::all().iter().filter(|recording| recording.name.starts_with("redis_7_0")) {
        let text = recording.page().0;
        let unknown: Vec<&str> = text.lines().filter(|line| line.starts_with("redis_info_unmapped{")).collect();
        assert!(unknown.is_empty(), "{}: {unknown:#?}", recording.name);
    }
}

fn declared(name: &str) -> Option<&'static str> {
    redis::PROGRAM.metrics().find(|metric| metric.name == name).map(|metric| metric.name)
}
