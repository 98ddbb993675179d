//! Sockets that are listened on: bound here, or handed over by systemd.

use std::{
    io,
    net::{IpAddr, Ipv6Addr},
};

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Either kind of socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection of either kind.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Listener {
    /// Every socket that systemd activated, as `sd_listen_fds(3)` has it.
    ///
    /// # Errors
    /// There is none, or one on which no connection can be accepted.
    pub(crate) fn activated() -> io::Result<Vec<Self>> {
        let mut given = ListenFd::from_env();
        if given.len() == 0 {
            return Err(io::Error::other("found no socket in LISTEN_FDS, expected one that systemd activated"));
        }
        (0..given.len()).map(|at| Self::take(&mut given, at)).collect()
    }

    fn take(given: &mut ListenFd, at: usize) -> io::Result<Self> {
        if let Ok(Some(listener)) = given.take_tcp_listener(at) {
            listener.set_nonblocking(true)?;
            return TcpListener::from_std(listener).map(Self::Tcp);
        }
        match given.take_unix_listener(at) {
            Ok(Some(listener)) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Self::Unix)
            }
            _ => Err(io::Error::other(format!("found in LISTEN_FDS at {at} something else, expected ListenStream= of a TCP or Unix address"))),
        }
    }

    /// For the log.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()).unwrap_or_default(),
            Self::Unix(listener) => {
                let address = listener.local_addr().ok();
                address.and_then(|address| Some(address.as_pathname()?.display().to_string())).unwrap_or_else(|| "unix".to_owned())
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // A page is written at once: waiting for more to send would only delay it.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, peer.ip().to_canonical()))
            }
            Self::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// Stands for the peers of a Unix socket, which have no address.
pub(super) const NO_ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
