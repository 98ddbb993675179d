//! A stream that ends itself when its peer is too slow in one of the phases of an exchange.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::limits::{Limit, Limits};

/// Time for a request's head from its first byte, or from the start of the connection.
const HEAD: Duration = Duration::from_secs(5);

/// Time for which a write may stall.
const WRITE: Duration = Duration::from_secs(10);

/// Time between requests: longer than the longest usual scrape interval, so that connections are kept.
const IDLE: Duration = Duration::from_secs(150);

/// Where an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The connection is being secured: bounded by the handshake's own time.
    Handshake,
    /// Between requests.
    Idle,
    /// A request's head is being read.
    Head,
    /// A login waits for its turn, or is computed.
    Login,
    /// The handler works: this phase is bounded by the scrape's own deadline.
    Answer,
    /// A write has stalled.
    Write,
}

/// The phase of one connection, shared by its stream, its service and the table of connections.
#[derive(Debug)]
pub(super) struct Stage {
    now: Mutex<(Phase, Instant)>,
    limits: Arc<Limits>,
}

impl Stage {
    pub(super) fn new(limits: Arc<Limits>) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new((Phase::Head, Instant::now())), limits })
    }

    /// The phase, and since when.
    pub(super) fn now(&self) -> (Phase, Instant) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, phase: Phase) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    fn is(&self, phase: Phase) -> bool {
        self.now().0 == phase
    }

    /// Whether it is the exporter that works.
    fn is_working(&self) -> bool {
        matches!(self.now().0, Phase::Login | Phase::Answer)
    }
}

/// See the [module](self).
pub(super) struct Timed<T> {
    stream: T,
    stage: Arc<Stage>,
    timer: Pin<Box<Sleep>>,
}

impl<T> fmt::Debug for Timed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Timed").field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl<T> Timed<T> {
    pub(super) fn new(stream: T, stage: Arc<Stage>) -> Self {
        stage.enter(Phase::Head);
        Self { stream, stage, timer: Box::pin(sleep_until(Instant::now() + HEAD)) }
    }

    fn enter(&mut self, phase: Phase, limit: Duration) {
        self.stage.enter(phase);
        self.timer.as_mut().reset(Instant::now() + limit);
    }

    /// Pending until the phase's time is over, then an error.
    fn expired<R>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        let over = self.timer.as_mut().poll(context).is_ready();
        let limit = match self.stage.now().0 {
            Phase::Idle => Limit::IdleTimeout,
            Phase::Head => Limit::HeadTimeout,
            Phase::Write => Limit::WriteTimeout,
            Phase::Handshake | Phase::Login | Phase::Answer => return Poll::Pending,
        };
        if !over {
            return Poll::Pending;
        }
        self.stage.limits.hit(limit);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() && self.stage.is(Phase::Idle) {
            self.enter(Phase::Head, HEAD);
        }
        // hyper also reads while the handler works, to see the peer leave: that wait belongs to the scrape's deadline.
        if polled.is_ready() || self.stage.is_working() { polled } else { self.expired(context) }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.flushed(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.flushed(context, polled)
    }
}

impl<T> Timed<T> {
    /// Starts the stall timer at the first write that does not go through, and ends it with the next that does.
    fn written(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if polled.is_pending() {
            return self.stalled(context);
        }
        self.idle(context);
        polled
    }

    /// The same for bytes that were taken but have not left: TLS keeps some.
    fn flushed(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if polled.is_pending() {
            return self.stalled(context);
        }
        if self.stage.is(Phase::Write) {
            self.idle(context);
        }
        polled
    }

    fn stalled<R>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if !self.stage.is(Phase::Write) {
            self.enter(Phase::Write, WRITE);
        }
        self.expired(context)
    }

    fn idle(&mut self, context: &mut Context<'_>) {
        self.enter(Phase::Idle, IDLE);
        // hyper polls no read before the next byte arrives, so nothing else registers the wake-up.
        let _ = self.timer.as_mut().poll(context);
    }
}
