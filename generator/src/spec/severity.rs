//! How much an alert asks of a person.

use serde::Serialize;

/// Decides the route, and with it who hears of an alert and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Someone gets up.
    Critical,
    /// Someone looks today.
    Warning,
    /// Worth knowing.
    Info,
    /// Never for people: the watchdog's own.
    None,
}

impl Severity {
    /// The label's value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::None => "none",
        }
    }
}
