//! The handshake before a secured connection: bounded by itself, and a refusal that reaches the client.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use rustls::Error;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    limits::{Limit, Limits},
    refusals::Refusal,
};
use crate::web_config::Tls;

/// Time for a handshake: as long as for a request's head.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long a client that was refused may take to read why.
const LINGER: Duration = Duration::from_secs(1);

/// Secures a connection; `None`: it was refused, which is counted and logged.
pub(super) async fn secure<T: AsyncRead + AsyncWrite + Unpin>(stream: T, tls: &Tls, peer: IpAddr, limits: &Limits) -> Option<TlsStream<T>> {
    let handshake = TlsAcceptor::from(Arc::clone(&tls.server)).accept(stream).into_fallible();
    match timeout(HANDSHAKE, handshake).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err((error, stream))) => {
            limits.refused(reason(&error), peer, &error);
            let _ = timeout(LINGER, drain(stream)).await;
            None
        }
        Err(_) => {
            limits.hit(Limit::TlsHandshakeTimeout);
            None
        }
    }
}

fn reason(error: &io::Error) -> Refusal {
    let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) else { return Refusal::TlsHandshake };
    match error {
        Error::NoCertificatesPresented | Error::InvalidCertificate(_) => Refusal::ClientCertificate,
        _ => Refusal::TlsHandshake,
    }
}

/// Reads what the client still sends: closing before would reset the connection, and the alert would be lost.
async fn drain<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
