//! `selextract-api healthcheck`: asks the running service whether it is healthy. For images without a shell.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use anyhow::{Context, bail};

use crate::listen;

/// Longest wait for each step.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Fails unless what listens at `address`, in the words of `--web.listen-address`, answers 200.
pub(crate) fn ask(address: &str) -> anyhow::Result<()> {
    let address = resolve(address).context("--web.listen-address")?;
    let mut stream = TcpStream::connect_timeout(&listen::reachable(address), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    if answer.split(' ').nth(1) == Some("200") { Ok(()) } else { bail!("it answers {:?}", answer.lines().next().unwrap_or_default()) }
}

fn resolve(address: &str) -> anyhow::Result<SocketAddr> {
    match address.strip_prefix(':') {
        Some(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?))),
        None => address.to_socket_addrs()?.next().context("it has no address"),
    }
}
