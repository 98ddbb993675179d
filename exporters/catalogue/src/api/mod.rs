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
