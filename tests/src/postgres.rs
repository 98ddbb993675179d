//! One session of a `PostgreSQL` server in its own protocol: what it holds, it holds until it is dropped.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::PATIENCE;

/// Version 3.0 of the protocol.
const PROTOCOL: u32 = 196_608;

/// A session of the user `postgres`, whom the server must trust.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
}

impl Session {
    /// Opens one.
    ///
    /// # Errors
    /// When the server is not there or has no connection left.
    pub fn open(port: u16, database: &str) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut session = Self { stream };
        let mut startup = PROTOCOL.to_be_bytes().to_vec();
        startup.extend(format!("user\0postgres\0database\0{database}\0\0").bytes());
        session.write(&[], &startup)?;
        session.wait()?;
        Ok(session)
    }

    /// Sends a statement and does not wait for it.
    ///
    /// # Errors
    /// When the session has ended.
    pub fn send(&mut self, sql: &str) -> io::Result<()> {
        self.write(b"Q", format!("{sql}\0").as_bytes())
    }

    /// Waits until what was sent is done.
    ///
    /// # Errors
    /// The server's error, or that it ended the session.
    pub fn wait(&mut self) -> io::Result<()> {
        self.answer().map(|_| ())
    }

    /// Runs a statement, and returns the first column of each of its rows; NULL is no text.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`wait`](Self::wait).
    pub fn query(&mut self, sql: &str) -> io::Result<Vec<String>> {
        self.send(sql)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Vec<String>> {
        let (mut rows, mut error) = (Vec::new(), None);
        loop {
            let mut head = [0; 5];
            // A session that is refused says why, and ends.
            self.stream.read_exact(&mut head).map_err(|end| error.take().unwrap_or(end))?;
            let [kind, length @ ..] = head;
            let length = usize::try_from(u32::from_be_bytes(length)).expect("messages are short");
            let mut body = vec![0; length.checked_sub(4).expect("a length counts itself")];
            self.stream.read_exact(&mut body)?;
            match kind {
                b'D' => rows.push(first_column(&body)),
                b'E' => error = Some(io::Error::other(String::from_utf8_lossy(&body).replace('\0', " "))),
                b'Z' => return error.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    /// Runs a statement to its end.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`wait`](Self::wait).
    pub fn run(&mut self, sql: &str) -> io::Result<()> {
        self.send(sql)?;
        self.wait()
    }

    /// A message: what it is, its length, what it says.
    fn write(&mut self, kind: &[u8], body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).expect("messages are short");
        self.stream.write_all(&[kind, &length.to_be_bytes(), body].concat())
    }
}

/// The number of columns stands before them, and the length of each before its text; that of NULL is -1.
fn first_column(row: &[u8]) -> String {
    let length = row.get(2..6).and_then(|bytes| bytes.try_into().ok()).map_or(-1, i32::from_be_bytes);
    let end = 6 + usize::try_from(length).unwrap_or_default();
    String::from_utf8_lossy(row.get(6..end).unwrap_or_default()).into_owned()
}
