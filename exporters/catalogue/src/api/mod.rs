//! The API's own metrics: what its tower layer, its business and security events and its alert webhook expose.

pub mod alerts;
pub mod bounded;
pub mod business;
pub mod http;
pub mod open_telemetry;
pub mod security;

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program {
    name: "selextract-api",
    sections: &[
        ("http", http::ALL),
        ("open_telemetry", open_telemetry::ALL),
        ("business", business::ALL),
        ("security", security::ALL),
        ("bounded", bounded::ALL),
        ("alerts", alerts::ALL),
        ("process", crate::process::ALL),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Dashboards and objectives count on these buckets, so they are written out here once more.
    #[test]
    fn bounds_are_those_of_the_specification() {
        let seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
        for metric in [http::REQUEST_DURATION.definition(), http::RESPONSE_FIRST_BYTE.definition(), open_telemetry::REQUEST_DURATION.definition()] {
            assert_eq!(metric.bounds, seconds, "{}", metric.name);
        }
        let task_seconds = [1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0];
        assert_eq!(business::TASK_EXECUTION_DURATION.definition().bounds, task_seconds);
        let bytes = [256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0];
        for metric in [
            http::REQUEST_SIZE.definition(),
            http::RESPONSE_SIZE.definition(),
            open_telemetry::REQUEST_BODY_SIZE.definition(),
            open_telemetry::RESPONSE_BODY_SIZE.definition(),
        ] {
            assert_eq!(metric.bounds, bytes, "{}", metric.name);
        }
    }
}
