//! Service level objectives, and the burn rates at which their budgets alert.
//!
//! Long windows are built from five-minute recordings: the sum of the errors' rates over the sum of the events' rates, so
//! that busy minutes weigh as much as they have requests. Up to two hours every recorded sample is read; from six hours on
//! one in five minutes, which tile the window. While nothing changes, that is the exact ratio over the window. While an
//! outage begins or ends it lags by two and a half minutes, and from six hours on by up to seven and a half: at the worst
//! moment of a total outage of ten minutes the ratio is off by 7.9 points of percent over 30 m, 4.0 over 1 h, 2.0 over 2 h
//! and 1.3 over 6 h (tests below measure it, one of them with Prometheus itself), and alerts come and go later by as long.

use std::panic::Location;

use super::duration::{self, Duration};
use super::recordings::Recording;

/// The length of time that a budget is for.
pub(crate) const PERIOD: Duration = Duration::days(30);

/// From this window on, recorded samples are read at steps of [`STEP`].
const TILED_FROM: Duration = Duration::hours(6);

const STEP: Duration = duration::minutes(5);

/// A share of events that must go well over [`PERIOD`].
#[derive(Clone, Debug)]
pub(crate) struct Slo {
    /// In the middle of its series' names.
    pub(crate) name: &'static str,
    /// In percent.
    pub(crate) objective: f64,
    /// Bad events per second over five minutes, by job.
    pub(crate) errors: &'static str,
    /// All events per second over five minutes, by job.
    pub(crate) events: &'static str,
    /// Events per second below which a burn rate is that of a handful of them, and does not alert.
    pub(crate) least_events: f64,
    /// The pairs of windows that alert.
    pub(crate) burns: &'static [Burn],
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
}

/// How many times faster than evenly the budget goes, over a long window and still over a short one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burn {
    pub(crate) factor: f64,
    pub(crate) long: Duration,
    pub(crate) short: Duration,
}

const HOUR: Burn = Burn { factor: 14.4, long: Duration::hours(1), short: Duration::minutes(5) };
const SIX_HOURS: Burn = Burn { factor: 6.0, long: Duration::hours(6), short: Duration::minutes(30) };
const DAY: Burn = Burn { factor: 3.0, long: Duration::days(1), short: Duration::hours(2) };
const THREE_DAYS: Burn = Burn { factor: 1.0, long: Duration::days(3), short: Duration::hours(6) };

/// 2 % of the budget in an hour, or 5 % in six: somebody gets up. Factors and windows are those of the SRE workbook.
pub(crate) const FAST: &[Burn] = &[HOUR, SIX_HOURS];

/// 10 % of the budget in a day, or in three: somebody looks today.
pub(crate) const SLOW: &[Burn] = &[DAY, THREE_DAYS];

/// All of them.
pub(crate) const ALL: &[Burn] = &[HOUR, SIX_HOURS, DAY, THREE_DAYS];

impl Slo {
    /// The share of events that may go wrong, without the noise of binary fractions.
    pub(crate) fn budget(&self) -> f64 {
        rounded((100.0 - self.objective) / 100.0)
    }

    /// The recorded series of the share of errors over a window.
    pub(crate) fn ratio(&self, window: Duration) -> String {
        format!("job:slo_{}_errors:ratio_rate{window}", self.name)
    }

    /// The recorded series of events per second.
    fn events_series(&self) -> String {
        format!("job:slo_{}_events:rate5m", self.name)
    }

    /// Holds while one of the pairs burns faster than its factor, and there is traffic enough to tell.
    pub(crate) fn burning(&self, burns: &[Burn], traffic_over: Duration) -> String {
        let pairs: Vec<String> = burns
            .iter()
            .map(|burn| {
                let limit = rounded(burn.factor * self.budget());
                format!("{} > {limit} and {} > {limit}", self.ratio(burn.long), self.ratio(burn.short))
            })
            .collect();
        format!("(\n  {}\n)\nand avg_over_time({}[{traffic_over}]) > {}", pairs.join("\n  or\n  "), self.events_series(), self.least_events)
    }

