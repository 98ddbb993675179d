//! What a collection is given besides metrics and values, and what it says of what it left out.

use metric_catalogue::Type;

use super::LABEL_VALUE_BYTES;

/// Bounds of one collection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest label value in bytes; a longer one is cut.
    pub label_value_bytes: usize,
    /// Most series of one family; more are left out.
    pub series_per_family: usize,
    /// Most families whose names are known only at run time.
    pub dynamic_families: usize,
    /// Most bytes of rendered labels in one collection.
    pub label_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { label_value_bytes: LABEL_VALUE_BYTES, series_per_family: 20_000, dynamic_families: 1_000, label_bytes: 256 << 20 }
    }
}

/// How many samples were left out of collections, by cause, and how many label values were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// Series that were already on the page.
    pub duplicate: u64,
    /// Samples whose family is already there with another kind.
    pub conflict: u64,
    /// Series past the limit of their family.
    pub series_limit: u64,
    /// Families past the limit of names known only at run time.
    pub family_limit: u64,
    /// Samples that do not fit their definition, or whose name is outside the character set.
    pub invalid: u64,
    /// Label values cut at the length limit.
    pub truncated: u64,
}

/// A family whose name is known only at run time.
#[derive(Clone, Copy, Debug)]
pub struct DynamicName<'a> {
    /// What follows the declared prefix; anything outside the character set becomes `_`.
    pub suffix: &'a str,
    /// [`Type::Counter`], [`Type::Gauge`] or [`Type::Untyped`].
    pub kind: Type,
    /// HELP text.
    pub help: &'a str,
}

/// What a target says of many observations: buckets with cumulative counts, `+Inf` not among them.
#[derive(Clone, Copy, Debug)]
pub struct Distribution<'a> {
    /// Upper bound and number of observations up to it, ascending.
    pub buckets: &'a [(f64, u64)],
    /// Sum of the observations, if known.
    pub sum: Option<f64>,
    /// Number of all observations.
    pub count: u64,
}
