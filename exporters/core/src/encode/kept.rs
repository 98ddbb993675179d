//! The lines of counted families as they were last written: most series of a large page have not moved since, and what has
//! the same value is copied instead of written.
//!
//! Series of a [`Registry`](crate::Registry) come in the order in which they appeared, so the lines of a family's last page are
//! the first ones of its next, unless series were removed: then it is of another generation.

use std::collections::HashMap;

use bytes::Bytes;

use super::{Header, Lines};
use crate::samples::{Line, LineVisitor};

/// No larger page is kept: what it saves in time it would take in memory.
const MOST_BYTES: usize = 8 << 20;

/// The last page of one format, and where its counted families stand in it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    page: Bytes,
    families: HashMap<&'static str, Marks>,
}

/// Where each line of a family ends in the page, and its value.
#[derive(Debug, Default)]
struct Marks {
    generation: u64,
    start: usize,
    ends: Vec<u32>,
    values: Vec<u64>,
}

impl Kept {
    /// Takes the page that has been written.
    pub(crate) fn keep(&mut self, page: Bytes) {
        if page.len() > MOST_BYTES {
            *self = Self::default();
        } else if !self.families.is_empty() {
            self.page = page;
        }
    }

    /// Appends the lines of a family: copies those that have not changed.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, header: Header<'_>, writer: &mut Lines<'_>, lines: &mut dyn FnMut(LineVisitor<'_>)) {
        let Some((name, generation)) = header.counted else { return lines(&mut |line| writer.write(out, &line)) };
        let marks = self.families.entry(name).or_default();
        if marks.generation != generation {
            *marks = Marks { generation, ..Marks::default() };
        }
        let mut copier = Copier { page: &self.page, from: marks.start, to: marks.start, copied: false };
        marks.start = out.len();
        let mut at = 0;
        lines(&mut |line| {
            let bits = line.value.to_bits();
            let known = marks.ends.get_mut(at).zip(marks.values.get_mut(at));
            if let Some((end, value)) = known {
                let old = usize::try_from(*end).unwrap_or(usize::MAX);
                if *value == bits && line.exemplar.is_none() {
                    copier.copy_to(old);
                } else {
                    copier.write(out, writer, line, old);
                }
                (*end, *value) = (copier.position(out), bits);
            } else {
                copier.write(out, writer, line, copier.to);
                marks.ends.push(copier.position(out));
                marks.values.push(bits);
            }
            at += 1;
        });
        copier.flush(out);
    }
}

/// Copies what can be in pieces as large as can be.
struct Copier<'a> {
    page: &'a [u8],
    /// What is to be copied and has not been yet.
    from: usize,
    to: usize,
    /// Whether a line was copied since the last one that was written.
    copied: bool,
}

impl Copier<'_> {
    /// The next line is as it was, and ended there.
    const fn copy_to(&mut self, end: usize) {
        self.to = end;
        self.copied = true;
    }

    /// The next line, which ended there, is another one.
    fn write(&mut self, out: &mut Vec<u8>, writer: &mut Lines<'_>, line: Line<'_>, end: usize) {
        self.flush(out);
        // What the lines of a series have in common was rendered with the first of them, unless that was copied.
        writer.write(out, &Line { head: line.head || self.copied, ..line });
        (self.from, self.to, self.copied) = (end, end, false);
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.page.get(self.from..self.to).unwrap_or_default());
        self.from = self.to;
    }

    /// Where the page ends once everything is copied.
    fn position(&self, out: &[u8]) -> u32 {
        u32::try_from(out.len() + (self.to - self.from)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Contents, Format};
    use super::*;
    use crate::{Registry, TraceId, relabeling::Relabeling, samples::Samples};

    metric_catalogue::catalogue! {
        /// A family between the others
        MOVING: Gauge = "moving" [];
        /// Counted by one label
        COUNTED: Counter = "counted_total" ["cmd"];
        /// Observed by one label
        OBSERVED: Histogram = "observed_seconds" ["cmd"] bounds(&[0.5, 1.0, 2.0]);
    }

    #[test]
    fn page_written_again_is_the_page_itself() {
        let registry = Registry::default();
        let (mut counted, mut observed) = (registry.counter(&COUNTED), registry.histogram(&OBSERVED));
        let relabeling = Relabeling::default();
        let mut kept = [Kept::default(), Kept::default()];
        let mut number = 1_u32;
        for round in 0..60_u32 {
            let mut samples = Samples::default();
            samples.gauge(&MOVING, [], round);
            samples.seal();
            // What changes is a few series each time, old and new ones, from shorter to longer numbers.
            for _ in 0..round % 7 {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let label = format!("command {}", (number >> 16) % 40);
                counted.add([&label], u64::from(number >> 28));
                observed.observe([&label], f64::from(number >> 20) / 1024.0);
                observed.observe_traced([&label], 1.5, TraceId::new(u128::from(number), 1).unwrap());
            }
            if round % 20 == 19 {
                registry.remove("cmd", &["command 3", "command 17", "command 39"]);
                (counted, observed) = (registry.counter(&COUNTED), registry.histogram(&OBSERVED));
            }
            let contents = Contents { samples: &samples, registry: &registry, relabeling: &relabeling };
            for (format, kept) in [Format::Text, Format::OpenMetrics].into_iter().zip(&mut kept) {
                let (mut again, mut fresh) = (Vec::new(), Vec::new());
                format.encode_again(&contents, kept, &mut again);
                format.encode(&contents, &mut fresh);
                assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&fresh), "round {round}");
                kept.keep(again.into());
            }
        }
    }
}
