//! What it costs to keep: series, samples per second, memory and disk.
//!
//! The number of series follows from the catalogue: each metric has as many as its labels have values together. A label
//! of a closed set has that many; how many databases or tables there are is assumed. Of other programs the catalogue
//! holds only what rules read, so the pages that were seen stand for theirs. A job's `sample_limit` is the most that can
//! ever be.

use std::fmt;

use metric_catalogue::{Definition, Type};

use super::duration::length;
use crate::render::File;
use crate::set::{Expression, PROMETHEUS, Rule, Scrape, Scraping, Set, SetError};
use crate::spec::Spec;
use crate::spec::component::Image;
use crate::spec::job::Job;

/// Values of the labels whose sets are not closed, such as databases, queues or routes: a small site's. Several of them on one
/// metric mostly name the same thing (a database's name and its number), so they do not multiply.
const OPEN_LABEL_VALUES: u64 = 4;

/// Metrics of a family whose names are known only at run time: `PostgreSQL` has about 300 settings, Redis a dozen states.
const DYNAMIC_NAMES: u64 = 50;

/// Buckets of a histogram whose bounds its target decides.
const UNKNOWN_BUCKETS: u64 = 12;

/// Quantiles of a summary.
const QUANTILES: u64 = 3;

/// `_sum` and `_count`, of histograms and summaries.
const TOTALS: u64 = 2;

/// `up` and the `scrape_…` series that Prometheus adds to each target.
const OF_THE_SCRAPE: u64 = 5;

/// Series on the pages of other programs: of a small server each, as seen on Prometheus 2.42, Alertmanager 0.25,
/// `node_exporter` 1.5 (one host, two disks), and what Grafana's documentation shows.
const SEEN: [(&str, u64); 4] = [("prometheus", 750), ("alertmanager", 450), ("node-exporter", 700), ("grafana", 2_500)];

/// Bytes of memory per series: measured on Prometheus 2.42 with 200,000 short-lived series.
const LEAST_MEMORY: u64 = 2_800;

/// The same with churn, queries and a full head block.
const PLANNED_MEMORY: u64 = 8_000;

/// What Prometheus needs before its first series.
const BASE_MEMORY: u64 = 90_000_000;

/// Tenths of a byte on disk per sample, after compaction; Prometheus' own documentation says one to two bytes.
const DISK_TENTHS: u64 = 15;

/// How Compose tells Prometheus for how long to keep samples.
const RETENTION: &str = "--storage.tsdb.retention.time=";

/// The cost of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    jobs: Vec<JobEstimate>,
    recordings: u64,
    samples_per_minute: u64,
    retention_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct JobEstimate {
    name: String,
    targets: u64,
    /// Per target.
    series: u64,
    /// Per target, at most.
    limit: Option<u64>,
    interval_milliseconds: u64,
}

impl Estimate {
    pub(super) fn new(spec: &Spec, set: &Set, files: &[File]) -> Result<Self, SetError> {
        let scraping = set.scraping()?;
        let jobs = scraping.scrape_configs.iter().map(|scrape| job(spec, set, &scraping, scrape)).collect::<Result<Vec<_>, _>>()?;
        let recordings = set.rules()?.iter().filter(|rule| rule.record.is_some()).map(|rule| recorded(rule, spec, &jobs)).sum();
        let evaluation = milliseconds(set, &scraping.global.evaluation_interval)?;
        let per_minute = |series: u64, interval: u64| series * 60_000 / interval.max(1);
        let scraped: u64 = jobs.iter().map(|job| per_minute(job.targets * job.series, job.interval_milliseconds)).sum();
        Ok(Self { samples_per_minute: scraped + per_minute(recordings, evaluation), jobs, recordings, retention_seconds: retention(files) })
    }

    /// Series in memory at once.
    fn series(&self) -> u64 {
        self.recordings + self.jobs.iter().map(|job| job.targets * job.series).sum::<u64>()
    }

    /// What the sample limits allow, if every job has one.
    fn most(&self) -> Option<u64> {
        self.jobs.iter().try_fold(self.recordings, |sum, job| Some(sum + job.targets * job.limit?))
    }

    fn disk(&self) -> u64 {
        self.samples_per_minute * (self.retention_seconds / 60) * DISK_TENTHS / 10
    }
}

fn job(spec: &Spec, set: &Set, scraping: &Scraping, scrape: &Scrape) -> Result<JobEstimate, SetError> {
    let page = spec.jobs.iter().find(|job| job.label() == scrape.job_name).map_or(0, page);
    let limit = scrape.sample_limit.filter(|limit| *limit > 0);
    let interval = scrape.interval.as_ref().unwrap_or(&scraping.global.scrape_interval);
    Ok(JobEstimate {
        name: scrape.job_name.clone(),
        targets: u64::try_from(scrape.targets().count()).unwrap_or(u64::MAX),
        series: page.min(limit.unwrap_or(u64::MAX)) + OF_THE_SCRAPE,
        limit: limit.map(|limit| limit + OF_THE_SCRAPE),
        interval_milliseconds: milliseconds(set, interval)?,
    })
}