    /// Its series: both rates, the share of errors over every window, and what is left of the budget.
    pub(crate) fn recordings(&self) -> Vec<Recording> {
        let (errors, events) = (format!("job:slo_{}_errors:rate5m", self.name), self.events_series());
        let mut windows: Vec<Duration> = self.burns.iter().flat_map(|burn| [burn.long, burn.short]).collect();
        windows.sort_unstable();
        windows.dedup();
        let mut recordings = vec![Recording::new(errors.clone(), self.errors), Recording::new(events.clone(), self.events)];
        for window in windows {
            let expr = if window <= STEP { format!("{errors} / ({events} > 0)") } else { over(&errors, &events, window) };
            recordings.push(Recording::new(self.ratio(window), expr));
        }
        let remaining = format!("1 - {} / {}", over(&errors, &events, PERIOD), self.budget());
        recordings.push(Recording::new(format!("job:slo_{}_budget_remaining:ratio{PERIOD}", self.name), remaining));
        recordings.into_iter().map(|recording| Recording { location: self.location, ..recording }).collect()
    }
}

/// The share of errors over a window, from recorded rates.
fn over(errors: &str, events: &str, window: Duration) -> String {
    let range = if window >= TILED_FROM { format!("{window}:{STEP}") } else { window.to_string() };
    format!("sum_over_time({errors}[{range}]) / (sum_over_time({events}[{range}]) > 0)")
}

/// To ten digits after the point: 0.0144 and not 0.014399999999999998.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e10).round() / 1e10
}

pub(crate) fn api_availability() -> Slo {
    Slo {
        name: "api_availability",
        objective: 99.9,
        errors: r#"sum by (job) (rate(http_requests_total{status_code=~"5.."}[5m])) or 0 * sum by (job) (rate(http_requests_total[5m]))"#,
        events: "job:http_requests:rate5m",
        least_events: 0.1,
        burns: ALL,
        location: Location::caller(),
    }
}

pub(crate) fn api_latency() -> Slo {
    Slo {
        name: "api_latency",
        objective: 99.0,
        errors: r#"sum by (job) (rate(http_request_duration_seconds_count[5m]))
  - sum by (job) (rate(http_request_duration_seconds_bucket{le="0.5"}[5m]))"#,
        events: "sum by (job) (rate(http_request_duration_seconds_count[5m]))",
        least_events: 0.1,
        burns: ALL,
        location: Location::caller(),
    }
}

pub(crate) fn task_success() -> Slo {
    Slo {
        name: "task_success",
        objective: 99.0,
        errors: r#"sum by (job) (rate(celery_task_total{status="failed"}[5m]))
  or 0 * sum by (job) (rate(celery_task_total{status=~"succeeded|failed"}[5m]))"#,
        events: r#"sum by (job) (rate(celery_task_total{status=~"succeeded|failed"}[5m]))"#,
        // Tasks are rarer than requests: one in five minutes.
        least_events: 0.003,
        burns: ALL,
        location: Location::caller(),
    }
}

