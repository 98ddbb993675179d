//! The envelope in which kombu's Redis transport wraps a message.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::Text;

/// Why a message cannot be read: a value of `celery_events_total{type}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not an envelope, or its body not what it says.
    Malformed,
    /// Something else than JSON. Pickle in particular is never read: it can run code.
    Content,
}

#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    body: Text<'a>,
    #[serde(rename = "content-type", borrow, default)]
    content_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    headers: Option<Headers<'a>>,
    #[serde(borrow)]
    properties: Properties<'a>,
}

#[derive(Debug, Deserialize)]
struct Headers<'a> {
    #[serde(borrow, default)]
    compression: Option<Text<'a>>,
    /// The task's id, in a message that is a task.
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct Properties<'a> {
    #[serde(borrow, default)]
    body_encoding: Option<Text<'a>>,
    #[serde(borrow, default)]
    delivery_tag: Option<Text<'a>>,
}

/// Takes the body of a message out of its envelope into `body`, whose memory is used again; gives the delivery tag.
pub(crate) fn open<'a>(message: &'a [u8], body: &mut Vec<u8>) -> Result<Option<Text<'a>>, Unreadable> {
    let envelope: Envelope<'a> = serde_json::from_slice(message).map_err(|_| Unreadable::Malformed)?;
    let compression = envelope.headers.as_ref().and_then(|headers| headers.compression.as_deref());
    check_content(envelope.content_type.as_deref(), compression)?;
    body.clear();
    if envelope.properties.body_encoding.as_deref() == Some("base64") {
        STANDARD.decode_vec(envelope.body.as_bytes(), body).map_err(|_| Unreadable::Malformed)?;
    } else {
        body.extend_from_slice(envelope.body.as_bytes());
    }
    Ok(envelope.properties.delivery_tag)
}

/// Whether a message of this type can be read.
pub(crate) fn check_content(content_type: Option<&str>, compression: Option<&str>) -> Result<(), Unreadable> {
    let json = content_type.is_none_or(|content| matches!(content, "application/json" | "application/x-json"));
    if json && compression.is_none() { Ok(()) } else { Err(Unreadable::Content) }
}

/// The id of the task that a message of a queue is.
pub(crate) fn task_id(message: &[u8]) -> Option<Text<'_>> {
    serde_json::from_slice::<Envelope<'_>>(message).ok()?.headers?.id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(message: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut body = b"old".to_vec();
        open(message, &mut body).map(|_| body)
    }

    #[test]
    fn body_is_decoded_as_it_says() {
        let message = br#"{"body": "e30=", "content-type": "application/json", "properties": {"body_encoding": "base64", "delivery_tag": "t"}}"#;
        assert_eq!(body(message), Ok(b"{}".to_vec()));
        assert_eq!(open(message, &mut Vec::new()).unwrap().as_deref(), Some("t"));
        assert_eq!(body(br#"{"body": "{\"a\": 1}", "properties": {}, "headers": {}}"#), Ok(b"{\"a\": 1}".to_vec()));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for content in ["application/x-python-serialize", "application/x-yaml", "application/x-msgpack"] {
            let message = format!(r#"{{"body": "gARLAS4=", "content-type": "{content}", "properties": {{"body_encoding": "base64"}}}}"#);
            assert_eq!(body(message.as_bytes()), Err(Unreadable::Content));
        }
        let zipped = br#"{"body": "e30=", "headers": {"compression": "application/x-gzip"}, "properties": {"body_encoding": "base64"}}"#;
        assert_eq!(body(zipped), Err(Unreadable::Content));
    }

    #[test]
    fn malformed_envelope_is_named_so() {
        for message in [&b""[..], b"[]", b"{}", br#"{"body": 5, "properties": {}}"#, br#"{"body": "%%", "properties": {"body_encoding": "base64"}}"#]
        {
            assert_eq!(body(message), Err(Unreadable::Malformed), "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn broken_messages_do_not_panic() {
        let correct: [&[u8]; 2] = [
            br#"{"body": "e30=", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"id": "a"}, "properties": {"body_encoding": "base64", "delivery_tag": "b"}}"#,
            br#"{"body": "{\"type\": \"task-sent\"}", "properties": {"correlation_id": "c", "delivery_info": {"exchange": "celeryev"}}}"#,
        ];
        crate::fuzz::feed(&correct, |bytes| drop((body(bytes), task_id(bytes))));
    }

    proptest::proptest! {
        #[test]
        fn no_message_panics(message in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = body(&message);
            let _ = task_id(&message);
        }
    }
}
