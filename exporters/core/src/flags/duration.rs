//! Durations as Go writes them.

use std::time::Duration;

/// What a duration has to look like.
const EXPECTED: &str = "expected a duration such as 500ms, 10s or 1m30s";

/// Reads `1h`, `1m30s`, `1.5s`, `500ms`, `100us`; a plain `0` is a duration, any other number without a unit is not.
///
/// # Errors
/// What the expected form is.
pub fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    if text == "0" {
        return Ok(total);
    }
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.').ok_or(EXPECTED)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|character: char| character.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            _ => return Err(EXPECTED.to_owned()),
        };
        let number: f64 = number.parse().map_err(|_| EXPECTED)?;
        total += Duration::try_from_secs_f64(number * seconds).map_err(|_| EXPECTED)?;
        rest = tail;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, expected) in [("15s", 15_000), ("500ms", 500), ("1m30s", 90_000), ("1.5s", 1_500), ("2h", 7_200_000), ("0", 0), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(expected)), "{text}");
        }
        for text in ["", "15", "s", "-1s", "1d", "1 s", "1s5", "1..5s", "1e3s", "99999999999999999999h"] {
            assert_eq!(duration(text), Err(EXPECTED.to_owned()), "{text}");
        }
    }
}
