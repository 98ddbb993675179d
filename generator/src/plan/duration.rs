//! Lengths of time as they stand in a file.

use std::time::Duration;

use promql_parser::util::parse_duration;

use super::change::Risk;

/// Its length; nothing for what is none, such as a value that is not set.
pub(super) fn length(text: &str) -> Option<Duration> {
    if text == "0s" { Some(Duration::ZERO) } else { parse_duration(text).ok() }
}

/// What it means that a wait becomes another: longer is later. `None` if it stays.
pub(super) fn wait(before: &str, after: &str) -> Option<Risk> {
    match (length(before), length(after)) {
        (Some(before), Some(after)) if before == after => None,
        (Some(before), Some(after)) => Some(if after > before { Risk::Quieter } else { Risk::Louder }),
        _ => (before != after).then_some(Risk::Different),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_waits_are_quieter() {
        assert_eq!(wait("1m", "60s"), None);
        assert_eq!(wait("0s", "1m"), Some(Risk::Quieter));
        assert_eq!(wait("1h30m", "1h"), Some(Risk::Louder));
        assert_eq!(wait("soon", "1h"), Some(Risk::Different));
    }
}
