//! Sample lines of one family; both text formats write them alike.

use crate::{
    measure::{write_edge, write_value},
    registry::Exemplar,
    relabeling::ConstantLabel,
    samples::{Line, Part},
};

/// Edges of a family that are kept rendered: more than any sensible histogram has.
const EDGES: usize = 128;

/// Writes the lines of one family, and keeps what they have in common: a series' lines begin alike, and the series of a
/// histogram have the same edges in the same order.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    name: &'a str,
    constant: &'a [ConstantLabel],
    /// Whether the format and the family's kind allow exemplars.
    exemplars: bool,
    /// Start of the lines of the current series that have an edge.
    start: Vec<u8>,
    /// By the bits of an edge, everything from there to the value.
    edges: Vec<(u64, Vec<u8>)>,
    /// The edge that is likely to come next.
    next: usize,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(name: &'a str, constant: &'a [ConstantLabel], exemplars: bool) -> Self {
        Self { name, constant, exemplars, start: Vec::new(), edges: Vec::new(), next: 0 }
    }

    /// Appends one line.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, line: &Line<'_>) {
        match line.part {
            Part::Plain => self.write_start(out, "", line.labels),
            Part::Sum => self.write_start(out, "_sum", line.labels),
            Part::Count => self.write_start(out, "_count", line.labels),
            Part::Bucket => self.write_edged(out, "_bucket", "le=\"", line),
            Part::Quantile => self.write_edged(out, "", "quantile=\"", line),
        }
        write_value(out, line.value);
        if self.exemplars
            && let Some(exemplar) = line.exemplar
        {
            write_exemplar(out, exemplar);
        }
        out.push(b'\n');
    }

    fn write_start(&self, out: &mut Vec<u8>, suffix: &str, labels: &str) {
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        if labels.is_empty() && self.constant.is_empty() {
            out.push(b' ');
            return;
        }
        out.push(b'{');
        write_labels(out, labels, self.constant);
        out.extend_from_slice(b"} ");
    }

    fn write_edged(&mut self, out: &mut Vec<u8>, suffix: &str, label: &str, line: &Line<'_>) {
        if line.head {
            self.start.clear();
            for part in [self.name, suffix, "{"] {
                self.start.extend_from_slice(part.as_bytes());
            }
            write_labels(&mut self.start, line.labels, self.constant);
            if !self.start.ends_with(b"{") {
                self.start.push(b',');
            }
        }
        out.extend_from_slice(&self.start);
        out.extend_from_slice(self.edge(label, line.edge));
    }

    fn edge(&mut self, label: &str, edge: f64) -> &[u8] {
        let bits = edge.to_bits();
        if self.edges.get(self.next).is_none_or(|(known, _)| *known != bits) {
            self.next = self.edges.iter().position(|(known, _)| *known == bits).unwrap_or_else(|| self.render(label, edge));
        }
        let at = self.next;
        self.next += 1;
        self.edges.get(at).map(|(_, text)| text.as_slice()).unwrap_or_default()
    }

    #[cold]
    fn render(&mut self, label: &str, edge: f64) -> usize {
        if self.edges.len() >= EDGES {
            self.edges.clear();
        }
        let mut text = label.as_bytes().to_vec();
        write_edge(&mut text, edge);
        text.extend_from_slice(b"\"} ");
        self.edges.push((edge.to_bits(), text));
        self.edges.len() - 1
    }
}

/// Appends a rendered label block, and the constant labels that it does not have itself.
pub(super) fn write_labels(out: &mut Vec<u8>, labels: &str, constant: &[ConstantLabel]) {
    out.extend_from_slice(labels.as_bytes());
    let mut some = !labels.is_empty();
    for label in constant.iter().filter(|label| !label.is_in(labels)) {
        if some {
            out.push(b',');
        }
        out.extend_from_slice(label.rendered().as_bytes());
        some = true;
    }
}

/// Appends the trace, the value and the time of an observation.
fn write_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    out.extend_from_slice(format!(" # {{{}}} ", exemplar.trace.labels()).as_bytes());
    write_value(out, exemplar.value);
    out.extend_from_slice(format!(" {:.3}", exemplar.seconds).as_bytes());
}