/// Series on a page.
fn page(job: &Job) -> u64 {
    let declared: u64 = job.component.program.metrics().map(series).sum();
    match SEEN.iter().find(|(name, _)| *name == job.component.name) {
        Some((_, seen)) if job.component.image != Image::Ours => *seen,
        _ => declared,
    }
}

/// Series of one metric.
pub(crate) fn series(definition: &Definition) -> u64 {
    let closed: u64 = definition.labels.iter().filter_map(|label| definition.values_of(label)).map(|values| count(values.len())).product();
    let is_open = definition.kind != Type::Info && definition.labels.iter().any(|label| definition.values_of(label).is_none());
    let combinations = if is_open { closed * OPEN_LABEL_VALUES } else { closed };
    let each = match definition.kind {
        Type::Counter | Type::Gauge | Type::Info | Type::Untyped => 1,
        Type::Histogram if definition.bounds.is_empty() => UNKNOWN_BUCKETS + TOTALS,
        // The bucket +Inf is not among the bounds.
        Type::Histogram => count(definition.bounds.len()) + 1 + TOTALS,
        Type::Summary => QUANTILES + TOTALS,
        Type::Dynamic => DYNAMIC_NAMES,
    };
    combinations * each
}

/// Series of a recording: one per target of the jobs that expose what it reads.
fn recorded(rule: &Rule, spec: &Spec, jobs: &[JobEstimate]) -> u64 {
    let read: Vec<String> = rule.expression().iter().flat_map(Expression::selectors).filter_map(|selector| selector.name).collect();
    let exposes = |job: &&Job| job.component.program.metrics().any(|metric| read.iter().any(|name| name.starts_with(metric.name)));
    let targets = |job: &Job| jobs.iter().find(|estimate| estimate.name == job.label()).map_or(0, |estimate| estimate.targets);
    spec.jobs.iter().filter(exposes).map(targets).sum::<u64>().max(1)
}

fn milliseconds(set: &Set, text: &str) -> Result<u64, SetError> {
    let odd = || set.odd(PROMETHEUS, format!("{text} is no length of time"));
    length(text).and_then(|length| u64::try_from(length.as_millis()).ok()).ok_or_else(odd)
}

/// For how long samples are kept, in seconds.
fn retention(files: &[File]) -> u64 {
    let said = files.iter().find_map(|file| {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let (_, rest) = text.split_once(RETENTION)?;
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        length(rest.get(..end)?)
    });
    // Prometheus' own default.
    said.map_or(15 * 86_400, |length| length.as_secs())
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl fmt::Display for Estimate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "Estimate")?;
        writeln!(formatter, "  {:<16} {:>7} {:>14} {:>14}", "job", "targets", "series each", "at most")?;
        for JobEstimate { name, targets, series, limit, .. } in &self.jobs {
            let limit = limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
            writeln!(formatter, "  {name:<16} {targets:>7} {series:>14} {limit:>14}")?;
        }
        writeln!(formatter, "  {:<16} {:>7} {:>14}", "recordings", "", self.recordings)?;
        let series = self.series();
        write!(formatter, "  {series} series")?;
        match self.most() {
            Some(most) => writeln!(formatter, ", {most} at most")?,
            None => writeln!(formatter)?,
        }
        let (whole, tenths) = (self.samples_per_minute / 60, self.samples_per_minute % 60 * 10 / 60);
        writeln!(formatter, "  {whole}.{tenths} samples per second")?;
        writeln!(
            formatter,
            "  {} to {} of memory for Prometheus",
            bytes(BASE_MEMORY + series * LEAST_MEMORY),
            bytes(BASE_MEMORY + series * PLANNED_MEMORY)
        )?;
        write!(formatter, "  {} of disk for {} days", bytes(self.disk()), self.retention_seconds / 86_400)
    }
}

/// A size for people: two or three digits and a unit.
fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, factor)| size >= *factor) {
        Some((unit, factor)) if size / factor < 10 => format!("{}.{} {unit}", size / factor, size % factor * 10 / factor),
        Some((unit, factor)) => format!("{} {unit}", size / factor),
        None => format!("{size} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    metric_catalogue::catalogue! {
        /// Up
        UP: Gauge = "x_up" [];
        /// Per state and database
        STATES: Gauge = "x_states" ["state", "database"] closed(&[("state", &["on", "off", "broken"])]);
        /// Times
        SECONDS: Histogram = "x_seconds" [] bounds(&[0.1, 1.0]);
    }

    #[test]
    fn labels_multiply_and_buckets_add() {
        assert_eq!([UP.definition(), STATES.definition(), SECONDS.definition()].map(series), [1, 12, 5]);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([12, 1_500, 65_000_000, 2_600_000_000_000].map(bytes), ["12 B", "1.5 kB", "65 MB", "2.6 TB"]);
    }
}