/// Every objective.
pub(crate) fn all() -> Vec<Slo> {
    vec![api_availability(), api_latency(), task_success()]
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// Scrapes in five minutes.
    const SCRAPES: usize = 20;

    /// The first failed scrape of the outage, which takes ten minutes.
    const OUTAGE: usize = 1_500;

    /// Scrapes in a window, and from one recorded sample that is read to the next.
    const WINDOWS: [(&str, usize, usize); 4] = [("30m", 120, 1), ("1h", 240, 1), ("2h", 480, 1), ("6h", 1_440, SCRAPES)];

    /// Errors and events per scrape: ten requests each, all failing for ten minutes.
    fn outage() -> Vec<(f64, f64)> {
        (0..4_000).map(|scrape| if (OUTAGE..OUTAGE + 40).contains(&scrape) { (10.0, 10.0) } else { (0.0, 10.0) }).collect()
    }

    fn ratio(samples: &[(f64, f64)]) -> f64 {
        let (errors, events) = samples.iter().fold((0.0, 0.0), |(errors, events), sample| (errors + sample.0, events + sample.1));
        errors / events
    }

    /// The largest difference between the ratio over a window built from five-minute rates and the exact one, and at which
    /// scrape it is first that large.
    fn error(window: usize, step: usize) -> (f64, usize) {
        let exact = outage();
        let sum = |range: &[(f64, f64)]| range.iter().fold((0.0, 0.0), |(errors, events), sample| (errors + sample.0, events + sample.1));
        let rates: Vec<(f64, f64)> = (0..exact.len()).map(|end| sum(&exact[end.saturating_sub(SCRAPES - 1)..=end])).collect();
        let differences = (window..exact.len()).map(|end| {
            let last = end - end % step;
            let read: Vec<(f64, f64)> = (0..window / step).map(|back| rates[last - back * step]).collect();
            ((ratio(&read) - ratio(&exact[end + 1 - window..=end])).abs(), end)
        });
        differences.fold((0.0, 0), |worst, other| if other.0 > worst.0 + 1e-9 { other } else { worst })
    }

    #[test]
    fn long_windows_are_as_exact_as_stated() {
        let measured = WINDOWS.map(|(_, window, step)| format!("{:.1} %", error(window, step).0 * 100.0));
        assert_eq!(measured, ["7.9 %", "4.0 %", "2.0 %", "1.3 %"]);
    }

    /// The same outage as raw counters, and the recordings as they are deployed; to whole points, since windows of Prometheus
    /// before 3.0 hold one sample more.
    #[test]
    fn prometheus_is_as_exact_as_stated() {
        let slo = api_availability();
        let recordings = slo.recordings();
        let rule = |record: &str, expr: &str| serde_json::json!({"record": record, "expr": expr});
        let rates = recordings.iter().take(2).map(|recording| rule(&recording.name, &recording.expr));
        let requests = rule("job:http_requests:rate5m", "sum by (job) (rate(http_requests_total[5m]))");
        let rules: Vec<_> = [requests].into_iter().chain(rates).collect();
        let rules = serde_json::json!({"groups": [{"name": "rates", "rules": rules}]});
        let increase = |codes: &str, window: &str| format!("sum by (job) (increase(http_requests_total{{status_code=~\"{codes}\"}}[{window}]))");
        let differences = WINDOWS.into_iter().zip([8.0, 4.0, 2.0, 1.0]).map(|((name, window, step), points)| {
            let recorded = &recordings.iter().find(|recording| recording.name.ends_with(&format!("_rate{name}"))).unwrap().expr;
            let exact = format!("{} / {}", increase("5..", name), increase(".+", name));
            serde_json::json!({
                "expr": format!("round(100 * abs({recorded} - {exact}))"),
                "eval_time": format!("{}s", 15 * error(window, step).1),
                "exp_samples": [{"labels": "{job=\"selextract-api\"}", "value": points}],
            })
        });
        let differences: Vec<_> = differences.collect();
        let given = |code: &str, values: &str| serde_json::json!({"series": format!("http_requests_total{{job=\"selextract-api\",status_code=\"{code}\"}}"), "values": values});
        let series = [given("200", "0+10x1499 14990x39 15000+10x600"), given("503", "0x1499 10+10x39 400x600")];
        let group = serde_json::json!({"interval": "15s", "input_series": series, "promql_expr_test": differences});
        let tests = serde_json::json!({"rule_files": ["rules.json"], "evaluation_interval": "15s", "tests": [group]});
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("rules.json"), rules.to_string()).unwrap();
        fs::write(directory.path().join("test.json"), tests.to_string()).unwrap();

        let output = Command::new("promtool").current_dir(directory.path()).args(["test", "rules", "test.json"]).output();

        let output = output.expect("promtool is missing: apt-get install prometheus");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn limits_carry_no_noise() {
        let slo = api_availability();
        assert_eq!((slo.budget().to_string(), rounded(14.4 * slo.budget()).to_string()), ("0.001".to_owned(), "0.0144".to_owned()));
    }
}
