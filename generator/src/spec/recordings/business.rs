//! Recordings about what users do and pay for, and the same a week ago.
//!
//! What is a week ago is read from the recording, not from the counters: one series, and the alert that compares the two can be
//! tested without a week of samples.

use super::Recording;
use super::example::Example;

pub(super) fn all() -> Vec<Recording> {
    let mut recordings = vec![
        // A bounded family: its sum is exact, its single series are not.
        Recording::new("job:selextract_compute_units_consumed:rate1h", "sum by (job) (rate(selextract_compute_units_consumed_total[1h]))"),
        Recording::new("job:selextract_user_registrations:increase1h", "sum by (job) (increase(selextract_user_registrations_total[1h]))"),
        // A plan's series begins with its first payment, which increase does not see: it is new if its instance is not.
        Recording::new(
            "job_currency:selextract_revenue:increase6h",
            "sum by (job, currency) (
  ((selextract_revenue_total unless selextract_revenue_total offset 6h) and on (job, instance) up offset 6h == 1)
  or increase(selextract_revenue_total[6h])
)",
        ),
    ];
    let last_week = |recording: &Recording| Recording::new(format!("{}_last_week", recording.name), format!("{} offset 1w", recording.name));
    recordings.extend(recordings.iter().map(last_week).collect::<Vec<_>>());
    recordings
}

/// A compute unit per second, registrations, and a payment. A week is longer than a test.
pub(super) fn example() -> Example {
    Example::new(
        &[
            (r#"selextract_compute_units_consumed_total{job="selextract-api",instance="api:8000",user_id="1",task_type="extract"}"#, "0+45x60"),
            (r#"selextract_compute_units_consumed_total{job="selextract-api",instance="api:8000",user_id="2",task_type="extract"}"#, "0+45x60"),
            (r#"selextract_user_registrations_total{job="selextract-api",instance="api:8000"}"#, "0+15x60"),
            (r#"selextract_revenue_total{job="selextract-api",instance="api:8000",currency="EUR",plan="pro"}"#, "0x29 49x30"),
        ],
        &[
            (r#"job:selextract_compute_units_consumed:rate1h{job="selextract-api"}"#, 1.0),
            (r#"job:selextract_user_registrations:increase1h{job="selextract-api"}"#, 600.0),
            (r#"job_currency:selextract_revenue:increase6h{job="selextract-api",currency="EUR"}"#, 49.0),
        ],
    )
}
