//! Metrics of another library's registry, taken over as the `OpenMetrics` text that it writes.
//!
//! What is not understood (a stray line after an unescaped HELP text, a sample of no family, a timestamp) is left out;
//! the rest stays. Exemplars and `_created` samples are not taken over.

use std::mem;

use metric_catalogue::Type;

use crate::samples::{LABEL_VALUE_BYTES, Part, Samples, write_escaped};

/// Adds everything in `text` to a collection; what cannot be read is counted as invalid.
pub(crate) fn read(text: &str, samples: &mut Samples) {
    let mut reader = Reader { samples, family: None, pending: Series::default() };
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(comment) => reader.comment(comment),
            None if line.is_empty() => {}
            None => {
                if reader.sample(line).is_none() {
                    reader.samples.count_invalid();
                }
            }
        }
    }
    reader.flush();
}

/// The family whose lines are being read.
#[derive(Debug)]
struct Family {
    base: String,
    help: String,
    /// As the text calls it.
    kind: String,
}

/// Lines of one series, gathered until the next begins.
#[derive(Debug, Default)]
struct Series {
    name: String,
    labels: String,
    lines: Vec<(Part, f64, f64)>,
}

#[derive(Debug)]
struct Reader<'a> {
    samples: &'a mut Samples,
    family: Option<Family>,
    pending: Series,
}

impl Reader<'_> {
    fn comment(&mut self, comment: &str) {
        let mut words = comment.splitn(3, ' ');
        let (Some(word), Some(name), text) = (words.next(), words.next(), words.next().unwrap_or_default()) else { return };
        if !matches!(word, "HELP" | "TYPE") {
            return;
        }
        if self.family.as_ref().is_none_or(|family| family.base != name) {
            self.flush();
            self.family = Some(Family { base: name.to_owned(), help: String::new(), kind: String::new() });
        }
        if let Some(family) = &mut self.family {
            match word {
                "HELP" => family.help = unescape(text),
                _ => text.clone_into(&mut family.kind),
            }
        }
    }

    /// Reads `name{labels} value`; `None` if it is not a sample of the family.
    fn sample(&mut self, line: &str) -> Option<()> {
        let family = self.family.as_ref()?;
        let suffix = line.strip_prefix(&*family.base)?;
        let end = suffix.find(['{', ' '])?;
        let (suffix, rest) = suffix.split_at_checked(end)?;
        let kind = kind(&family.kind);
        if suffix == "_created" {
            return Some(());
        }
        let part = match (suffix, kind) {
            ("", Type::Summary) => Part::Quantile,
            ("_bucket", Type::Histogram) => Part::Bucket,
            ("_sum", Type::Histogram | Type::Summary) => Part::Sum,
            ("_count", Type::Histogram | Type::Summary) => Part::Count,
            ("", _) | ("_total", Type::Counter) | ("_info", Type::Info) => Part::Plain,
            _ => return None,
        };
        let mut labels = String::new();
        let mut edge = 0.0;
        let rest = match rest.strip_prefix('{') {
            Some(inner) => read_labels(inner, part, &mut labels, &mut edge)?,
            None => rest,
        };
        let value = number(rest.trim_start().split(' ').next()?)?;
        let name = match part {
            Part::Plain => family.base.clone() + suffix,
            _ => family.base.clone(),
        };
        if part == Part::Plain || self.pending.labels != labels || self.pending.name != name {
            self.flush();
        }
        (self.pending.name, self.pending.labels) = (name, labels);
        self.pending.lines.push((part, edge, value));
        Some(())
    }

    /// Hands over the series that has been gathered.
    fn flush(&mut self) {
        let Series { name, labels, lines } = mem::take(&mut self.pending);
        if let Some(family) = &self.family
            && !lines.is_empty()
        {
            self.samples.foreign(&name, &family.help, kind(&family.kind), &labels, &lines);
        }
    }
}

/// What is known of a kind by its name; a state set is a gauge per state.
fn kind(name: &str) -> Type {
    match name {
        "counter" => Type::Counter,
        "gauge" | "stateset" => Type::Gauge,
        "histogram" => Type::Histogram,
        "summary" => Type::Summary,
        "info" => Type::Info,
        _ => Type::Untyped,
    }
}

/// Reads labels up to the closing brace into our own rendering; `le` and `quantile` become the edge.
fn read_labels<'a>(mut rest: &'a str, part: Part, labels: &mut String, edge: &mut f64) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(tail) = rest.strip_prefix('}') {
            return Some(tail);
        }
        let (name, tail) = rest.split_once("=\"")?;
        let end = closing_quote(tail)?;
        let (value, tail) = tail.split_at_checked(end)?;
        rest = tail.strip_prefix('"')?;
        let legal = |(at, character): (usize, char)| character == '_' || character.is_ascii_alphabetic() || (at > 0 && character.is_ascii_digit());
        if name.is_empty() || !name.char_indices().all(legal) {
            return None;
        }
        if matches!((name, part), ("le", Part::Bucket) | ("quantile", Part::Quantile)) {
            *edge = number(value)?;
            continue;
        }
        if !labels.is_empty() {
            labels.push(',');
        }
        labels.push_str(name);
        labels.push_str("=\"");
        write_escaped(labels, &unescape(value), LABEL_VALUE_BYTES);
        labels.push('"');
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (plain, false) => out.push(plain),
        }
    }
    out
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (String, u64) {
        let mut samples = Samples::default();
        read(text, &mut samples);
        (samples.text(), samples.take_problems().invalid)
    }

    #[test]
    fn every_kind_is_taken_over() {
        let text = "# HELP requests Requests.\n# TYPE requests counter\nrequests_total{path=\"/a\\\"b\"} 3 # {trace_id=\"x\"} 1.0\nrequests_created{path=\"/a\"} 1\n\
                    # HELP size Bytes.\n# TYPE size gauge\n# UNIT size bytes\nsize 2.5 1700000000\n\
                    # TYPE seconds histogram\nseconds_bucket{le=\"0.1\",path=\"/\"} 1\nseconds_bucket{le=\"+Inf\",path=\"/\"} 2\nseconds_sum{path=\"/\"} 0.5\nseconds_count{path=\"/\"} 2\n\
                    # TYPE build info\nbuild_info{version=\"1\"} 1\n# TYPE odd unknown\nodd 1\n# EOF\n";
        let expected = "requests_total{path=\"/a\\\"b\"} 3\nsize 2.5\nseconds_bucket{path=\"/\",le=\"0.1\"} 1\nseconds_bucket{path=\"/\",le=\"+Inf\"} 2\n\
                        seconds_sum{path=\"/\"} 0.5\nseconds_count{path=\"/\"} 2\nbuild_info{version=\"1\"} 1\nodd 1\n";
        assert_eq!(taken(text), (expected.to_owned(), 0));
    }

    #[test]
    fn stray_lines_are_left_out_and_counted() {
        let text =
            "# HELP a First line\nof a help text that was not escaped\n# TYPE a gauge\na 1\nb 2\na{x=\"open} 3\na{1x=\"y\"} 4\na many\n# EOF\n";
        assert_eq!(taken(text), ("a 1\n".to_owned(), 5));
    }
}
