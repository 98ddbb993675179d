//! What can be the value of a sample, and how a value is written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A number that a sample can carry; `None` is "unknown" and leaves the series out, since unknown is not 0.
pub trait Measure {
    /// The value as exposed.
    fn measure(self) -> Option<f64>;
}

impl Measure for f64 {
    fn measure(self) -> Option<f64> {
        Some(self)
    }
}

impl Measure for u32 {
    fn measure(self) -> Option<f64> {
        Some(f64::from(self))
    }
}

impl Measure for i32 {
    fn measure(self) -> Option<f64> {
        Some(f64::from(self))
    }
}

impl Measure for bool {
    fn measure(self) -> Option<f64> {
        Some(if self { 1.0 } else { 0.0 })
    }
}

impl Measure for u64 {
    fn measure(self) -> Option<f64> {
        Some(from_u64(self))
    }
}

impl Measure for i64 {
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "every sample is a float in the formats; exact up to 2^53")]
    fn measure(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Measure for usize {
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "every sample is a float in the formats; exact up to 2^53")]
    fn measure(self) -> Option<f64> {
        Some(self as f64)
    }
}

/// In seconds.
impl Measure for Duration {
    fn measure(self) -> Option<f64> {
        Some(self.as_secs_f64())
    }
}

/// In seconds since 1970; a time before that is unknown.
impl Measure for SystemTime {
    fn measure(self) -> Option<f64> {
        self.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
    }
}

impl<M: Measure> Measure for Option<M> {
    fn measure(self) -> Option<f64> {
        self.and_then(Measure::measure)
    }
}

/// The float nearest to a count.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "every sample is a float in the formats; exact up to 2^53")]
pub(crate) fn from_u64(count: u64) -> f64 {
    count as f64
}

/// Integral floats below this magnitude are written as integers: shorter, and exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a sample's value, in a form that every Prometheus parser reads back to the same float.
pub(crate) fn write_value(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if let Some(integer) = integral(value) {
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    } else {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    }
}

/// The integer that a value is; a negative zero is none.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "what a conversion loses is seen by the one back, and beyond 2^53 nothing is taken"
)]
fn integral(value: f64) -> Option<i64> {
    let integer = value as i64;
    ((integer as f64).to_bits() == value.to_bits() && value.abs() < EXACT).then_some(integer)
}

/// Appends the value of an `le` or `quantile` label, always in float form (`1.0`, `1e+06`).
///
/// The spelling is that of Prometheus 3, which rewrites these labels when it reads them: so a series keeps its identity
/// between formats, and between Prometheus 2 and 3.
pub(crate) fn write_edge(out: &mut Vec<u8>, edge: f64) {
    if !edge.is_finite() {
        return write_value(out, edge);
    }
    let text = format!("{edge:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if edge != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("{digits}e{sign}{:02}", exponent.abs()).as_bytes());
    } else {
        out.extend_from_slice(ryu::Buffer::new().format_finite(edge).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: f64) -> String {
        let mut out = Vec::new();
        write_value(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn edge(value: f64) -> String {
        let mut out = Vec::new();
        write_edge(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_read_back_to_the_same_float() {
        for number in [0.0, -0.0, 1.0, -1.0, 0.1, 1e15, 9_007_199_254_740_993.0, 1.5e300, 5e-324, f64::MAX, -2.5] {
            assert_eq!(value(number).parse::<f64>().unwrap().to_bits(), number.to_bits(), "{number}");
        }
        assert_eq!(value(f64::INFINITY), "+Inf");
        assert_eq!(value(f64::NEG_INFINITY), "-Inf");
        assert_eq!(value(f64::NAN), "NaN");
        assert_eq!(value(1024.0), "1024");
    }

    #[test]
    fn edges_have_the_float_form_of_prometheus() {
        let expected = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.005, "0.005"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000.0"),
            (1_000_000.0, "1e+06"),
            (1_048_576.0, "1.048576e+06"),
            (99.9, "99.9"),
            (-1.0, "-1.0"),
            (f64::INFINITY, "+Inf"),
        ];
        for (number, text) in expected {
            assert_eq!(edge(number), text);
        }
    }

    #[test]
    fn unknown_is_absent() {
        assert_eq!(None::<f64>.measure(), None);
        assert_eq!(Some(true).measure(), Some(1.0));
        assert_eq!(Duration::from_millis(1500).measure(), Some(1.5));
    }
}
