//! What the recordings of objectives make of raw counters: every second event is bad, at all times, so each window says so.

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
