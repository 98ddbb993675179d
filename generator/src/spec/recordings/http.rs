//! Recordings about HTTP requests, by job and, where it helps to find the culprit, by endpoint.

use super::Recording;

pub(super) fn all() -> Vec<Recording> {
    vec![
        Recording::new("job:http_requests:rate5m", "sum by (job) (rate(http_requests_total[5m]))"),
        Recording::new("job_endpoint:http_requests:rate5m", "sum by (job, endpoint) (rate(http_requests_total[5m]))"),
        Recording::new(
            "job:http_errors:ratio_rate5m",
            r#"(sum by (job) (rate(http_requests_total{status_code=~"5.."}[5m])) or 0 * sum by (job) (rate(http_requests_total[5m])))
  / (sum by (job) (rate(http_requests_total[5m])) > 0)"#,
        ),
        Recording::new(
            "job:http_request_duration_seconds:p95_rate5m",
            "histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m])))",
        ),
        Recording::new(
            "job_endpoint:http_request_duration_seconds:p95_rate5m",
            "histogram_quantile(0.95, sum by (job, endpoint, le) (rate(http_request_duration_seconds_bucket[5m])))",
        ),
    ]
}
