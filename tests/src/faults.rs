//! A TCP proxy between an exporter and its target that misbehaves on demand.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::server::runtime;
use crate::{PATIENCE, port, wait};

/// What happens to replies from now on, on open connections too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes pass both ways.
    Pass,
    /// Replies come that much later, as over a longer line: what follows is under way meanwhile.
    Delay(Duration),
    /// A reply comes byte by byte, that many in a second.
    Drip(u32),
    /// After that many bytes of replies the connection is closed in order (FIN).
    Cut(usize),
    /// After that many bytes of replies the connection is reset (RST).
    Reset(usize),
    /// Each piece of a reply is replaced by these bytes.
    Garbage(Vec<u8>),
    /// Connections are accepted and read, and never answered.
    Freeze,
    /// Nothing listens, and open connections are closed.
    Refuse,
}

/// A proxy on a port of its own.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    fault: watch::Sender<Fault>,
    counts: Arc<Counts>,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Counts {
    listening: AtomicBool,
    open: AtomicUsize,
    accepted: AtomicU64,
    returned: AtomicU64,
}

impl FaultProxy {
    /// Starts to pass connections on to that port of 127.0.0.1.
    #[must_use]
    pub fn start(target: u16) -> Self {
        let (fault, faults) = watch::channel(Fault::Pass);
        let (port, counts, runtime) = (port::free(), Arc::<Counts>::default(), runtime());
        runtime.spawn(listen(port, target, faults, Arc::clone(&counts)));
        let proxy = Self { port, fault, counts, runtime: Some(runtime) };
        proxy.set(Fault::Pass);
        proxy
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what happens to replies; returns once the port is open or closed accordingly.
    pub fn set(&self, fault: Fault) {
        let listening = fault != Fault::Refuse;
        self.fault.send_replace(fault);
        wait::until("the proxy to open or close its port", PATIENCE, || {
            let settled = self.counts.listening.load(Ordering::SeqCst) == listening && (listening || self.open() == 0);
            settled.then_some(())
        });
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// Bytes handed to the client so far.
    #[must_use]
    pub fn returned(&self) -> u64 {
        self.counts.returned.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn listen(port: u16, target: u16, mut faults: watch::Receiver<Fault>, counts: Arc<Counts>) {
    // `wait_for` fails once the proxy is dropped.
    while faults.wait_for(|fault| *fault != Fault::Refuse).await.is_ok() {
        let listener = bind(port);
        counts.listening.store(true, Ordering::SeqCst);
        let mut refusal = faults.clone();
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => {
                    counts.accepted.fetch_add(1, Ordering::SeqCst);
                    counts.open.fetch_add(1, Ordering::SeqCst);
                    let (faults, counts) = (faults.clone(), Arc::clone(&counts));
                    tokio::spawn(async move {
                        // A connection that ends with an error ends all the same.
                        let _ = carry(client, target, faults, &counts).await;
                        counts.open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                _ = refusal.wait_for(|fault| *fault == Fault::Refuse) => break,
            }
        }
        drop(listener);
        counts.listening.store(false, Ordering::SeqCst);
    }
}

fn bind(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a port can be bound again at once");
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).expect("the port is free");
    socket.listen(128).expect("a bound socket listens")
}

/// Carries one connection until either side closes it or the fault ends it; both sockets close when it returns.
async fn carry(mut client: TcpStream, target: u16, mut faults: watch::Receiver<Fault>, counts: &Counts) -> std::io::Result<()> {
    let mut target = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await?;
    client.set_nodelay(true)?;
    let (mut request, mut reply) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    let mut since_fault = 0;
    // What is under way, with when it arrives.
    let mut line: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut ended = false;
    loop {
        let due = line.front().map(|(due, _)| *due);
        tokio::select! {
            // A change is seen before any byte that was sent after it.
            biased;
            changed = faults.changed() => {
                since_fault = 0;
                if changed.is_err() || *faults.borrow() == Fault::Refuse {
                    return Ok(());
                }
                for (due, _) in &mut line {
                    *due = Instant::now();
                }
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, piece)) = line.pop_front() {
                    Outlet { client: &mut client, faults: &mut faults, counts, since_fault: &mut since_fault }.write(&piece).await?;
                }
                if ended && line.is_empty() {
                    return Ok(());
                }
            }
            read = client.read(&mut request) => match read? {
                0 => return Ok(()),
                length if *faults.borrow() != Fault::Freeze => target.write_all(&request[..length]).await?,
                _ => {}
            },
            read = target.read(&mut reply), if !ended => match read? {
                0 if line.is_empty() => return Ok(()),
                0 => ended = true,
                length => {
                    let delay = match *faults.borrow() {
                        Fault::Delay(delay) => Some(delay),
                        // Nothing overtakes what is under way.
                        _ if !line.is_empty() => Some(Duration::ZERO),
                        _ => None,
                    };
                    let mut out = Outlet { client: &mut client, faults: &mut faults, counts, since_fault: &mut since_fault };
                    match delay {
                        Some(delay) => line.push_back((Instant::now() + delay, reply[..length].to_vec())),
                        None if !out.deliver(&reply[..length]).await? => return Ok(()),
                        None => {}
                    }
                }
            },
        }
    }
}

/// The client's side of a connection.
struct Outlet<'a> {
    client: &'a mut TcpStream,
    faults: &'a mut watch::Receiver<Fault>,
    counts: &'a Counts,
    /// Bytes returned since the fault was set.
    since_fault: &'a mut usize,
}

impl Outlet<'_> {
    /// Returns a piece of a reply as the fault has it; `false` once the connection is to end.
    async fn deliver(&mut self, piece: &[u8]) -> std::io::Result<bool> {
        let fault = self.faults.borrow().clone();
        match fault {
            Fault::Pass | Fault::Delay(_) => self.write(piece).await?,
            Fault::Drip(per_second) => {
                for byte in piece {
                    self.write(&[*byte]).await?;
                    self.pause(Duration::from_secs(1) / per_second).await;
                }
            }
            Fault::Cut(after) => return self.write_until(after, piece).await,
            Fault::Reset(after) => {
                if !self.write_until(after, piece).await? {
                    self.client.set_zero_linger()?;
                    return Ok(false);
                }
            }
            Fault::Garbage(bytes) => self.write(&bytes).await?,
            Fault::Freeze => {}
            Fault::Refuse => return Ok(false),
        }
        Ok(true)
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        // Counted first: a client that has the bytes must find them counted.
        *self.since_fault += bytes.len();
        self.counts.returned.fetch_add(u64::try_from(bytes.len()).expect("a length fits"), Ordering::SeqCst);
        self.client.write_all(bytes).await
    }

