//! Requests to workers, and their answers: what `celery inspect` and `celery control` send.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    time::Instant,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::workers::Workers;

/// What workers are asked for, each time.
pub(crate) const METHODS: [&str; 2] = ["active_queues", "stats"];

/// Most queues that are taken from one worker.
const QUEUES: usize = 100;

/// A request that waits for answers of workers.
#[derive(Debug)]
pub(crate) struct Inquiry {
    /// The ticket of each method.
    tickets: [String; METHODS.len()],
    /// Who has not answered: method and worker.
    missing: BTreeSet<(usize, String)>,
    known: bool,
}

/// Workers that answered a request, and what.
pub(crate) type Answers = Map<String, Value>;

impl Inquiry {
    /// A request to all; these workers are known to be there.
    pub(crate) fn new<'a>(workers: impl Iterator<Item = &'a str>) -> Self {
        let workers: Vec<&str> = workers.collect();
        let missing = workers.iter().flat_map(|worker| (0..METHODS.len()).map(|method| (method, (*worker).to_owned()))).collect();
        Self { tickets: [identifier(), identifier()], missing, known: !workers.is_empty() }
    }

    /// The bodies to send.
    pub(crate) fn requests(&self, exchange: &str, routing_key: &str) -> Vec<Value> {
        let reply_to = json!({"exchange": exchange, "routing_key": routing_key});
        let pairs = METHODS.iter().zip(&self.tickets);
        pairs.map(|(method, ticket)| request(method, None, Some((ticket, &reply_to)))).collect()
    }

    /// Takes an answer; gives what it is about if it is one to this request.
    pub(crate) fn answer(&mut self, ticket: &str, answers: &Answers) -> Option<usize> {
        let method = self.tickets.iter().position(|known| known == ticket)?;
        for worker in answers.keys() {
            self.missing.remove(&(method, worker.clone()));
        }
        Some(method)
    }

    /// Whether all workers that are known have answered.
    pub(crate) fn is_complete(&self) -> bool {
        self.known && self.missing.is_empty()
    }
}

/// A request to turn events of tasks on.
pub(crate) fn enable_events(workers: &[String]) -> Value {
    request("enable_events", Some(workers), None)
}

fn request(method: &str, destination: Option<&[String]>, reply: Option<(&str, &Value)>) -> Value {
    let mut body = json!({"method": method, "arguments": {}, "destination": destination, "pattern": null, "matcher": null});
    if let (Some((ticket, reply_to)), Some(body)) = (reply, body.as_object_mut()) {
        body.insert("ticket".to_owned(), json!(ticket));
        body.insert("reply_to".to_owned(), reply_to.clone());
    }
    body
}

/// Headers of a request. It never expires: workers would hold that against their own clocks.
pub(crate) fn headers() -> Value {
    json!({"clock": 1, "expires": 0})
}

/// A message as kombu's Redis transport wants it.
pub(crate) fn envelope(body: &Value, exchange: &str) -> String {
    let message = json!({
        "body": STANDARD.encode(body.to_string()),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers(),
        "properties": {
            "delivery_mode": 2,
            "delivery_info": {"exchange": exchange, "routing_key": ""},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": identifier(),
        },
    });
    message.to_string()
}

/// Ticket and answers of a message of kombu's Redis transport.
pub(crate) fn opened(message: &[u8]) -> Option<(String, Answers)> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let ticket = message.get("headers")?.get("ticket")?.as_str()?.to_owned();
    let body = message.get("body")?.as_str()?;
    let encoded = message.get("properties").and_then(|properties| properties.get("body_encoding")).and_then(Value::as_str) == Some("base64");
    let body = if encoded { STANDARD.decode(body).ok()? } else { body.as_bytes().to_vec() };
    serde_json::from_slice(&body).ok().map(|answers| (ticket, answers))
}

/// Hands answers to one method to the workers that they are about.
pub(crate) fn apply(method: usize, answers: &Answers, workers: &mut Workers, now: Instant) {
    for (hostname, answer) in answers {
        // `{"error": …}` is the answer of a worker that does not know the method.
        match METHODS.get(method) {
            Some(&"active_queues") if answer.is_array() => workers.answered(hostname, Some(queues(answer)), None, now),
            Some(&"stats") => workers.answered(hostname, None, processes(answer), now),
            _ => {}
        }
    }
}

