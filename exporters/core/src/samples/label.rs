//! Label values: any text in, a bounded, escaped one out.

/// Longest label value in bytes; a longer one is cut.
pub const LABEL_VALUE_BYTES: usize = 256;

/// Appends `value`, cut to `limit` bytes on a character boundary and escaped as text format and `OpenMetrics` both want it.
///
/// A NUL becomes U+FFFD, since the lexers of Prometheus give it a meaning of its own. Returns whether it was cut.
pub(crate) fn write_escaped(out: &mut String, value: &str, limit: usize) -> bool {
    let kept = cut(value, limit);
    let mut rest = kept;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'\\' | b'"' | b'\n' | b'\0')) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        out.push_str(match characters.next() {
            Some('\\') => "\\\\",
            Some('"') => "\\\"",
            Some('\n') => "\\n",
            _ => "\u{fffd}",
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
    kept.len() < value.len()
}

/// The longest start of `value` that has at most `limit` bytes and ends on a character boundary.
fn cut(value: &str, limit: usize) -> &str {
    value.get(..value.floor_char_boundary(limit)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(value: &str, limit: usize) -> (String, bool) {
        let mut out = String::new();
        let cut = write_escaped(&mut out, value, limit);
        (out, cut)
    }

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd\0e", 99).0, "a\\\\b\\\"c\\nd\u{fffd}e");
        assert_eq!(escaped("", 99), (String::new(), false));
        assert_eq!(escaped("<b>\u{202e}\r\t", 99).0, "<b>\u{202e}\r\t");
    }

    #[test]
    fn long_values_end_on_a_character() {
        assert_eq!(escaped("abcdef", 6), ("abcdef".into(), false));
        assert_eq!(escaped("abcdef", 5), ("abcde".into(), true));
        assert_eq!(escaped("aäö", 2), ("a".into(), true));
        assert_eq!(escaped("aäö", 3), ("aä".into(), true));
    }
}
