//! One connection to a broker of AMQP, and calls on its channels.

use std::{fmt, time::Duration};

use exporter_core::{ClientTls, Failure, Reason};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::wire::{Fields, Frame, Id, Payload, Writer, write_frame};
use crate::{
    address::Endpoint,
    connect::{Credentials, Stream, of_stream, open},
};

/// What a client says first.
const PROTOCOL: &[u8] = b"AMQP\0\0\x09\x01";

/// Seconds after which a silent side is taken for gone; both send something in half of it.
const HEARTBEAT_SECONDS: u16 = 10;

/// How often this side shows that it is there.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(4);

/// Read at once.
const CHUNK: usize = 256 << 10;

/// Largest payload of a frame that we send or accept.
const FRAME_MAX: u32 = 128 << 10;

/// Methods, as in the specification.
pub(super) mod methods {
    use super::Id;

    pub(in super::super) const START: Id = (10, 10);
    pub(in super::super) const START_OK: Id = (10, 11);
    pub(in super::super) const TUNE: Id = (10, 30);
    pub(in super::super) const TUNE_OK: Id = (10, 31);
    pub(in super::super) const OPEN: Id = (10, 40);
    pub(in super::super) const OPEN_OK: Id = (10, 41);
    pub(in super::super) const CLOSE: Id = (10, 50);
    pub(in super::super) const CHANNEL_OPEN: Id = (20, 10);
    pub(in super::super) const CHANNEL_OPEN_OK: Id = (20, 11);
    pub(in super::super) const CHANNEL_CLOSE: Id = (20, 40);
    pub(in super::super) const CHANNEL_CLOSE_OK: Id = (20, 41);
    pub(in super::super) const EXCHANGE_DECLARE: Id = (40, 10);
    pub(in super::super) const EXCHANGE_DECLARE_OK: Id = (40, 11);
    pub(in super::super) const QUEUE_DECLARE: Id = (50, 10);
    pub(in super::super) const QUEUE_DECLARE_OK: Id = (50, 11);
    pub(in super::super) const QUEUE_BIND: Id = (50, 20);
    pub(in super::super) const QUEUE_BIND_OK: Id = (50, 21);
    pub(in super::super) const QOS: Id = (60, 10);
    pub(in super::super) const QOS_OK: Id = (60, 11);
    pub(in super::super) const CONSUME: Id = (60, 20);
    pub(in super::super) const CONSUME_OK: Id = (60, 21);
    pub(in super::super) const CANCEL: Id = (60, 30);
    pub(in super::super) const PUBLISH: Id = (60, 40);
    pub(in super::super) const DELIVER: Id = (60, 60);
    pub(in super::super) const ACK: Id = (60, 80);
}
use methods::{CHANNEL_CLOSE, CHANNEL_CLOSE_OK, CHANNEL_OPEN, CHANNEL_OPEN_OK, CLOSE, OPEN, OPEN_OK, PUBLISH, START, START_OK, TUNE, TUNE_OK};

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// The broker has closed the channel: code and text.
    Refused(u16, String),
    /// The connection is of no more use.
    Link(Failure),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Link(failure)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(code, text) => closed(code, &text),
            CallError::Link(failure) => failure,
        }
    }
}

/// A connection. After an error, or when a future of it was dropped other than in [`fill`](Self::fill), it must not be used
/// again.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    start: usize,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Link")
    }
}

impl Link {
    /// A connection to a virtual host, without channels.
    pub(super) async fn open(endpoint: &Endpoint, tls: &ClientTls, credentials: &Credentials, host: &str) -> Result<Self, Failure> {
        let mut link = Self { stream: open(endpoint, tls).await?, inbox: Vec::new(), start: 0 };
        link.send(PROTOCOL).await?;
        link.answer(0, START).await?;
        let password = credentials.password()?;
        let user = credentials.user.as_deref().unwrap_or("guest");
        let password = password.as_ref().map_or("guest", |password| password.reveal());
        let response = Zeroizing::new(format!("\0{user}\0{password}"));
        let properties = [("product", Value::from("celery-exporter")), ("connection_name", Value::from("celery-exporter"))];
        let start = Writer::method(START_OK).table(&properties).short_text("PLAIN").long_text(response.as_bytes()).short_text("en_US");
        let start = Zeroizing::new(start.0);
        link.send_method(0, &start).await?;
        let tune = match link.answer(0, TUNE).await {
            // A refused password is said on the connection, by older brokers only by closing it.
            Err(CallError::Link(failure)) if failure.reason == Reason::Closed => return Err(Failure::new(Reason::Auth, "login was refused")),
            other => other?,
        };
        let mut fields = Fields(&tune);
        let (channels, frame) = (fields.short().unwrap_or(0), fields.long().unwrap_or(0));
        let frame = if frame == 0 { FRAME_MAX } else { frame.min(FRAME_MAX) };
        link.send_method(0, &Writer::method(TUNE_OK).short(channels).long(frame).short(HEARTBEAT_SECONDS).0).await?;
        link.send_method(0, &Writer::method(OPEN).short_text(host).short_text("").octet(0).0).await?;
        match link.answer(0, OPEN_OK).await {
            Err(CallError::Link(failure)) if failure.reason == Reason::Closed => {
                Err(Failure::new(Reason::Permission, format!("virtual host {host:?} was refused")))
            }
            other => other.map(|_| link).map_err(Failure::from),
        }
    }

