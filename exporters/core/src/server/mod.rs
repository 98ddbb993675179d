//! The HTTP server that every exporter is scraped through: small, bounded, and answering whatever happens.

use std::{io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};
use tracing::{debug, info, warn};

use crate::{flight::Source, web_config::Tls};

mod connections;
mod guard;
mod handshake;
mod limits;
mod listen;
mod listener;
mod refusals;
mod routes;
mod timed;

pub(crate) use limits::Limits;
pub(crate) use listen::ListenAddress;
pub(crate) use listener::Listener;
pub(crate) use routes::Routes;

use connections::{Connection, Connections};
use guard::Guard;
use listener::{Accepted, NO_ADDRESS};
use routes::Answer;
use timed::{Phase, Stage, Timed};

/// A request's head is at most this long; hyper answers 431 past it.
const HEAD_BYTES: usize = 16 << 10;

/// How long open requests may still take after SIGTERM.
const DRAIN: Duration = Duration::from_secs(5);

/// Wait after a failed accept, so that running out of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Debug)]
struct Server<S> {
    routes: Routes<S>,
    guard: Guard,
    connections: Arc<Connections>,
    limits: Arc<Limits>,
}

impl<S: Source> Server<S> {
    fn new(routes: Routes<S>, limits: Arc<Limits>) -> Arc<Self> {
        let (guard, connections) = (Guard::new(Arc::clone(&limits)), Connections::new(Arc::clone(&limits)));
        Arc::new(Self { routes, guard, connections, limits })
    }

    /// One request, on a connection that is secured with `tls`.
    async fn answer(&self, request: &Request<Incoming>, peer: IpAddr, stage: &Stage, tls: Option<&Tls>) -> Answer {
        stage.enter(Phase::Answer);
        let config = self.limits.web().current();
        let mut answer = match self.guard.refusal(request, peer, stage, &config).await {
            Some(refusal) => refusal,
            None => self.routes.answer(request).await,
        };
        for (name, value) in &config.headers {
            answer.headers_mut().insert(name, value.clone());
        }
        // A new certificate, or a new choice of clients, holds for those who are already connected too.
        if tls.map(|tls| Arc::as_ptr(&tls.server)) != config.tls.as_ref().map(|tls| Arc::as_ptr(&tls.server)) {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

/// Serves until SIGTERM or SIGINT, then lets open requests finish; SIGHUP has the web configuration read again.
///
/// # Errors
/// The signals cannot be received.
pub(crate) async fn serve<S: Source>(listeners: Vec<Listener>, routes: Routes<S>, limits: Arc<Limits>) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut reload = signal(SignalKind::hangup())?;
    let server = Server::new(routes, limits);
    let (stop, stopping) = watch::channel(false);
    let accepting: Vec<_> = listeners.into_iter().map(|listener| tokio::spawn(accept(listener, Arc::clone(&server), stopping.clone()))).collect();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => server.limits.web().reload(),
        }
    }
    info!("Stopping, open requests may finish");
    for task in accepting {
        task.abort();
    }
    stop.send_replace(true);
    if timeout(DRAIN, server.connections.drained()).await.is_err() {
        warn!(open = server.connections.open(), "Requests still open after the drain time are cut off");
    }
    Ok(())
}

async fn accept<S: Source>(listener: Listener, server: Arc<Server<S>>, stopping: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                let Some(connection) = server.connections.admit() else { continue };
                let (server, stopping) = (Arc::clone(&server), stopping.clone());
                match accepted {
                    Accepted::Tcp(stream, peer) => tokio::spawn(converse(stream, peer, connection, server, stopping)),
                    Accepted::Unix(stream) => tokio::spawn(converse(stream, NO_ADDRESS, connection, server, stopping)),
                };
            }
            Err(error) => {
                server.limits.not_accepted(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, until either side ends it or a limit does.
async fn converse<S: Source, T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    peer: IpAddr,
    connection: Connection,
    server: Arc<Server<S>>,
    mut stopping: watch::Receiver<bool>,
) {
    let Some(tls) = server.limits.web().current().tls.clone() else {
        return exchange(stream, peer, None, &connection, &server, stopping).await;
    };
    connection.stage().enter(Phase::Handshake);
    let secured = tokio::select! {
        secured = handshake::secure(stream, &tls, peer, &server.limits) => secured,
        () = connection.evicted() => None,
        () = stopped(&mut stopping) => None,
    };
    if let Some(stream) = secured {
        exchange(stream, peer, Some(&tls), &connection, &server, stopping).await;
    }
}

/// The requests of one connection.
async fn exchange<S: Source, T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    peer: IpAddr,
    tls: Option<&Tls>,
    connection: &Connection,
    server: &Arc<Server<S>>,
    mut stopping: watch::Receiver<bool>,
) {
    let stage = connection.stage();
    let answer = service_fn(|request: Request<Incoming>| {
        let (server, stage) = (Arc::clone(server), Arc::clone(&stage));
        async move { Ok::<Response<Full<Bytes>>, io::Error>(server.answer(&request, peer, &stage, tls).await) }
    });
    let timed = TokioIo::new(Timed::new(stream, Arc::clone(&stage)));
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_buf_size(HEAD_BYTES);
    let mut exchange = pin!(builder.serve_connection(timed, answer));
    let ended = tokio::select! {
        ended = &mut exchange => Some(ended),
        () = connection.evicted() => return,
        () = stopped(&mut stopping) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        exchange.as_mut().graceful_shutdown();
        exchange.await
    };
    if let Err(error) = ended {
        debug!(%error, "Connection ended early");
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender lives as long as the server, so an error means the same as the signal.
    let _ = stopping.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
