//! Lengths of time as Prometheus and Alertmanager write them.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Serialize, Serializer};

/// Units from long to short with their milliseconds, as far as one of them is always the same length.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Longer units that `PromQL` also reads.
const LONG_UNITS: [(&str, u64); 2] = [("y", 365 * 86_400_000), ("w", 7 * 86_400_000)];

/// A length of time in whole milliseconds, the finest that both programs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration {
    milliseconds: u64,
}

impl Duration {
    pub(crate) const ZERO: Self = Self { milliseconds: 0 };

    pub(crate) const fn milliseconds(count: u64) -> Self {
        Self { milliseconds: count }
    }

    pub(crate) const fn seconds(count: u64) -> Self {
        Self { milliseconds: count * 1_000 }
    }

    pub(crate) const fn minutes(count: u64) -> Self {
        Self::seconds(count * 60)
    }

    pub(crate) const fn hours(count: u64) -> Self {
        Self::minutes(count * 60)
    }

    pub(crate) const fn days(count: u64) -> Self {
        Self::hours(count * 24)
    }

    pub(crate) const fn as_milliseconds(self) -> u64 {
        self.milliseconds
    }

    /// So many times as long.
    pub(crate) const fn times(self, count: u64) -> Self {
        Self { milliseconds: self.milliseconds.saturating_mul(count) }
    }

    /// Never shorter than a millisecond, unless it was nothing at all.
    pub(crate) fn divided_by(self, scale: NonZeroU32) -> Self {
        let divided = self.milliseconds / u64::from(scale.get());
        Self { milliseconds: divided.max(self.milliseconds.min(1)) }
    }

    /// Whether dividing leaves whole milliseconds.
    pub(crate) fn divides_evenly_by(self, scale: NonZeroU32) -> bool {
        self.milliseconds.is_multiple_of(u64::from(scale.get()))
    }

    /// Reads a duration literal (`5m`, `1h30m`); `None` for any other word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let mut milliseconds = 0_u64;
        let mut rest = word;
        while !rest.is_empty() {
            let (digits, tail) = rest.split_at_checked(rest.find(|letter: char| !letter.is_ascii_digit())?)?;
            let (unit, tail) = tail.split_at_checked(tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len()))?;
            let (_, length) = UNITS.iter().chain(&LONG_UNITS).find(|(name, _)| *name == unit)?;
            milliseconds = milliseconds.checked_add(digits.parse::<u64>().ok()?.checked_mul(*length)?)?;
            rest = tail;
        }
        (!word.is_empty()).then_some(Self { milliseconds })
    }
}

/// That many seconds.
pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::seconds(count)
}

/// That many minutes.
pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::minutes(count)
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ZERO {
            return formatter.write_str("0s");
        }
        let mut rest = self.milliseconds;
        for (unit, length) in UNITS {
            if rest >= length {
                write!(formatter, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A `PromQL` expression with each of its windows, offsets, steps and `predict_linear` horizons divided. Quoted text and
/// comments stay as they are, and so do other plain numbers: a threshold in seconds is not a time of the stack.
pub(crate) fn divide_promql(expression: &str, scale: NonZeroU32) -> String {
    let mut divided = String::with_capacity(expression.len());
    // The letter that ends the text or comment that we are in.
    let mut end = None;
    let mut escaped = false;
    let mut word = String::new();
    for letter in expression.chars() {
        if end.is_none() && (letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '.')) {
            word.push(letter);
            continue;
        }
        divided.push_str(&divide_word(&word, scale));
        word.clear();
        divided.push(letter);
        match end {
            Some(last) if letter == last && !escaped => end = None,
            None if matches!(letter, '"' | '\'' | '`') => end = Some(letter),
            None if letter == '#' => end = Some('\n'),
            _ => {}
        }
        escaped = matches!(end, Some('"' | '\'')) && letter == '\\' && !escaped;
    }
    divided.push_str(&divide_word(&word, scale));
    divide_horizons(&divided, scale)
}

/// The horizons of `predict_linear`, plain numbers of seconds, divided.
fn divide_horizons(expression: &str, scale: NonZeroU32) -> String {
    const CALL: &str = "predict_linear(";
    let mut parts = expression.split(CALL);
    let mut divided = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        divided.push_str(CALL);
        match horizon(part) {
            Some((before, number, after)) => divided.extend([before, &(number / f64::from(scale.get())).to_string(), after]),
            None => divided.push_str(part),
        }
    }
    divided
}

/// What stands before, in and after the last argument of a call whose arguments `text` begins with.
fn horizon(text: &str) -> Option<(&str, f64, &str)> {
    let mut depth = 0_usize;
    let mut comma = None;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                let (before, rest) = text.split_at_checked(comma?)?;
                let (number, after) = rest.split_at_checked(index.checked_sub(before.len())?)?;
                return Some((before, number.trim().parse().ok()?, after));
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => comma = Some(index + 2).filter(|index| text.is_char_boundary(*index)),
            _ => {}
        }
    }
    None
}

/// A word of `PromQL`; in `[1h:5m]` the colon makes two durations one word.
fn divide_word(word: &str, scale: NonZeroU32) -> String {
    let parts = word.split(':').map(|part| Duration::parse(part).map_or_else(|| part.to_owned(), |whole| whole.divided_by(scale).to_string()));
    parts.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIFTEEN: NonZeroU32 = NonZeroU32::new(15).unwrap();

    #[test]
    fn units_are_written_long_to_short() {
        let written = [Duration::seconds(15), Duration::seconds(90), Duration::hours(12), Duration::days(30), Duration::ZERO]
            .map(|duration| duration.to_string());
        assert_eq!(written, ["15s", "1m30s", "12h", "30d", "0s"]);
    }

    #[test]
    fn uneven_divisions_are_in_milliseconds() {
        assert_eq!(Duration::seconds(10).divided_by(FIFTEEN).to_string(), "666ms");
        assert_eq!(Duration::seconds(15).divided_by(FIFTEEN).to_string(), "1s");
    }

    #[test]
    fn division_stops_at_a_millisecond() {
        assert_eq!(Duration::seconds(1).divided_by(NonZeroU32::MAX).to_string(), "1ms");
        assert_eq!(Duration::ZERO.divided_by(FIFTEEN), Duration::ZERO);
    }

    #[test]
    fn horizons_are_divided() {
        let expression = r#"predict_linear(x{a!~"b,c"}[1h], 14400) < 0 and predict_linear(y[6h], 86400) < 300"#;
        let divided = r#"predict_linear(x{a!~"b,c"}[4m], 960) < 0 and predict_linear(y[24m], 5760) < 300"#;
        assert_eq!(divide_promql(expression, FIFTEEN), divided);
    }

    #[test]
    fn expressions_keep_names_numbers_and_text() {
        let expression = r#"rate(job:up:rate5m{a="5m \" 1h",b='1d'}[5m]) > 300 and x[1h:30s] offset 1h30m or y_5m == 0x1d"#;
        let divided = r#"rate(job:up:rate5m{a="5m \" 1h",b='1d'}[20s]) > 300 and x[4m:2s] offset 6m or y_5m == 0x1d"#;
        assert_eq!(divide_promql(expression, FIFTEEN), divided);
        assert_eq!(divide_promql("# isn't 5m\nx[5m] # 5m", FIFTEEN), "# isn't 5m\nx[20s] # 5m");
    }
}
