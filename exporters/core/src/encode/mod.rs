//! Exposition formats: families in, the bytes of a page out. Pure.

use metric_catalogue::{Type, Unit};

use crate::{
    registry::Registry,
    relabeling::{ConstantLabel, Relabeling},
    samples::{LineVisitor, Samples},
};

mod kept;
mod lines;
mod merge;
mod negotiate;
mod openmetrics;
mod protobuf;
mod text;

pub(crate) use kept::Kept;
pub(crate) use lines::Lines;
pub(crate) use negotiate::{Negotiated, accepts_gzip};

/// A format of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Text,
    /// `OpenMetrics` text format 1.0.0.
    OpenMetrics,
    /// Delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
}

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents<'a> {
    /// A sealed collection.
    pub(crate) samples: &'a Samples,
    pub(crate) registry: &'a Registry,
    pub(crate) relabeling: &'a Relabeling,
}

/// What a page says of a family before its lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: &'a str,
    pub(crate) kind: Type,
    /// Labels of every series besides its own.
    pub(crate) constant: &'a [ConstantLabel],
    /// Its declared name and its generation, if it is of a registry.
    pub(crate) counted: Option<(&'static str, u64)>,
}

/// How the lines of a family get onto a page of text.
type WriteLines<'a> = &'a mut dyn FnMut(&mut Vec<u8>, Header<'_>, &mut Lines<'_>, &mut dyn FnMut(LineVisitor<'_>));

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Text, Self::OpenMetrics, Self::Protobuf];

    /// The exact `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        }
    }

    /// Appends the whole page: families by name, each once.
    pub(crate) fn encode(self, contents: &Contents<'_>, out: &mut Vec<u8>) {
        self.encode_some(contents, &|_, _| true, out);
    }

    /// Appends the families that `wanted` picks by name and collector.
    pub(crate) fn encode_some(self, contents: &Contents<'_>, wanted: &dyn Fn(&str, Option<&str>) -> bool, out: &mut Vec<u8>) {
        self.families(contents, wanted, out, &mut |out, _, writer, lines| lines(&mut |line| writer.write(out, &line)));
    }

    /// Appends the whole page, and copies what is still true of the one that is kept; the result is to be kept in its place.
    pub(crate) fn encode_again(self, contents: &Contents<'_>, kept: &mut Kept, out: &mut Vec<u8>) {
        self.families(contents, &|_, _| true, out, &mut |out, header, writer, lines| kept.write(out, header, writer, lines));
    }

    fn families(self, contents: &Contents<'_>, wanted: &dyn Fn(&str, Option<&str>) -> bool, out: &mut Vec<u8>, write: WriteLines<'_>) {
        match self {
            Self::Text => merge::families(contents, wanted, |header, lines| {
                text::write_header(out, header);
                write(out, header, &mut Lines::new(header.name, header.constant, false), lines);
            }),
            Self::OpenMetrics => {
                merge::families(contents, wanted, |header, lines| {
                    openmetrics::write_header(out, header);
                    let exemplars = openmetrics::takes_exemplars(header.name, header.kind);
                    write(out, header, &mut Lines::new(header.name, header.constant, exemplars), lines);
                });
                out.extend_from_slice(b"# EOF\n");
            }
            Self::Protobuf => merge::families(contents, wanted, |header, lines| protobuf::write_family(out, header, lines)),
        }
    }
}

/// Appends `# WORD name text`, escaping what `escaped` lists and newlines.
fn write_comment(out: &mut Vec<u8>, word: &str, name: &str, text: &str, escaped: &[u8]) {
    for part in ["# ", word, " ", name, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    let mut rest = text.as_bytes();
    // What any format escapes; help rarely has it.
    while let Some((plain, [special, tail @ ..])) = memchr::memchr3(b'\n', b'\\', b'"', rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        match special {
            b'\n' => out.extend_from_slice(b"\\n"),
            special if escaped.contains(special) => out.extend_from_slice(&[b'\\', *special]),
            special => out.push(*special),
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'\n');
}

/// The unit with which a family's name ends, as formats that know units want it.
fn unit_of(name: &str) -> Option<Unit> {
    Unit::ALL.into_iter().find(|unit| name.strip_suffix(unit.suffix()).is_some_and(|rest| rest.ends_with('_')))
}

#[cfg(test)]
mod tests;
