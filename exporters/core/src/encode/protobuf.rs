//! `io.prometheus.client.MetricFamily`, each message after its length.
//!
//! Field numbers are those of `metrics.proto` in `prometheus/client_model`. Messages are written straight into the page:
//! a message's length is put in front of it once it is known. A histogram's message has room for the native fields
//! (5 and up) behind the classic ones.

use std::time::Duration;

use metric_catalogue::Type;

use super::{Header, unit_of};
use crate::{
    registry::Exemplar,
    relabeling::ConstantLabel,
    samples::{Line, LineVisitor, Part},
};

/// Wire types: a number in as many bytes as it needs, eight bytes, a length and that many bytes.
const VARINT: u8 = 0;
const DOUBLE: u8 = 1;
const BYTES: u8 = 2;

/// Lengths are first left room for in full and closed up afterwards.
const ROOM: usize = 10;

/// Appends one family.
pub(super) fn write_family(out: &mut Vec<u8>, header: Header<'_>, lines: &mut dyn FnMut(LineVisitor<'_>)) {
    let family = open(out);
    write_bytes(out, 1, header.name);
    write_bytes(out, 2, header.help);
    let kind = match header.kind {
        Type::Counter => 0,
        Type::Gauge | Type::Info => 1,
        Type::Summary => 2,
        Type::Dynamic | Type::Untyped => 3,
        Type::Histogram => 4,
    };
    write_tag(out, 3, VARINT);
    write_varint(out, kind);
    let mut series = None;
    lines(&mut |line| {
        if line.head {
            close_series(out, series.take());
            series = Some(open_series(out, &header, line.labels));
        }
        write_point(out, header.kind, &line);
    });
    close_series(out, series);
    if let Some(unit) = unit_of(header.name.strip_suffix("_total").unwrap_or(header.name)) {
        write_bytes(out, 5, unit.suffix());
    }
    close(out, family);
}

/// Starts of a `Metric` and of the message in it that holds the value.
#[derive(Clone, Copy, Debug)]
struct Series {
    metric: usize,
    value: usize,
}

fn open_series(out: &mut Vec<u8>, header: &Header<'_>, labels: &str) -> Series {
    write_tag(out, 4, BYTES);
    let metric = open(out);
    write_labels(out, labels);
    header.constant.iter().filter(|label| !label.is_in(labels)).map(ConstantLabel::rendered).for_each(|label| write_labels(out, label));
    let field = match header.kind {
        Type::Gauge | Type::Info => 2,
        Type::Counter => 3,
        Type::Summary => 4,
        Type::Dynamic | Type::Untyped => 5,
        Type::Histogram => 7,
    };
    write_tag(out, field, BYTES);
    Series { metric, value: open(out) }
}

fn close_series(out: &mut Vec<u8>, series: Option<Series>) {
    if let Some(series) = series {
        close(out, series.value);
        close(out, series.metric);
    }
}

/// Appends what one line says of its series to the message that is open.
fn write_point(out: &mut Vec<u8>, kind: Type, line: &Line<'_>) {
    match (line.part, kind) {
        (Part::Plain, kind) => {
            write_double(out, 1, line.value);
            if let Some(exemplar) = line.exemplar.filter(|_| kind == Type::Counter) {
                write_exemplar(out, 2, exemplar);
            }
        }
        (Part::Count, _) => {
            write_tag(out, 1, VARINT);
            write_varint(out, count(line.value));
        }
        (Part::Sum, _) => write_double(out, 2, line.value),
        (Part::Quantile, _) => {
            write_tag(out, 3, BYTES);
            let quantile = open(out);
            write_double(out, 1, line.edge);
            write_double(out, 2, line.value);
            close(out, quantile);
        }
        (Part::Bucket, _) => {
            write_tag(out, 3, BYTES);
            let bucket = open(out);
            write_tag(out, 1, VARINT);
            write_varint(out, count(line.value));
            write_double(out, 2, line.edge);
            if let Some(exemplar) = line.exemplar {
                write_exemplar(out, 3, exemplar);
            }
            close(out, bucket);
        }
    }
}

