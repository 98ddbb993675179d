//! The HTTP server that every exporter is scraped through: small, bounded, and answering whatever happens.

use std::{io, pin::pin, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};
use tracing::{debug, info, warn};

use crate::flight::Source;

mod connections;
mod limits;
mod listen;
mod routes;
mod timed;

pub(crate) use limits::Limits;
pub(crate) use listen::ListenAddress;
pub(crate) use routes::Routes;

use connections::{Connection, Connections};
use timed::{Phase, Timed};

/// A request's head is at most this long; hyper answers 431 past it.
const HEAD_BYTES: usize = 16 << 10;

/// How long open requests may still take after SIGTERM.
const DRAIN: Duration = Duration::from_secs(5);

/// Wait after a failed accept, so that running out of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until SIGTERM or SIGINT, then lets open requests finish.
///
/// # Errors
/// The signals cannot be received.
pub(crate) async fn serve<S: Source>(listeners: Vec<TcpListener>, routes: Arc<Routes<S>>, limits: Arc<Limits>) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let connections = Connections::new(limits);
    let (stop, stopping) = watch::channel(false);
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(accept(listener, Arc::clone(&routes), Arc::clone(&connections), stopping.clone())))
        .collect();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("Stopping, open requests may finish");
    for task in accepting {
        task.abort();
    }
    stop.send_replace(true);
    if timeout(DRAIN, connections.drained()).await.is_err() {
        warn!(open = connections.open(), "Requests still open after the drain time are cut off");
    }
    Ok(())
}

async fn accept<S: Source>(listener: TcpListener, routes: Arc<Routes<S>>, connections: Arc<Connections>, stopping: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Some(connection) = connections.admit() {
                    tokio::spawn(converse(stream, connection, Arc::clone(&routes), stopping.clone()));
                }
            }
            Err(error) => {
                warn!(%error, "A connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, until either side ends it or a limit does.
async fn converse<S: Source>(stream: TcpStream, connection: Connection, routes: Arc<Routes<S>>, mut stopping: watch::Receiver<bool>) {
    // A page is written at once: waiting for more to send would only delay it.
    let _ = stream.set_nodelay(true);
    let stage = connection.stage();
    let answer = {
        let stage = Arc::clone(&stage);
        service_fn(move |request: Request<Incoming>| {
            stage.enter(Phase::Answer);
            let routes = Arc::clone(&routes);
            async move { Ok::<Response<Full<Bytes>>, io::Error>(routes.answer(&request).await) }
        })
    };
    let timed = TokioIo::new(Timed::new(stream, stage));
    let mut server = http1::Builder::new();
    server.header_read_timeout(None).max_buf_size(HEAD_BYTES);
    let mut exchange = pin!(server.serve_connection(timed, answer));
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
