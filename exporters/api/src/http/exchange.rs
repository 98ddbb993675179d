//! One request from its arrival to its end: the only place that decides how it is counted, and that does so once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, Response, StatusCode, header};

use super::{
    endpoint::Endpoint,
    status::{CLIENT_CLOSED, FAILED},
};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The whole answer was handed over.
    Complete,
    /// The client left first.
    Aborted,
    /// The service or the body returned an error.
    Failed,
    /// The service or the body panicked.
    Panicked,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A body that ends by itself.
    Plain,
    /// Server-sent events: open until either side has had enough, so its end is no latency and no failure.
    Stream,
    /// The connection now speaks another protocol, and HTTP sees no more of it.
    Upgrade,
}

/// Everything that is known of a request at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) kind: Kind,
    pub(super) took: Duration,
    pub(super) sent: u64,
}

/// A request in flight; one that is dropped before its end was aborted.
#[derive(Debug)]
pub(super) struct Exchange {
    endpoint: Arc<Endpoint>,
    arrived: Instant,
    /// Whether the method lets the answer have a body.
    head_only: bool,
    connect: bool,
    answer: Option<Answer>,
    ended: bool,
}

/// What the head of the answer said.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u16,
    kind: Kind,
    /// Length of the body, if the head tells.
    declared: Option<u64>,
    sent: u64,
}

impl Exchange {
    pub(super) fn start(endpoint: Arc<Endpoint>, method: &Method) -> Self {
        endpoint.instruments().start();
        let (head_only, connect) = (*method == Method::HEAD, *method == Method::CONNECT);
        Self { endpoint, arrived: Instant::now(), head_only, connect, answer: None, ended: false }
    }

    /// The head is there. Ends the request if nothing follows; else says that the body has to be watched.
    pub(super) fn head<B: http_body::Body>(&mut self, response: &Response<B>) {
        let status = response.status();
        let kind = self.kind(response);
        let declared = declared(response);
        self.answer = Some(Answer { status: status.as_u16(), kind, declared, sent: 0 });
        let now = Instant::now();
        match kind {
            Kind::Plain => self.endpoint.instruments().head(now.saturating_duration_since(self.arrived)),
            Kind::Stream => self.endpoint.instruments().stream(),
            Kind::Upgrade => {}
        }
        let bodiless = self.head_only || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || status.is_informational();
        if bodiless || kind == Kind::Upgrade || response.body().is_end_stream() {
            self.end_at(Outcome::Complete, now);
        }
    }

    /// More of the body was handed over; `last` if nothing follows.
    pub(super) fn sent(&mut self, bytes: usize, last: bool) {
        if let Some(answer) = &mut self.answer {
            answer.sent += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
        if last {
            self.end(Outcome::Complete);
        }
    }

    /// Counts the request, if that was not done before.
    pub(super) fn end(&mut self, outcome: Outcome) {
        if !self.ended {
            self.end_at(outcome, Instant::now());
        }
    }

    fn end_at(&mut self, outcome: Outcome, now: Instant) {
        if self.ended {
            return;
        }
        self.ended = true;
        let answer = self.answer.unwrap_or(Answer { status: FAILED, kind: Kind::Plain, declared: None, sent: 0 });
        let status = match outcome {
            Outcome::Complete => answer.status,
            Outcome::Aborted => CLIENT_CLOSED,
            Outcome::Failed | Outcome::Panicked => FAILED,
        };
        let took = now.saturating_duration_since(self.arrived);
        self.endpoint.instruments().end(&Ending { status, outcome, kind: answer.kind, took, sent: answer.sent });
    }

    fn kind<B>(&self, response: &Response<B>) -> Kind {
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS || (self.connect && status.is_success()) {
            return Kind::Upgrade;
        }
        let events = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if events && !self.head_only { Kind::Stream } else { Kind::Plain }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = match self.answer {
            // The reader of an event stream leaves when it has had enough.
            Some(Answer { kind: Kind::Stream, .. }) => Outcome::Complete,
            // A server stops asking for more once it has what the head promised.
            Some(Answer { declared: Some(declared), sent, .. }) if sent >= declared => Outcome::Complete,
            _ => Outcome::Aborted,
        };
        self.end(outcome);
    }
}

/// The length that the client is told.
fn declared<B: http_body::Body>(response: &Response<B>) -> Option<u64> {
    let header = response.headers().get(header::CONTENT_LENGTH);
    header.and_then(|value| value.to_str().ok()?.parse().ok()).or_else(|| response.body().size_hint().exact())
}
