//! Fixtures of the end-to-end tests: real servers on free loopback ports and in temporary directories.
//!
//! A fixture that cannot do its work panics with what it waited for; everything that it started ends when it is dropped.
//! Tests are ordinary blocking code and may run in parallel.

pub mod alerting;
pub mod alertmanager;
pub mod binary;
pub mod celery;
pub mod exporter;
pub mod faults;
pub mod golden;
pub mod http;
pub mod live;
pub mod page;
pub mod peer;
pub mod port;
pub mod postgres;
pub mod postgres_sampler;
pub mod postgres_server;
pub mod program;
pub mod prometheus;
pub mod promtool;
pub mod redis;
pub mod resp;
pub mod server;
pub mod sink;
pub mod smtp;
pub mod wait;

/// How long a fixture may take to start or to show what a test waits for: generous, since the machine may be busy.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
