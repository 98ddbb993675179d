//! Exposition formats: a collection in, the bytes of a page out. Pure.

use crate::{
    measure::{write_edge, write_value},
    samples::{Part, Point, Samples},
};

mod negotiate;
mod openmetrics;
mod text;

pub(crate) use negotiate::accepts_gzip;

/// A format of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Text,
    /// `OpenMetrics` text format 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The format that an `Accept` header asks for; text when it asks for nothing that we have.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        negotiate::format(accept)
    }

    /// The exact `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Appends the whole page: families by name, each once.
    pub fn encode(self, samples: &Samples, out: &mut Vec<u8>) {
        let sorted = samples.sorted();
        for (family, points) in sorted.families() {
            let base = match self {
                Self::Text => text::header(out, family),
                Self::OpenMetrics => openmetrics::header(out, family),
            };
            for (labels, point) in points {
                write_line(out, base, labels, point);
            }
        }
        if self == Self::OpenMetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }
}

/// Appends one sample; both text formats write it alike.
pub(crate) fn write_line(out: &mut Vec<u8>, name: &str, labels: &str, point: &Point) {
    let (suffix, edge) = match point.part {
        Part::Plain => ("", None),
        Part::Bucket => ("_bucket", Some("le=\"")),
        Part::Quantile => ("", Some("quantile=\"")),
        Part::Sum => ("_sum", None),
        Part::Count => ("_count", None),
    };
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if !labels.is_empty() || edge.is_some() {
        out.push(b'{');
        out.extend_from_slice(labels.as_bytes());
        if let Some(label) = edge {
            if !labels.is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(label.as_bytes());
            write_edge(out, point.edge);
            out.push(b'"');
        }
        out.push(b'}');
    }
    out.push(b' ');
    write_value(out, point.value);
    out.push(b'\n');
}

/// Appends `# WORD name text`.
fn write_comment(out: &mut Vec<u8>, word: &str, name: &str, text: &str) {
    for part in ["# ", word, " ", name, " ", text, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
