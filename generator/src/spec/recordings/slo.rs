//! What the recordings of objectives make of raw counters: every second event is bad, at all times. That each window has the
//! length of its name is tested below, since a month of raw counters takes too long.

use super::example::Example;

const GIVEN: &[(&str, &str)] = &[
    (r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",status_code="200"}"#, "0+15x60"),
    (r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",status_code="503"}"#, "0+15x60"),
    (r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",le="0.25"}"#, "0x60"),
    (r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",le="0.5"}"#, "0+15x60"),
    (r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",le="1"}"#, "0+30x60"),
    (r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs",le="+Inf"}"#, "0+30x60"),
    (r#"http_request_duration_seconds_count{job="selextract-api",instance="api:8000",method="GET",endpoint="/jobs"}"#, "0+30x60"),
    (r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="extract",status="succeeded"}"#, "0+15x60"),
    (r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="extract",status="failed"}"#, "0+15x60"),
    // Neither good nor bad.
    (r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="extract",status="retried"}"#, "0+15x60"),
];

const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// An objective, its job, and what half of all events being bad leaves of its budget.
const OBJECTIVES: [(&str, &str, f64); 3] =
    [("api_availability", "selextract-api", -499.0), ("api_latency", "selextract-api", -49.0), ("task_success", "celery", -49.0)];

pub(super) fn example() -> Example {
    let mut example = Example::new(
        GIVEN,
        &[
            (r#"job:http_requests:rate5m{job="selextract-api"}"#, 2.0),
            (r#"job_endpoint:http_requests:rate5m{job="selextract-api",endpoint="/jobs"}"#, 2.0),
            (r#"job:http_errors:ratio_rate5m{job="selextract-api"}"#, 0.5),
            (r#"job:http_request_duration_seconds:p95_rate5m{job="selextract-api"}"#, 0.95),
            (r#"job_endpoint:http_request_duration_seconds:p95_rate5m{job="selextract-api",endpoint="/jobs"}"#, 0.95),
        ],
    );
    for (name, job, remaining) in OBJECTIVES {
        let series = |series: &str| format!("job:slo_{name}_{series}{{job=\"{job}\"}}");
        example.recorded.extend([(series("errors:rate5m"), 1.0), (series("events:rate5m"), 2.0)]);
        example.recorded.extend(WINDOWS.map(|window| (series(&format!("errors:ratio_rate{window}")), 0.5)));
        example.recorded.push((series("budget_remaining:ratio30d"), remaining));
    }
    example
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use crate::spec::slo as objectives;

    /// Errors per second of ten events, one value in five minutes: of the last five minutes all are bad, and the further back a
    /// window begins, the fewer. Before the last three everything is bad.
    const ERRORS: &str = "10x575 0.25x575 0.5x263 1x17 4x4 10";

    /// A minute after the last value, so that no window begins or ends at one.
    const AT: &str = "7196m";

    /// What each window says, in errors of a hundred thousand events.
    const WINDOWS: [(&str, u32); 7] =
        [("5m", 100_000), ("30m", 50_000), ("1h", 30_000), ("2h", 20_000), ("6h", 10_000), ("1d", 6_250), ("3d", 3_750)];

    const BUDGETS: [(&str, &str); 3] = [("api_availability", "0.001"), ("api_latency", "0.01"), ("task_success", "0.01")];

    const LABELS: &str = "{job=\"a\"}";

    fn expectation(expr: &str, value: u32) -> serde_json::Value {
        serde_json::json!({"expr": format!("round(100000 * {expr})"), "eval_time": AT, "exp_samples": [{"labels": LABELS, "value": value}]})
    }

    #[test]
    fn each_window_is_as_long_as_its_name() {
        let mut expected = Vec::new();
        for slo in objectives::all() {
            let (name, recordings) = (slo.name, slo.recordings());
            let expr_of = |series: &str| recordings.iter().find(|recording| recording.name == series).unwrap().expr.as_str();
            // The other three are the two rates, and what is left of the budget.
            assert_eq!(recordings.len(), WINDOWS.len() + 3, "{name}");
            expected.extend(WINDOWS.map(|(window, value)| expectation(expr_of(&format!("job:slo_{name}_errors:ratio_rate{window}")), value)));
            // Promtool reads at most ten thousand samples for one expression, and a month of each of the two is nearly as many.
            let [errors, events] = ["errors", "events"].map(|series| format!("sum_over_time(job:slo_{name}_{series}:rate5m[30d:5m])"));
            let (_, budget) = BUDGETS.into_iter().find(|(other, _)| *other == name).unwrap();
            assert_eq!(expr_of(&format!("job:slo_{name}_budget_remaining:ratio30d")), format!("1 - {errors} / ({events} > 0) / {budget}"));
        }
        let given = |series: &str, values: &str| {
            BUDGETS.map(|(name, _)| serde_json::json!({"series": format!("job:slo_{name}_{series}:rate5m{LABELS}"), "values": values}))
        };
        let series = [given("errors", ERRORS), given("events", "10x1439")].concat();
        let group = serde_json::json!({"interval": "5m", "input_series": series, "promql_expr_test": expected});
        // Samples are there up to the last evaluation.
        let tests = serde_json::json!({"rule_files": [], "evaluation_interval": AT, "tests": [group]});
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("test.json"), tests.to_string()).unwrap();

        let output = Command::new("promtool").current_dir(directory.path()).args(["test", "rules", "test.json"]).output();

        let output = output.expect("promtool is missing: apt-get install prometheus");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr));
    }
}
