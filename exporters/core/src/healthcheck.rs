//! `healthcheck`: for images that hold nothing but the exporter.
//!
//! It has no user, no password and no certificate, and needs none: an exporter that refuses it answers, and that is the
//! question. So 401 (a login is required) and 429 (the rate is reached) are healthy, and so is a TLS server that refuses
//! a client without a certificate. The server's certificate is not verified: it is rarely made out to `localhost`.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, Error, StreamOwned, crypto::ring, pki_types::ServerName};

use crate::{client_tls::AnyCertificate, server::ListenAddress, web_config};

/// The exporter answers this without asking its target, so it is quick or it is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);

/// Answers of an exporter that lives.
const ALIVE: [&[u8]; 3] = [b"HTTP/1.1 200", b"HTTP/1.1 401", b"HTTP/1.1 429"];

/// One way to ask.
type Ask = fn(SocketAddr) -> io::Result<()>;

/// Asks the exporter that listens on `address` on this machine, with the web configuration in `config`.
///
/// # Errors
/// It does not answer, or not as one that is healthy.
pub(crate) fn ask(address: &ListenAddress, config: Option<&Path>) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for socket in address.local().to_socket_addrs()? {
        match ask_socket(socket, config) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// With a configuration that cannot be read, or was changed for a broken one, the exporter may speak either.
fn ask_socket(socket: SocketAddr, config: Option<&Path>) -> io::Result<()> {
    let Some(config) = config else { return plain(socket) };
    let (first, second): (Ask, Ask) = if web_config::asks_for_tls(config) == Some(false) { (plain, secured) } else { (secured, plain) };
    first(socket).or_else(|error| if is_silence(&error) { Err(error) } else { second(socket) })
}

fn plain(socket: SocketAddr) -> io::Result<()> {
    exchange(connect(socket)?)
}

fn secured(socket: SocketAddr) -> io::Result<()> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(client().map_err(io::Error::other)?, name).map_err(io::Error::other)?;
    let mut stream = connect(socket)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            return if was_refused(&error) { Ok(()) } else { Err(error) };
        }
    }
    // A server that wants a certificate says so after the handshake; with TLS 1.3 the client cannot tell before it reads.
    match exchange(StreamOwned::new(connection, stream)) {
        Err(error) if was_refused(&error) || is_end(&error) => Ok(()),
        asked => asked,
    }
}

fn connect(socket: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&socket, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn exchange(mut stream: impl Read + Write) -> io::Result<()> {
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if ALIVE.contains(&answer.as_slice()) { Ok(()) } else { Err(io::Error::other("the answer is not one of 200, 401, 429")) }
}

/// The server speaks TLS and will not have this client.
fn was_refused(error: &io::Error) -> bool {
    matches!(error.get_ref().and_then(|error| error.downcast_ref::<Error>()), Some(Error::AlertReceived(_)))
}

/// It hangs, and would in the other protocol too.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Takes any certificate: the question is whether somebody answers, and nothing secret is sent.
fn client() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))).with_no_client_auth()))
}
