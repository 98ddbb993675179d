//! `OpenMetrics` text format 1.0.0.
//!
//! Samples have the same names as in text format: a counter whose name lacks `_total` cannot be a counter here and is
//! declared `unknown`. <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use metric_catalogue::{Type, Unit};

use super::write_comment;
use crate::samples::Family;

/// Appends HELP, TYPE and UNIT under the family's own name; returns the name that the samples carry.
pub(super) fn header<'a>(out: &mut Vec<u8>, family: &'a Family) -> &'a str {
    let name = &*family.name;
    let (base, kind) = match family.kind {
        Type::Counter => name.strip_suffix("_total").map_or((name, "unknown"), |base| (base, "counter")),
        Type::Info => name.strip_suffix("_info").map_or((name, "unknown"), |base| (base, "info")),
        Type::Gauge => (name, "gauge"),
        Type::Histogram => (name, "histogram"),
        Type::Summary => (name, "summary"),
        Type::Dynamic => (name, "unknown"),
    };
    let help = family.help.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
    write_comment(out, "HELP", base, &help);
    write_comment(out, "TYPE", base, kind);
    let unit = Unit::ALL.into_iter().find(|unit| base.strip_suffix(unit.suffix()).is_some_and(|rest| rest.ends_with('_')));
    if let Some(unit) = unit
        && kind != "info"
    {
        write_comment(out, "UNIT", base, unit.suffix());
    }
    name
}
