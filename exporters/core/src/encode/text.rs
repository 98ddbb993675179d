//! Prometheus text format 0.0.4: every name is exposed as it is.

use metric_catalogue::Type;

use super::write_comment;
use crate::samples::Family;

/// Appends HELP and TYPE; returns the name that the samples carry.
pub(super) fn header<'a>(out: &mut Vec<u8>, family: &'a Family) -> &'a str {
    let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
    write_comment(out, "HELP", &family.name, &help);
    let kind = match family.kind {
        Type::Counter => "counter",
        Type::Gauge | Type::Info => "gauge",
        Type::Histogram => "histogram",
        Type::Summary => "summary",
        Type::Dynamic => "untyped",
    };
    write_comment(out, "TYPE", &family.name, kind);
    &family.name
}
