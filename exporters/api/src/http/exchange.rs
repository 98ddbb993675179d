//! One request from its arrival to its end: the only place that decides how it is counted, and that does so once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use exporter_core::TraceId;
use http::{HeaderName, Method, Request, Response, StatusCode, header};

use super::{
    endpoint::Endpoint,
    status::{CLIENT_CLOSED, FAILED},
};

/// Which trace a request is part of. <https://www.w3.org/TR/trace-context/>
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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

/// What the method lets the answer be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Body,
    /// HEAD: nothing follows, whatever the head says.
    HeadOnly,
    /// CONNECT: another protocol, if it succeeds.
    Tunnel,
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
    /// Time until the head of the answer, if there was one.
    pub(super) head: Option<Duration>,
    pub(super) sent: u64,
    pub(super) trace: Option<TraceId>,
}

/// A request in flight; one that is dropped before its end was aborted.
#[derive(Debug)]
pub(super) struct Exchange {
    endpoint: Arc<Endpoint>,
    arrived: Instant,
    expects: Expects,
    /// Whether the service's `call` has returned.
    called: bool,
    ended: bool,
    trace: Option<TraceId>,
    answer: Option<Answer>,
}

/// What the head of the answer said.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u16,
    kind: Kind,
    after: Duration,
    /// Length of the body, if the head tells.
    declared: Option<u64>,
    sent: u64,
}

impl Exchange {
    pub(super) fn start<B>(endpoint: Arc<Endpoint>, request: &Request<B>) -> Self {
        endpoint.instruments().start();
        let expects = match *request.method() {
            Method::HEAD => Expects::HeadOnly,
            Method::CONNECT => Expects::Tunnel,
            _ => Expects::Body,
        };
        let trace = request.headers().get(&TRACEPARENT).and_then(|value| TraceId::from_traceparent(value.to_str().ok()?));
        Self { endpoint, arrived: Instant::now(), expects, called: false, ended: false, trace, answer: None }
    }

    /// The service has returned its future; before that, only a panic ends a request.
    pub(super) const fn called(&mut self) {
        self.called = true;
    }

    pub(super) const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The head is there. Ends the request if nothing follows; else says that the body has to be watched.
    pub(super) fn head<B: http_body::Body>(&mut self, response: &Response<B>) {
        let status = response.status();
        let exact = response.body().size_hint().exact();
        let kind = self.kind(response, exact.is_some());
        let now = Instant::now();
        let after = now.saturating_duration_since(self.arrived);
        self.answer = Some(Answer { status: status.as_u16(), kind, after, declared: exact.or_else(|| declared(response)), sent: 0 });
        match kind {
            Kind::Plain => self.endpoint.instruments().head(after, self.trace),
            Kind::Stream => self.endpoint.instruments().stream(),
            Kind::Upgrade => {}
        }
        let bodiless =
            self.expects == Expects::HeadOnly || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || status.is_informational();
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
        let head = self.answer.map(|answer| answer.after);
        let answer = self.answer.unwrap_or(Answer { status: FAILED, kind: Kind::Plain, after: Duration::ZERO, declared: None, sent: 0 });
        let status = match outcome {
            Outcome::Complete => answer.status,
            Outcome::Aborted => CLIENT_CLOSED,
            Outcome::Failed | Outcome::Panicked => FAILED,
        };
        let took = now.saturating_duration_since(self.arrived);
        self.endpoint.instruments().end(&Ending { status, outcome, kind: answer.kind, took, head, sent: answer.sent, trace: self.trace });
    }

    fn kind<B>(&self, response: &Response<B>, finite: bool) -> Kind {
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS || (self.expects == Expects::Tunnel && status.is_success()) {
            return Kind::Upgrade;
        }
        // A body whose length is known is no stream of events, so most answers need no look at their headers.
        let events = !finite && response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if events && self.expects != Expects::HeadOnly { Kind::Stream } else { Kind::Plain }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = match self.answer {
            _ if !self.called => Outcome::Panicked,
            // The reader of an event stream leaves when it has had enough.
            Some(Answer { kind: Kind::Stream, .. }) => Outcome::Complete,
            // A server stops asking for more once it has what the head promised.
            Some(Answer { declared: Some(declared), sent, .. }) if sent >= declared => Outcome::Complete,
            _ => Outcome::Aborted,
        };
        self.end(outcome);
    }
}

/// The length that the client is told, where the body does not tell.
fn declared<B>(response: &Response<B>) -> Option<u64> {
    response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
