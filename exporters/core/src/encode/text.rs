//! Prometheus text format 0.0.4: every name is exposed as it is.

use metric_catalogue::Type;

use super::{Header, write_comment};

/// Appends HELP and TYPE.
pub(super) fn write_header(out: &mut Vec<u8>, header: Header<'_>) {
    write_comment(out, "HELP", header.name, header.help, b"\\");
    let kind = match header.kind {
        Type::Counter => "counter",
        Type::Gauge | Type::Info => "gauge",
        Type::Histogram => "histogram",
        Type::Summary => "summary",
        Type::Dynamic | Type::Untyped => "untyped",
    };
    write_comment(out, "TYPE", header.name, kind, b"");
}
