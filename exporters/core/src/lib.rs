//! What every exporter shares: collection, exposition, serving, flags, secrets and logs.
//!
//! An exporter implements [`Exporter`]: its flags, and a [`Source`] that reads the target into a [`Flight`]. All else comes
//! from here: one collection at a time under one deadline, shared by concurrent scrapes; a page that answers whatever
//! happens to the target; bounded memory and connections.
//!
//! Samples go through the catalogue's constants,
//!
//! ```
//! metric_catalogue::catalogue! {
//!     /// Keys in the database
//!     KEYS: Gauge = "redis_db_keys" ["db"];
//! }
//! let mut samples = exporter_core::Samples::default();
//! samples.gauge(&KEYS, ["db0"], 3_u64);
//! assert_eq!(samples.text(), "redis_db_keys{db=\"db0\"} 3\n");
//! ```
//!
//! so that the wrong kind does not compile,
//!
//! ```compile_fail
//! metric_catalogue::catalogue! {
//!     /// Keys in the database
//!     KEYS: Gauge = "redis_db_keys" ["db"];
//! }
//! let mut samples = exporter_core::Samples::default();
//! samples.counter(&KEYS, ["db0"], 3_u64);
//! ```
//!
//! nor does the wrong number of labels.
//!
//! ```compile_fail
//! metric_catalogue::catalogue! {
//!     /// Keys in the database
//!     KEYS: Gauge = "redis_db_keys" ["db"];
//! }
//! let mut samples = exporter_core::Samples::default();
//! samples.gauge(&KEYS, ["db0", "cached"], 3_u64);
//! ```

mod check;
mod client_tls;
mod compress;
mod encode;
mod exporter;
mod exposition;
mod failure;
mod flags;
mod flight;
mod foreign;
mod hashed;
mod healthcheck;
mod log;
mod measure;
mod page;
mod process;
mod registry;
mod relabeling;
mod runner;
mod samples;
mod secret;
mod server;
mod site;
mod web_config;

pub use client_tls::ClientTls;
pub use encode::Format;
pub use exporter::{Aliases, Exporter, run};
pub use exposition::{Exposition, Rendered};
pub use failure::{Failure, Reason};
pub use flags::{CollectorFlag, CollectorFlags, Collectors, ConfigError, duration, switch};
pub use flight::{Flight, Source};
pub use measure::Measure;
pub use page::Page;
pub use registry::{
    Bounds, CounterFamily, CounterSeries, FloatCounterFamily, FloatCounterSeries, GaugeFamily, GaugeSeries, HistogramFamily, HistogramSeries,
    InvalidAmount, InvalidBounds, Registry, TraceId,
};
pub use relabeling::Relabeling;
pub use runner::Target;
pub use samples::{Distribution, DynamicName, LABEL_VALUE_BYTES, Limits, Problems, Samples};
pub use secret::{Secret, SecretError, SecretFile, SecretSource};
pub use site::{Site, SiteAnswer, SiteFuture, SiteQuestion};
pub use web_config::Logins;

/// Version of the suite.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that was built, where the build says it.
pub(crate) const REVISION: &str = match option_env!("SOURCE_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The compiler's release.
pub(crate) const RUSTC: &str = env!("RUSTC_RELEASE");

/// For `--version`.
pub(crate) fn long_version() -> String {
    format!("{VERSION} (revision {REVISION}, rustc {RUSTC})")
}