    /// Writes what is left up to `after` bytes; `false` once there are none left.
    async fn write_until(&mut self, after: usize, piece: &[u8]) -> std::io::Result<bool> {
        let left = after.saturating_sub(*self.since_fault).min(piece.len());
        self.write(&piece[..left]).await?;
        Ok(*self.since_fault < after)
    }

    /// Waits, but not past the next change: the rest of a slow reply then comes at once.
    async fn pause(&mut self, delay: Duration) {
        if !self.faults.has_changed().unwrap_or(true) {
            // `has_changed` must still see the change afterwards, so a copy waits for it.
            let mut faults = self.faults.clone();
            tokio::select! {
                () = sleep(delay) => {}
                _ = faults.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net;
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// Sends back every byte; ends with the test process.
    fn echo() -> u16 {
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
            }
        });
        port
    }

    fn connect(proxy: &FaultProxy) -> net::TcpStream {
        let stream = net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn exchange(stream: &mut net::TcpStream, sent: &[u8]) -> Vec<u8> {
        stream.write_all(sent).unwrap();
        let mut back = vec![0; sent.len()];
        stream.read_exact(&mut back).unwrap();
        back
    }

    #[test]
    fn pass_returns_and_counts_bytes() {
        let proxy = FaultProxy::start(echo());

        assert_eq!(exchange(&mut connect(&proxy), b"hello"), b"hello");
        assert_eq!(exchange(&mut connect(&proxy), b"again"), b"again");

        assert_eq!((proxy.accepted(), proxy.returned()), (2, 10));
    }

    #[test]
    fn delay_holds_a_reply_back() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Delay(Duration::from_millis(100)));
        let start = Instant::now();

        exchange(&mut stream, b"hello");

        assert!(start.elapsed() >= Duration::from_millis(100));
    }

    #[test]
    fn delay_is_no_throttle() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Delay(Duration::from_millis(200)));
        let start = Instant::now();
        let sent: Vec<u8> = (0..1 << 18).flat_map(u32::to_le_bytes).collect();
        let mut writer = stream.try_clone().unwrap();
        let written = sent.clone();

        let writing = thread::spawn(move || writer.write_all(&written));
        let mut back = vec![0; sent.len()];
        stream.read_exact(&mut back).unwrap();

        writing.join().unwrap().unwrap();
        assert!(back == sent, "bytes are lost or out of order");
        // One piece after the other would take 64 times as long as one.
        assert!(start.elapsed() < Duration::from_millis(200 * 32), "{:?}", start.elapsed());
    }

    #[test]
    fn change_ends_a_delay() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Delay(Duration::from_hours(1)));
        stream.write_all(b"hello").unwrap();

        proxy.set(Fault::Pass);

        assert_eq!(exchange(&mut stream, b"again"), b"hello");
    }

    #[test]
    fn drip_takes_its_time() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Drip(100));
        let start = Instant::now();

        assert_eq!(exchange(&mut stream, b"0123456789"), b"0123456789");

        assert!(start.elapsed() >= Duration::from_millis(90));
    }

    #[test]
    fn cut_closes_after_its_bytes() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        exchange(&mut stream, b"before");
        proxy.set(Fault::Cut(3));
        stream.write_all(b"hello").unwrap();
        let mut back = Vec::new();

        stream.read_to_end(&mut back).unwrap();

        assert_eq!(back, b"hel");
    }

    #[test]
    fn reset_breaks_the_connection() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Reset(0));
        stream.write_all(b"hello").unwrap();

        assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn garbage_replaces_a_reply() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        proxy.set(Fault::Garbage(b"\xff\xfe!".to_vec()));
        stream.write_all(b"hello").unwrap();
        let mut back = [0; 3];

        stream.read_exact(&mut back).unwrap();

        assert_eq!(&back, b"\xff\xfe!");
    }

    #[test]
    fn freeze_accepts_and_answers_nothing() {
        let proxy = FaultProxy::start(echo());
        proxy.set(Fault::Freeze);
        let mut stream = connect(&proxy);
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream.write_all(b"hello").unwrap();

        assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(proxy.open(), 1);
    }

    #[test]
    fn refuse_closes_the_port_for_a_while() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        exchange(&mut stream, b"hello");

        proxy.set(Fault::Refuse);

        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
        let refused = net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.set(Fault::Pass);
        assert_eq!(exchange(&mut connect(&proxy), b"hello"), b"hello");
    }
}
