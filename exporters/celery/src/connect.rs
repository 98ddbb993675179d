//! Byte streams to a broker: TCP, TLS or a socket file.

use std::{io, sync::Arc, time::Duration};

use exporter_core::{ClientTls, Failure, Reason, Secret, SecretSource};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use crate::address::Endpoint;

/// A broker that takes longer to be connected to is not there.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Who the exporter is to the broker.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretSource>,
}

impl Credentials {
    /// The password as it is now: a file is read again for each connection.
    pub(crate) fn password(&self) -> Result<Option<Secret>, Failure> {
        let Some(source) = &self.password else { return Ok(None) };
        let secret = source.read().map_err(|error| Failure::new(Reason::Auth, error))?;
        Ok(Some(secret).filter(|secret| !secret.reveal().is_empty()))
    }
}

/// One of the places where a broker is, and who the exporter is there.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
}

/// Opens a stream.
pub(crate) async fn open(endpoint: &Endpoint, tls: &ClientTls) -> Result<Box<dyn Stream>, Failure> {
    let (host, port, secure) = match endpoint {
        Endpoint::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
        Endpoint::Tcp { host, port, tls } => (host, *port, *tls),
    };
    let stream = dial(host, port).await?;
    stream.set_nodelay(true)?;
    if !secure {
        return Ok(Box::new(stream));
    }
    // Before the handshake, so that an unreadable file is not reported as the broker's fault.
    let (client, name) = (tls.client()?, tls.name(host)?);
    let secured = TlsConnector::from(Arc::new(client)).connect(name, stream).await;
    Ok(Box::new(secured.map_err(|error| Failure::new(Reason::Tls, error))?))
}

/// The result of a step of a connection, within a time.
pub(crate) async fn within<T, E: From<Failure>>(time: Duration, step: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(time, step).await.unwrap_or_else(|_| Err(Failure::new(Reason::Timeout, format!("no answer within {time:?}")).into()))
}

/// An error of the stream; TLS reports its own in the same form.
pub(crate) fn of_stream(error: io::Error) -> Failure {
    match error.get_ref() {
        Some(inner) if inner.is::<rustls::Error>() => Failure::new(Reason::Tls, error),
        _ => Failure::from(error),
    }
}

/// The first address of the host that answers.
async fn dial(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| Failure::new(Reason::Dns, error))?;
    let mut last = Failure::new(Reason::Dns, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Failure::from(error),
        }
    }
    Err(last)
}
