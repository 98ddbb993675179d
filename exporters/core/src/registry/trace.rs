//! Traces of single observations, shown as exemplars.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{latest::Latest, sync::WORDS};

/// Identity of a trace and of a span in it. <https://www.w3.org/TR/trace-context/>
///
/// ```
/// use exporter_core::TraceId;
///
/// let sampled = TraceId::from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
/// assert_eq!(sampled.trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!(TraceId::from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId {
    trace: u128,
    span: u64,
}

/// An observation that stands for many, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace: TraceId,
    pub(crate) value: f64,
    /// Since 1970.
    pub(crate) seconds: f64,
}

impl TraceId {
    /// These bits, in network order; `None` where either is zero, which no identity is.
    #[must_use]
    pub const fn new(trace: u128, span: u64) -> Option<Self> {
        if trace == 0 || span == 0 { None } else { Some(Self { trace, span }) }
    }

    /// The identity in a `traceparent` header, if the trace is sampled: others cannot be looked up.
    #[must_use]
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hexadecimal(version, 2)?;
        // Later versions may say more behind what is known of this one.
        if version == 0xff || (version == 0 && parts.next().is_some()) || hexadecimal(flags, 2)? & 1 == 0 {
            return None;
        }
        Self::new(hexadecimal(trace, 32)?, u64::try_from(hexadecimal(span, 16)?).ok()?)
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn trace(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn span(self) -> String {
        format!("{:016x}", self.span)
    }

    /// A rendered label block. Of the 128 characters that `OpenMetrics` allows an exemplar's labels, it uses 63.
    pub(crate) fn labels(self) -> String {
        format!("trace_id=\"{:032x}\",span_id=\"{:016x}\"", self.trace, self.span)
    }
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let lower = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    (text.len() == digits && text.bytes().all(lower)).then(|| u128::from_str_radix(text, 16).ok())?
}

impl Latest {
    /// Keeps an observation of now.
    pub(super) fn keep(&self, trace: TraceId, value: f64) {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let [high, low] = [trace.trace >> 64, trace.trace & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or_default());
        self.write([high, low, trace.span, value.to_bits(), seconds.to_bits()]);
    }

    /// The observation that is kept.
    pub(super) fn exemplar(&self) -> Option<Exemplar> {
        let [high, low, span, value, seconds]: [u64; WORDS] = self.read()?;
        let trace = TraceId { trace: u128::from(high) << 64 | u128::from(low), span };
        Some(Exemplar { trace, value: f64::from_bits(value), seconds: f64::from_bits(seconds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_none_are_refused() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(TraceId::from_traceparent(good).is_some_and(|trace| trace.span() == "00f067aa0ba902b7"));
        assert!(TraceId::from_traceparent(&format!("{}-more", good.replacen("00", "cc", 1))).is_some());
        for bad in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(TraceId::from_traceparent(bad), None, "{bad}");
        }
    }

    #[test]
    fn latest_observation_is_kept() {
        let latest = Latest::default();
        assert_eq!(latest.exemplar(), None);
        for (trace, value) in [(TraceId::new(u128::MAX, 1), 0.5), (TraceId::new(7, u64::MAX), -0.0)] {
            latest.keep(trace.unwrap(), value);
            let found = latest.exemplar().unwrap();
            assert_eq!((Some(found.trace), found.value.to_bits()), (trace, value.to_bits()));
            assert!(found.seconds > 1.6e9, "{}", found.seconds);
        }
    }
}
