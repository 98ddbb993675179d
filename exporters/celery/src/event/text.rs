//! Strings as they come: whatever is not UTF-8 is replaced instead of refused.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

/// A JSON string, borrowed where it holds no escapes. Bytes that are not UTF-8 and halves of surrogate pairs, which Python
/// writes as they are, become U+FFFD, so that one odd name does not cost the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// The bytes as text.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(String::from_utf8_lossy(bytes))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
        Ok(Text::of(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &[u8]) -> Option<String> {
        serde_json::from_slice::<Text<'_>>(json).ok().map(|text| text.to_string())
    }

    #[test]
    fn any_bytes_become_text() {
        assert_eq!(read(b"\"app.add\""), Some("app.add".to_owned()));
        assert_eq!(read(br#""a\"b\nc""#), Some("a\"b\nc".to_owned()));
        assert_eq!(read(b"\"a\xff\xfeb\""), Some("a\u{fffd}\u{fffd}b".to_owned()));
        assert!(read(br#""a\ud800b""#).is_some_and(|text| text.starts_with("a\u{fffd}") && text.ends_with('b')));
        assert_eq!(read(b"5"), None);
    }
}
