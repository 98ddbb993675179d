//! `healthcheck`: for images that hold nothing but the exporter.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use crate::server::ListenAddress;

/// The exporter answers this without asking its target, so it is quick or it is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the exporter that listens on `address` on this machine.
///
/// # Errors
/// It does not answer, or not that it is healthy.
pub(crate) fn ask(address: &ListenAddress) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for socket in address.local().to_socket_addrs()? {
        let asked = TcpStream::connect_timeout(&socket, PATIENCE).and_then(exchange);
        match asked {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("the answer is not 200 OK")) }
}
