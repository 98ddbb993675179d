//! Every metric that the suite exposes, or that its rules read, declared once.
//!
//! An entry is a typed constant whose doc comment is its HELP text. Exporters send samples through the constant, so a
//! counter cannot be sent as a gauge nor with the wrong number of labels; the generator resolves each metric name and
//! label of each PromQL expression against the same entries.
//!
//! ```
//! metric_catalogue::catalogue! {
//!     /// Deadlocks detected in the database since its statistics were reset
//!     DEADLOCKS: Counter = "pg_stat_database_deadlocks" ["datid", "datname"] upstream;
//! }
//! assert_eq!(DEADLOCKS.definition().help, "Deadlocks detected in the database since its statistics were reset");
//! assert_eq!(ALL.len(), 1);
//! ```
//!
//! What would break a page does not compile: a name outside the character set,
//!
//! ```compile_fail
//! metric_catalogue::catalogue! {
//!     /// Deadlocks
//!     DEADLOCKS: Counter = "pg stat deadlocks" [];
//! }
//! let _ = DEADLOCKS.definition();
//! ```
//!
//! a help text of two lines (or none),
//!
//! ```compile_fail
//! metric_catalogue::catalogue! {
//!     /// Deadlocks
//!     /// since the statistics were reset
//!     DEADLOCKS: Counter = "pg_deadlocks" [];
//! }
//! let _ = DEADLOCKS.definition();
//! ```
//!
//! and bounds on anything but a histogram.
//!
//! ```compile_fail
//! metric_catalogue::catalogue! {
//!     /// Deadlocks
//!     DEADLOCKS: Counter = "pg_deadlocks" [] bounds(&[1.0, 2.0]);
//! }
//! let _ = DEADLOCKS.definition();
//! ```

#![expect(clippy::doc_markdown, reason = "doc comments are HELP texts here: backticks would appear on the page")]

mod kind;
mod metric;

pub mod api;
pub mod celery;
pub mod exporter;
pub mod external;
pub mod postgres;
pub mod process;
pub mod redis;

pub use kind::{Counter, Dynamic, Gauge, Histogram, Info, Kind, Summary, Type, Untyped};
pub use metric::{Definition, Metric, Unit};

/// Declares metrics and `ALL`, the list of them.
///
/// An entry is a doc comment (its HELP text), `NAME: Kind = "name" ["label", …]` and marks, which are the builder
/// methods of [`Metric`]: `upstream`, `unit(Unit::Seconds)`, `source("INFO hz")`, `times(1e-6)`, `optional(1)`,
/// `closed(&[("state", &["idle", "active"])])`, and `bounds(&[…])` on histograms.
#[macro_export]
macro_rules! catalogue {
    ($( #[doc = $help:literal] $id:ident: $kind:ident = $name:literal [$($label:literal),*] $($mark:ident $(($($value:expr),*))?)*; )*) => {
        $( #[doc = $help]
           pub static $id: $crate::Metric<$crate::$kind, { <[&str]>::len(&[$($label),*]) }> =
               $crate::Metric::new($name, &[$($label),*], $help)$(.$mark($($($value),*)?))*; )*

        /// Every entry above, in this order.
        pub const ALL: &[&$crate::Definition] = &[$($id.definition()),*];
    };
}

/// Everything that is exposed by one program: what the generator resolves a job's metrics against.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The program, in the words of the service table (`redis-exporter`).
    pub name: &'static str,
    /// Its metrics, by section.
    pub sections: &'static [(&'static str, &'static [&'static Definition])],
}

impl Program {
    /// Every metric of the program.
    pub fn metrics(&self) -> impl Iterator<Item = &'static Definition> {
        self.sections.iter().flat_map(|(_, metrics)| metrics.iter().copied())
    }
}

/// Every program of which a metric is declared, our own first.
pub const PROGRAMS: &[&Program] = &[
    &redis::PROGRAM,
    &postgres::PROGRAM,
    &api::PROGRAM,
    &celery::PROGRAM,
    &external::node::PROGRAM,
    &external::prometheus::PROGRAM,
    &external::alertmanager::PROGRAM,
    &external::grafana::PROGRAM,
];
