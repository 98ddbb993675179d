//! Reading replies: typed access to values, and numbers as the server writes them.

use std::borrow::Cow;

use redis::{ServerError, Value};

/// Why a reply could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The server answered with an error.
    #[error("{0}")]
    Server(String),
    /// The server answered with something else than the command's documented reply.
    #[error("expected {expected}, the server sent {found}")]
    Shape {
        /// What the command answers with.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// A reply came for which nothing was asked, or none.
    #[error("the reply is missing")]
    Missing,
}

/// The reply of a collector with one request.
///
/// # Errors
/// There is none.
pub fn only(replies: &[Value]) -> Result<&Value, ReplyError> {
    replies.first().ok_or(ReplyError::Missing)
}

/// A string of any kind; bytes that are not UTF-8 are replaced.
///
/// # Errors
/// The value is no string.
pub fn text(value: &Value) -> Result<Cow<'_, str>, ReplyError> {
    match value {
        Value::BulkString(bytes) => Ok(String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(Cow::Borrowed(text)),
        Value::Okay => Ok(Cow::Borrowed("OK")),
        other => Err(shape("a string", other)),
    }
}

/// A whole number, as an integer or as a string.
///
/// # Errors
/// The value is neither.
pub fn integer(value: &Value) -> Result<i64, ReplyError> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::BulkString(_) | Value::SimpleString(_) => text(value)?.parse().map_err(|_| shape("an integer", value)),
        other => Err(shape("an integer", other)),
    }
}

/// The elements of an array or set; of a map its keys and values in turn. Nil is an empty array.
///
/// # Errors
/// The value is none of these.
pub fn elements(value: &Value) -> Result<Vec<&Value>, ReplyError> {
    match value {
        Value::Array(values) | Value::Set(values) => Ok(values.iter().collect()),
        Value::Map(pairs) => Ok(pairs.iter().flat_map(|(key, value)| [key, value]).collect()),
        Value::Nil => Ok(Vec::new()),
        other => Err(shape("an array", other)),
    }
}

/// The keys and values of a map, or of an array in which they alternate.
///
/// # Errors
/// The value is neither, or a key is no string.
pub fn pairs(value: &Value) -> Result<Vec<(Cow<'_, str>, &Value)>, ReplyError> {
    let elements = elements(value)?;
    elements.chunks_exact(2).filter_map(|pair| pair.first().zip(pair.get(1))).map(|(key, value)| Ok((text(key)?, *value))).collect()
}

/// A server's error in its own words.
#[must_use]
pub fn message(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

/// A number as INFO and CONFIG write it: `ok` is 1, `err` and `fail` are 0, a percent sign is left out.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    match text {
        "ok" => Some(1.0),
        "err" | "fail" => Some(0.0),
        _ => {
            let digits = text.strip_suffix('%').unwrap_or(text);
            // Rust also reads words ("nan", "infinity"), which stand for an unknown figure here.
            digits.parse().ok().filter(|number: &f64| number.is_finite())
        }
    }
}

/// The `key=value` parts of a line such as `keys=1,expires=0`.
pub(crate) fn parts(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split(',').filter_map(|part| part.split_once('='))
}

/// The value of one part of such a line.
pub(crate) fn part<'line>(line: &'line str, key: &str) -> Option<&'line str> {
    parts(line).find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn shape(expected: &'static str, found: &Value) -> ReplyError {
    let found = match found {
        Value::ServerError(error) => return ReplyError::Server(message(error)),
        Value::Nil => "nil",
        Value::Int(_) => "an integer",
        Value::Array(_) | Value::Set(_) => "an array",
        Value::Map(_) => "a map",
        Value::BulkString(_) | Value::SimpleString(_) | Value::VerbatimString { .. } | Value::Okay => "a string",
        _ => "a value of another type",
    };
    ReplyError::Shape { expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_server_writes_them() {
        let expected = [
            ("1", Some(1.0)),
            ("-1", Some(-1.0)),
            ("98.43%", Some(98.43)),
            ("ok", Some(1.0)),
            ("err", Some(0.0)),
            ("fail", Some(0.0)),
            ("", None),
            ("%", None),
            ("nan", None),
            ("-nan", None),
            ("inf", None),
            ("1.11M", None),
            ("no-failover", None),
        ];
        for (text, value) in expected {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn error_reply_keeps_the_server_s_words() {
        let value = redis::parse_redis_value(b"-NOPERM User default has no permissions to run the 'info' command\r\n").unwrap();
        assert_eq!(text(&value).unwrap_err().to_string(), "NOPERM User default has no permissions to run the 'info' command");
        assert_eq!(elements(&Value::Int(1)).unwrap_err().to_string(), "expected an array, the server sent an integer");
    }

    #[test]
    fn maps_and_flat_arrays_read_alike() {
        let flat = Value::Array(vec![Value::SimpleString("hz".to_owned()), Value::Int(10)]);
        let map = Value::Map(vec![(Value::BulkString(b"hz".to_vec()), Value::Int(10))]);
        assert_eq!(pairs(&flat).unwrap(), pairs(&map).unwrap());
    }

    #[test]
    fn parts_of_a_line_are_found_by_name() {
        let line = "ip=::1,port=6379,state=online";
        assert_eq!(part(line, "ip"), Some("::1"));
        assert_eq!(part(line, "lag"), None);
    }
}
