//! Points in time as Celery writes them: `2026-11-23T04:02:57.207998+00:00`.

/// Seconds since 1970; `None` for anything else than an ISO 8601 date with a time. Without an offset it is UTC, which is
/// what a client with `enable_utc` means.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (clock, offset) = split_offset(time)?;
    let mut parts = clock.splitn(3, ':');
    let hour: f64 = parts.next()?.parse().ok()?;
    let minute: f64 = parts.next()?.parse().ok()?;
    let second: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    let legal = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let legal = legal && (0.0..24.0).contains(&hour) && (0.0..60.0).contains(&minute) && (0.0..61.0).contains(&second);
    // Days of an absurd year would not fit.
    let days = u32::try_from(legal.then(|| days(year, month, day))?).ok()?;
    Some(f64::from(days) * 86_400.0 + hour * 3600.0 + minute * 60.0 + second - offset)
}

/// A time without its offset, and the offset in seconds.
fn split_offset(time: &str) -> Option<(&str, f64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0.0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0.0)) };
    let (clock, offset) = time.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1.0 } else { 1.0 };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes: f64 = if minutes.is_empty() { 0.0 } else { minutes.parse().ok()? };
    Some((clock, sign * (hours.parse::<f64>().ok()? * 3600.0 + minutes * 60.0)))
}

/// Days since 1970 of a date, by counting in years that begin in March, whose leap day comes last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_offset_are_read() {
        let expected = [
            ("1970-01-01T00:00:00+00:00", Some(0.0)),
            ("2026-11-23T04:02:57.25+00:00", Some(1_795_406_577.25)),
            ("2026-11-23T04:02:57.25", Some(1_795_406_577.25)),
            ("2026-11-23T04:02:57Z", Some(1_795_406_577.0)),
            ("2026-11-23T06:02:57+02:00", Some(1_795_406_577.0)),
            ("2026-11-22T22:32:57-0530", Some(1_795_406_577.0)),
            ("2024-02-29 00:00:00+00:00", Some(1_709_164_800.0)),
            ("2026-13-01T00:00:00", None),
            ("-9223372036854775808-02-01T00:00:00", None),
            ("9223372036854775807-11-01T00:00:00", None),
            ("2026-11-23", None),
            ("tomorrow", None),
            ("", None),
            ("-T-", None),
            ("2026-11-23T04:02:57+é", None),
        ];
        for (text, time) in expected {
            assert_eq!(seconds(text), time, "{text}");
        }
    }

    #[test]
    fn broken_times_do_not_panic() {
        let correct: [&[u8]; 2] = [b"2026-11-23T04:02:57.25+00:00", b"2026-11-22T22:32:57-0530"];
        crate::fuzz::feed(&correct, |bytes| {
            let _ = seconds(&String::from_utf8_lossy(bytes));
        });
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = seconds(&text);
        }
    }
}
