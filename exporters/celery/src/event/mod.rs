//! What is in a message of the event exchange: one event, or a list of them.

use serde::Deserialize;

pub(crate) mod envelope;
pub(crate) mod eta;
pub(crate) mod exception;
mod kind;
mod text;

pub(crate) use kind::Kind;
pub use text::Text;

/// An event, as far as it is used: arguments, results and the like are skipped where they stand.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Event<'a> {
    /// What happened: `task-sent`.
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    /// Node name of the worker, or of the client.
    #[serde(borrow, default)]
    pub hostname: Option<Text<'a>>,
    /// When, by the sender's clock, in seconds since 1970.
    #[serde(default)]
    pub timestamp: Option<f64>,
    /// Process that sent the event.
    #[serde(default)]
    pub pid: Option<i64>,
    /// The task's id.
    #[serde(borrow, default)]
    pub uuid: Option<Text<'a>>,
    /// The task's name: in `task-sent` and `task-received` only.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// The queue: in `task-sent` only.
    #[serde(borrow, default)]
    pub queue: Option<Text<'a>>,
    /// Attempts before this one.
    #[serde(default)]
    pub retries: Option<u32>,
    /// When the task may start at the earliest.
    #[serde(borrow, default)]
    pub eta: Option<Text<'a>>,
    /// Seconds that the task took.
    #[serde(default)]
    pub runtime: Option<f64>,
    /// `repr` of the exception.
    #[serde(borrow, default)]
    pub exception: Option<Text<'a>>,
    /// Its traceback.
    #[serde(borrow, default)]
    pub traceback: Option<Text<'a>>,
    /// Whether a rejected message goes back to its queue.
    #[serde(default)]
    pub requeue: Option<bool>,
    /// Tasks that the worker runs.
    #[serde(default)]
    pub active: Option<u64>,
    /// Tasks that the worker has started since it started itself.
    #[serde(default)]
    pub processed: Option<u64>,
}

/// The events of a message, and how many of its parts are not events.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// In the order in which they were sent.
    pub events: Vec<Event<'a>>,
    /// Parts that are not events.
    pub malformed: u64,
}

/// Reads the body of a message: an object or a list of objects, however it was routed.
#[must_use]
pub fn decode(body: &[u8]) -> Decoded<'_> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return match serde_json::from_slice(body) {
            Ok(event) => Decoded { events: vec![event], malformed: 0 },
            Err(_) => Decoded { events: Vec::new(), malformed: 1 },
        };
    }
    match serde_json::from_slice(body) {
        Ok(events) => Decoded { events, malformed: 0 },
        Err(_) => salvage(body),
    }
}

/// A list that is not made of events only: the others of it still count.
fn salvage(body: &[u8]) -> Decoded<'_> {
    let Some(parts) = parts(body) else { return Decoded { events: Vec::new(), malformed: 1 } };
    let mut decoded = Decoded::default();
    for part in parts {
        match serde_json::from_slice(part) {
            Ok(event) => decoded.events.push(event),
            Err(_) => decoded.malformed += 1,
        }
    }
    decoded
}

/// What stands between the commas of a list, whatever it is; its bytes need not be UTF-8.
fn parts(body: &[u8]) -> Option<Vec<&[u8]>> {
    let list = body.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]")?;
    let (mut parts, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0_usize, false, false);
    for (at, byte) in list.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.checked_sub(1)?,
            b',' if !quoted && depth == 0 => {
                parts.push(list.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list.get(start..)?);
    (depth == 0 && !quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_and_list_are_read() {
        let one = decode(br#" {"type": "task-started", "uuid": "a", "pid": 1, "timestamp": 1.5, "args": "(1, [2])", "x": {"y": [null]}}"#);
        assert_eq!(one.malformed, 0);
        assert_eq!(one.events.iter().map(|event| (&*event.kind, event.timestamp)).collect::<Vec<_>>(), [("task-started", Some(1.5))]);
        let two = decode(br#"[{"type": "task-succeeded", "runtime": null}, {"type": "task-started", "name": null}]"#);
        assert_eq!((two.events.len(), two.malformed), (2, 0));
    }

    #[test]
    fn one_bad_part_costs_itself_only() {
        let decoded = decode(br#"[{"type": "task-sent"}, {"type": 5}, 7, {"type": "task-started", "timestamp": "soon"}, {"type": "task-failed"}]"#);
        assert_eq!(decoded.events.iter().map(|event| &*event.kind).collect::<Vec<_>>(), ["task-sent", "task-failed"]);
        assert_eq!(decoded.malformed, 3);
    }

    #[test]
    fn bad_part_and_bad_bytes_cost_the_part_only() {
        let decoded =
            decode(b"[{\"type\": \"task-sent\", \"name\": \"a\xff, ]b\\\"\"}, {\"type\": 5}, {\"type\": \"task-failed\", \"x\": [{}, 1]} ]");
        assert_eq!(decoded.events.iter().map(|event| &*event.kind).collect::<Vec<_>>(), ["task-sent", "task-failed"]);
        assert_eq!((decoded.events[0].name.as_deref(), decoded.malformed), (Some("a\u{fffd}, ]b\""), 1));
    }

    #[test]
    fn what_is_no_event_is_counted() {
        let deep = [b'['; 10_000];
        for body in [&b""[..], b"null", b"[", b"{", b"{}", b"\x80\x04K\x01.", b"[{\"type\": \"task-sent\"}", b"{\"type\": NaN}", &deep] {
            let decoded = decode(body);
            assert_eq!((decoded.events.len(), decoded.malformed), (0, 1), "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(decode(b"[]").malformed, 0);
    }

    #[test]
    fn broken_events_do_not_panic() {
        let correct: [&[u8]; 2] = [
            br#"[{"type": "task-sent", "uuid": "a", "name": "n", "retries": 0, "eta": null, "queue": "q", "timestamp": 1.5, "utcoffset": -2}]"#,
            br#"{"type": "worker-heartbeat", "hostname": "w@h", "pid": 1, "processed": 7, "active": 0, "loadavg": [0.1, 2, 3e1]}"#,
        ];
        crate::fuzz::feed(&correct, |bytes| drop(decode(bytes)));
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = decode(&body);
        }

        #[test]
        fn no_near_event_panics(body in r#"[\[\]{}:,"\\a-z0-9 \-.]{0,200}"#) {
            let _ = decode(body.as_bytes());
        }
    }
}
