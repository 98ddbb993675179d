//! `OpenMetrics` text format 1.0.0.
//!
//! Samples have the same names as in text format: a counter whose name lacks `_total` cannot be a counter here and is
//! declared `unknown`. <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use metric_catalogue::Type;

use super::{Header, unit_of, write_comment};

/// Whether samples of this family may have exemplars: buckets, and what is a counter here.
pub(super) fn takes_exemplars(name: &str, kind: Type) -> bool {
    kind == Type::Histogram || (kind == Type::Counter && name.ends_with("_total"))
}

/// Appends HELP, TYPE and UNIT under the family's own name.
pub(super) fn write_header(out: &mut Vec<u8>, header: Header<'_>) {
    let name = header.name;
    let (base, kind) = match header.kind {
        Type::Counter => name.strip_suffix("_total").map_or((name, "unknown"), |base| (base, "counter")),
        Type::Info => name.strip_suffix("_info").map_or((name, "unknown"), |base| (base, "info")),
        Type::Gauge => (name, "gauge"),
        Type::Histogram => (name, "histogram"),
        Type::Summary => (name, "summary"),
        Type::Dynamic | Type::Untyped => (name, "unknown"),
    };
    write_comment(out, "HELP", base, header.help, b"\\\"");
    write_comment(out, "TYPE", base, kind, b"");
    if let Some(unit) = unit_of(base)
        && kind != "info"
    {
        write_comment(out, "UNIT", base, unit.suffix(), b"");
    }
}
