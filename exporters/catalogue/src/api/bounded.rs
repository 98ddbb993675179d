//! How well the families whose labels are chosen by users and attackers name their values.

crate::catalogue! {
    /// Values that the family tracks by name
    TRACKED_SERIES: Gauge = "selextract_metrics_tracked_series" ["family"];
    /// Values that the family stopped tracking by name
    EVICTIONS: Counter = "selextract_metrics_evictions_total" ["family"];
    /// Share of the amount of the last whole epoch that was counted as other
    OTHER_RATIO: Gauge = "selextract_metrics_other_ratio" ["family"];
    /// Amounts that were refused because they were negative, infinite or not a number
    INVALID_AMOUNTS: Counter = "selextract_metrics_invalid_amounts_total" ["family"];
}