/// Appends the trace, the value and the time of an observation.
fn write_exemplar(out: &mut Vec<u8>, field: u8, exemplar: &Exemplar) {
    write_tag(out, field, BYTES);
    let message = open(out);
    write_labels(out, &exemplar.trace.labels());
    write_double(out, 2, exemplar.value);
    write_tag(out, 3, BYTES);
    let timestamp = open(out);
    let since = Duration::try_from_secs_f64(exemplar.seconds).unwrap_or_default();
    write_tag(out, 1, VARINT);
    write_varint(out, since.as_secs());
    write_tag(out, 2, VARINT);
    write_varint(out, since.subsec_nanos().into());
    close(out, timestamp);
    close(out, message);
}

/// Appends the pairs of a rendered label block.
fn write_labels(out: &mut Vec<u8>, block: &str) {
    let mut rest = block;
    // A name holds no equals sign and a value that is not escaped no quote: searching for one byte is the fastest there is.
    while let Some((name, tail)) = rest.split_once('=') {
        let name = name.strip_prefix(',').unwrap_or(name);
        let tail = tail.strip_prefix('"').unwrap_or(tail);
        match tail.split_once('"') {
            // Nothing is escaped, so every length is known beforehand.
            Some((value, after)) if !value.contains('\\') => {
                write_tag(out, 1, BYTES);
                write_varint(out, field_length(name) + field_length(value));
                write_bytes(out, 1, name);
                write_bytes(out, 2, value);
                rest = after;
            }
            _ => {
                write_tag(out, 1, BYTES);
                let pair = open(out);
                write_bytes(out, 1, name);
                write_tag(out, 2, BYTES);
                let value = open(out);
                rest = write_unescaped(out, tail);
                close(out, value);
                close(out, pair);
            }
        }
    }
}

/// Bytes that a text takes as a field: tag, length and itself.
fn field_length(text: &str) -> u64 {
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    1 + u64::from((70 - (length | 1).leading_zeros()) / 7) + length
}

/// Appends a value up to its closing quote; returns what follows.
fn write_unescaped<'a>(out: &mut Vec<u8>, value: &'a str) -> &'a str {
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\\']) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let mut characters = tail.chars();
        if characters.next() == Some('"') {
            return characters.as_str();
        }
        out.push(match characters.next() {
            Some('n') => b'\n',
            Some('"') => b'"',
            _ => b'\\',
        });
        rest = characters.as_str();
    }
    ""
}

/// Leaves room for a length; returns where the message starts.
fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; ROOM]);
    out.len()
}

/// Puts the length in front of the message that started at `start`.
fn close(out: &mut Vec<u8>, start: usize) {
    let length = u64::try_from(out.len() - start).unwrap_or(u64::MAX);
    let mut front = [0; ROOM];
    let used = varint(length, &mut front);
    let (at, length) = (start - ROOM, out.len());
    if let Some(room) = out.get_mut(at..at + used) {
        room.copy_from_slice(front.get(..used).unwrap_or_default());
    }
    out.copy_within(start..length, at + used);
    out.truncate(length - (ROOM - used));
}

fn write_tag(out: &mut Vec<u8>, field: u8, wire: u8) {
    out.push(field << 3 | wire);
}

fn write_bytes(out: &mut Vec<u8>, field: u8, text: &str) {
    write_tag(out, field, BYTES);
    write_varint(out, u64::try_from(text.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(text.as_bytes());
}

fn write_double(out: &mut Vec<u8>, field: u8, value: f64) {
    write_tag(out, field, DOUBLE);
    out.extend_from_slice(&value.to_le_bytes());
}

fn write_varint(out: &mut Vec<u8>, value: u64) {
    let mut bytes = [0; ROOM];
    let used = varint(value, &mut bytes);
    out.extend_from_slice(bytes.get(..used).unwrap_or_default());
}

/// Writes seven bits a byte, lowest first; returns how many bytes it took.
fn varint(mut value: u64, bytes: &mut [u8; ROOM]) -> usize {
    let mut used = 0;
    for byte in bytes {
        used += 1;
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        *byte = if value == 0 { low & 0x7f } else { low | 0x80 };
        if value == 0 {
            break;
        }
    }
    used
}

/// A count that has gone through a float; exact up to 2^53.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and counts are not negative")]
const fn count(value: f64) -> u64 {
    value as u64
}