    /// Opens a channel.
    pub(super) async fn channel(&mut self, channel: u16) -> Result<(), Failure> {
        self.call(channel, &Writer::method(CHANNEL_OPEN).short_text("").0, CHANNEL_OPEN_OK).await?;
        Ok(())
    }

    /// Closes a channel.
    pub(super) async fn close_channel(&mut self, channel: u16) -> Result<(), Failure> {
        let close = Writer::method(CHANNEL_CLOSE).short(200).short_text("").short(0).short(0);
        self.call(channel, &close.0, CHANNEL_CLOSE_OK).await?;
        Ok(())
    }

    /// Calls a method and gives the arguments of its answer. A closed channel is confirmed, and free to be opened again.
    pub(super) async fn call(&mut self, channel: u16, method: &[u8], answer: Id) -> Result<Vec<u8>, CallError> {
        self.send_method(channel, method).await?;
        self.answer(channel, answer).await
    }

    /// Publishes a JSON message.
    pub(super) async fn publish(&mut self, channel: u16, exchange: &str, body: &Value, headers: &[(&str, Value)]) -> Result<(), Failure> {
        let body = body.to_string().into_bytes();
        let mut out = Vec::new();
        let method = Writer::method(PUBLISH).short(0).short_text(exchange).short_text("").octet(0);
        write_frame(1, channel, &method.0, &mut out);
        let size = u64::try_from(body.len()).unwrap_or(0);
        let header = Writer::default().short(60).short(0).long_long(size).short(0b1_1111 << 11);
        let header = header.short_text("application/json").short_text("utf-8").table(headers).octet(1).octet(0);
        write_frame(2, channel, &header.0, &mut out);
        for part in body.chunks(64 << 10) {
            write_frame(3, channel, part, &mut out);
        }
        self.send(&out).await
    }

    pub(super) async fn send_method(&mut self, channel: u16, method: &[u8]) -> Result<(), Failure> {
        let mut out = Zeroizing::new(Vec::with_capacity(method.len() + 8));
        write_frame(1, channel, method, &mut out);
        self.send(&out).await
    }

    /// Sends methods on a channel, all at once.
    pub(super) async fn send_methods(&mut self, channel: u16, methods: impl Iterator<Item = Vec<u8>>) -> Result<(), Failure> {
        let mut out = Vec::new();
        methods.for_each(|method| write_frame(1, channel, &method, &mut out));
        self.send(&out).await
    }

    /// Shows that this side is there.
    pub(super) async fn heartbeat(&mut self) -> Result<(), Failure> {
        let mut out = Vec::new();
        write_frame(8, 0, &[], &mut out);
        self.send(&out).await
    }

    /// Hands every whole frame received so far to `each`. Never waits.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Frame<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        while let Some((frame, used)) = Frame::parse(self.inbox.get(self.start..).unwrap_or_default()).map_err(|_| malformed())? {
            if let Payload::Method(CLOSE, arguments) = frame.payload {
                return Err(said(arguments));
            }
            each(frame)?;
            self.start += used;
        }
        Ok(())
    }

    /// Waits for more bytes. May be dropped at any time.
    pub(super) async fn fill(&mut self) -> Result<(), Failure> {
        self.inbox.drain(..self.start);
        self.start = 0;
        self.inbox.reserve(CHUNK);
        match self.stream.read_buf(&mut self.inbox).await.map_err(of_stream)? {
            0 => Err(Failure::new(Reason::Closed, "the broker has closed the connection")),
            _ => Ok(()),
        }
    }

    /// The arguments of the next method that is this answer. What comes before it is of no interest: heartbeats, and
    /// deliveries to a channel that is being closed.
    pub(super) async fn answer(&mut self, channel: u16, wanted: Id) -> Result<Vec<u8>, CallError> {
        loop {
            let Some((frame, used)) = Frame::parse(self.inbox.get(self.start..).unwrap_or_default()).map_err(|_| malformed())? else {
                self.fill().await?;
                continue;
            };
            let found = match frame.payload {
                Payload::Method(CLOSE, arguments) => return Err(CallError::Link(said(arguments))),
                Payload::Method(CHANNEL_CLOSE, arguments) if frame.channel == channel => {
                    let mut fields = Fields(arguments);
                    let code = fields.short().unwrap_or(0);
                    let text = String::from_utf8_lossy(fields.short_text().unwrap_or_default()).into_owned();
                    self.start += used;
                    self.send_method(channel, &Writer::method(CHANNEL_CLOSE_OK).0).await?;
                    return Err(CallError::Refused(code, text));
                }
                Payload::Method(id, arguments) if frame.channel == channel && id == wanted => Some(arguments.to_vec()),
                _ => None,
            };
            self.start += used;
            if let Some(arguments) = found {
                return Ok(arguments);
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(bytes).await.map_err(of_stream)?;
        self.stream.flush().await.map_err(of_stream)
    }
}

/// What the broker says when it closes the connection.
fn said(arguments: &[u8]) -> Failure {
    let mut fields = Fields(arguments);
    let code = fields.short().unwrap_or(0);
    closed(code, &String::from_utf8_lossy(fields.short_text().unwrap_or_default()))
}

pub(super) fn closed(code: u16, text: &str) -> Failure {
    let reason = match code {
        403 if text.contains("Login") || text.contains("login") => Reason::Auth,
        403 | 530 => Reason::Permission,
        320 => Reason::Closed,
        501..=505 => Reason::Protocol,
        _ => Reason::Unreachable,
    };
    Failure::new(reason, format!("{code} {text}"))
}

fn malformed() -> Failure {
    Failure::new(Reason::Protocol, "the broker sent something else than a frame")
}