fn queues(answer: &Value) -> Vec<String> {
    let queues = answer.as_array().into_iter().flatten();
    queues.filter_map(|queue| queue.get("name")?.as_str().map(str::to_owned)).take(QUEUES).collect()
}

/// Prefork workers list their processes; others say how many tasks they may run at once, which is more than the threads that
/// they have made so far.
fn processes(answer: &Value) -> Option<u64> {
    let pool = answer.get("pool")?;
    let processes = pool.get("processes").and_then(Value::as_array).and_then(|processes| u64::try_from(processes.len()).ok());
    processes.or_else(|| pool.get("max-concurrency")?.as_u64())
}

/// A new id in the form of a UUID. The standard library seeds its hash maps from the system's randomness.
pub(crate) fn identifier() -> String {
    let (high, low) = (RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8));
    let digits = format!("{high:016x}{low:016x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inquiry_ends_with_the_last_known_worker() {
        let mut inquiry = Inquiry::new(["a@h", "b@h"].into_iter());
        let requests = inquiry.requests("reply.celery.pidbox", "oid");
        let ticket = |at: usize| requests[at]["ticket"].as_str().unwrap().to_owned();
        let from = |worker: &str| Answers::from_iter([(worker.to_owned(), json!({}))]);
        assert_eq!(inquiry.answer("other", &from("a@h")), None);
        for (at, worker) in [(0, "a@h"), (1, "a@h"), (0, "b@h"), (1, "new@h")] {
            assert_eq!(inquiry.answer(&ticket(at), &from(worker)), Some(at));
            assert!(!inquiry.is_complete());
        }
        inquiry.answer(&ticket(1), &from("b@h"));
        assert!(inquiry.is_complete());
        assert!(!Inquiry::new(std::iter::empty()).is_complete());
    }

    #[test]
    fn pools_of_every_kind_are_counted() {
        assert_eq!(processes(&json!({"pool": {"processes": [1, 2, 3], "max-concurrency": 8}})), Some(3));
        assert_eq!(processes(&json!({"pool": {"threads": 2, "max-concurrency": 4}})), Some(4));
        assert_eq!(processes(&json!({"error": "no"})), None);
    }

    #[test]
    fn captured_answers_tell_queues_and_processes() {
        for (file, expected) in [
            ("redis_inspect.json", [("celery", (2, 4)), ("prio", (1, 2)), ("qq", (0, 0))]),
            ("amqp_inspect.json", [("celery", (2, 4)), ("prio", (1, 2)), ("qq", (1, 2))]),
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(file);
            let answers: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let mut workers = Workers::new(crate::workers::Lifetimes { timeout: None, purge: None });
            for (at, method) in METHODS.iter().enumerate() {
                let body = STANDARD.encode(answers[method].to_string());
                let message = json!({"body": body, "headers": {"ticket": "t"}, "properties": {"body_encoding": "base64"}}).to_string();
                apply(at, &opened(message.as_bytes()).unwrap().1, &mut workers, Instant::now());
            }
            for (queue, found) in expected {
                assert_eq!(workers.of_queue(queue), found, "{file} {queue}");
            }
        }
    }

    #[test]
    fn envelope_is_read_back() {
        let message = envelope(&json!({"w@h": []}), "celery.pidbox").replace("\"clock\":1", "\"clock\":1,\"ticket\":\"t\"");
        assert_eq!(opened(message.as_bytes()), Some(("t".to_owned(), Answers::from_iter([("w@h".to_owned(), json!([]))]))));
        assert_eq!(opened(b"{}"), None);
        assert_ne!(identifier(), identifier());
        assert_eq!(identifier().len(), 36);
    }

    #[test]
    fn broken_answers_do_not_panic() {
        let body = r#"{"body": "{\"w@h\": {\"pool\": {\"max-concurrency\": 2}}}", "headers": {"ticket": "t"}, "properties": {}}"#;
        crate::fuzz::feed(&[body.as_bytes()], |bytes| drop(opened(bytes)));
    }
}
