//! Alerts that make others superfluous.

use super::alerts;

/// While `source` fires, `target` is not sent for the same values of `equal`.
#[derive(Clone, Debug)]
pub(crate) struct Inhibition {
    pub(crate) source: &'static str,
    pub(crate) target: &'static str,
    pub(crate) equal: &'static [&'static str],
}

/// Every inhibition.
pub(crate) fn all() -> Vec<Inhibition> {
    vec![Inhibition { source: alerts::REDIS_DOWN, target: alerts::TARGET_DOWN, equal: &["instance"] }]
}
