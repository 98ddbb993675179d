//! One connection to Redis.

use std::fmt;

use exporter_core::{ClientTls, Failure, Reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::resp::{Pending, Reply, pack};
use crate::{
    address::Endpoint,
    connect::{Credentials, Stream, of_stream, open},
};

/// By this name connections are known in CLIENT LIST.
const CLIENT_NAME: &str = "celery_exporter";

/// Read at once. The kernel holds more, so that a burst does not stay in the broker's buffer for long.
const CHUNK: usize = 256 << 10;

/// Largest reply, all its strings together.
const MOST_BYTES: usize = 16 << 20;

/// A published message comes with the names of its channel and pattern, which are shorter than this.
const ENVELOPE: usize = 1 << 20;

/// A connection. After an error, or when a future of it was dropped other than in [`fill`](Self::fill), it must not be used
/// again.
pub(crate) struct Link {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    /// Where in the inbox the next reply starts.
    start: usize,
    /// Bytes of a string that is too large, still to be dropped.
    skip: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Link")
    }
}

impl Link {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, inbox: Vec::new(), start: 0, skip: 0 }
    }

    /// A connection that is ready for commands on keys of `database`, or for subscriptions, which know no databases.
    pub(crate) async fn open(endpoint: &Endpoint, tls: &ClientTls, credentials: &Credentials, database: Option<u32>) -> Result<Self, Failure> {
        let mut link = Self::new(open(endpoint, tls).await?);
        let mut packed = Zeroizing::new(Vec::new());
        let password = credentials.password()?;
        if let Some(password) = &password {
            match &credentials.user {
                Some(user) => pack(&["AUTH", user, password.reveal()], &mut packed),
                None => pack(&["AUTH", password.reveal()], &mut packed),
            }
        }
        pack(&["CLIENT", "SETNAME", CLIENT_NAME], &mut packed);
        if let Some(database) = database {
            pack(&["SELECT", &database.to_string()], &mut packed);
        }
        link.send(&packed).await?;
        if password.is_some() {
            link.reply(|reply| match reply {
                // A password for a server that has none changes nothing.
                Reply::Error(error) if !needs_no_password(error) => Err(refused(error, Reason::Auth)),
                _ => Ok(()),
            })
            .await??;
        }
        // Whether the name may be set does not matter, unless nothing may be done.
        link.reply(|reply| if let Reply::Error(error) = reply { refusal(error).map_or(Ok(()), Err) } else { Ok(()) }).await??;
        if database.is_some() {
            link.reply(|reply| if let Reply::Error(error) = reply { Err(refused(error, Reason::Protocol)) } else { Ok(()) }).await??;
        }
        Ok(link)
    }

    /// Sends packed commands.
    pub(crate) async fn send(&mut self, packed: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(packed).await.map_err(of_stream)?;
        self.stream.flush().await.map_err(of_stream)
    }

    /// Reads the next reply.
    pub(crate) async fn reply<T>(&mut self, read: impl FnOnce(Reply<'_>) -> T) -> Result<T, Failure> {
        self.reply_within(MOST_BYTES, read).await?.ok_or_else(too_large)
    }

    /// Reads the next reply; one that ends with a string of more than `limit` bytes is read over, and is `None`.
    pub(crate) async fn reply_within<T>(&mut self, limit: usize, read: impl FnOnce(Reply<'_>) -> T) -> Result<Option<T>, Failure> {
        loop {
            match Reply::parse(self.unread(), limit) {
                Ok((reply, used)) => {
                    let value = read(reply);
                    self.start += used;
                    return Ok(Some(value));
                }
                Err(Pending::More) if self.unread().len() > MOST_BYTES => return Err(too_large()),
                Err(Pending::More) => self.fill().await?,
                Err(Pending::TooLarge { ends }) => {
                    self.skip = ends;
                    while !self.is_past_the_skipped() {
                        self.fill().await?;
                    }
                    return Ok(None);
                }
                Err(Pending::Malformed) => return Err(malformed()),
            }
        }
    }

    /// Drops what has been received of a string that is too large; whether all of it has.
    fn is_past_the_skipped(&mut self) -> bool {
        let received = self.inbox.len() - self.start;
        let dropped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(received);
        self.start += dropped;
        self.skip -= u64::try_from(dropped).unwrap_or(0);
        self.skip == 0
    }

    /// Hands every whole reply received so far to `each`; `None` stands for one with a string of more than `limit` bytes,
    /// which has to be the last part of its reply, as it is of a published message. Never waits.
    pub(crate) fn drain(&mut self, limit: usize, mut each: impl FnMut(Option<Reply<'_>>)) -> Result<(), Failure> {
        loop {
            if !self.is_past_the_skipped() {
                return Ok(());
            }
            match Reply::parse(self.unread(), limit) {
                Ok((reply, used)) => {
                    each(Some(reply));
                    self.start += used;
                }
                // Each of its parts is small enough, and there is no end to them.
                Err(Pending::More) if self.unread().len() > limit.saturating_add(ENVELOPE) => return Err(too_large()),
                Err(Pending::More) => return Ok(()),
                Err(Pending::TooLarge { ends }) => {
                    self.skip = ends;
                    each(None);
                }
                Err(Pending::Malformed) => return Err(malformed()),
            }
        }
    }

    /// Waits for more bytes. May be dropped at any time.
    pub(crate) async fn fill(&mut self) -> Result<(), Failure> {
        self.inbox.drain(..self.start);
        self.start = 0;
        if self.inbox.is_empty() && self.inbox.capacity() > 4 * CHUNK {
            self.inbox.shrink_to(CHUNK);
        }
        self.inbox.reserve(CHUNK);
        match self.stream.read_buf(&mut self.inbox).await.map_err(of_stream)? {
            0 => Err(Failure::new(Reason::Closed, "the server has closed the connection")),
            _ => Ok(()),
        }
    }

    fn unread(&self) -> &[u8] {
        self.inbox.get(self.start..).unwrap_or_default()
    }
}

/// The failure that an error stands for with which the server would answer any command.
pub(crate) fn refusal(error: &[u8]) -> Option<Failure> {
    let reason = match code(error) {
        "NOAUTH" | "WRONGPASS" => Reason::Auth,
        "DENIED" => Reason::Permission,
        "LOADING" => Reason::Starting,
        _ if String::from_utf8_lossy(error).contains("max number of clients") => Reason::TooManyConnections,
        _ => return None,
    };
    Some(refused(error, reason))
}

/// The failure of one command, by the error that it was answered with.
pub(crate) fn refused(error: &[u8], otherwise: Reason) -> Failure {
    let reason = match code(error) {
        "NOPERM" => Reason::Permission,
        "NOAUTH" | "WRONGPASS" => Reason::Auth,
        "LOADING" => Reason::Starting,
        _ => otherwise,
    };
    Failure::new(reason, String::from_utf8_lossy(error))
}

fn code(error: &[u8]) -> &str {
    let end = error.iter().position(|byte| *byte == b' ').unwrap_or(error.len());
    error.get(..end).and_then(|code| std::str::from_utf8(code).ok()).unwrap_or_default()
}

fn needs_no_password(error: &[u8]) -> bool {
    let error = String::from_utf8_lossy(error);
    error.contains("without any password configured") || error.contains("no password is set")
}

fn malformed() -> Failure {
    Failure::new(Reason::Protocol, "the server sent something else than a reply")
}

fn too_large() -> Failure {
    Failure::new(Reason::TooLarge, "a reply is larger than the exporter takes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(bytes: Vec<u8>) -> Link {
        Link::new(Box::new(tokio::io::join(std::io::Cursor::new(bytes), tokio::io::sink())))
    }

    async fn all(bytes: Vec<u8>, limit: usize) -> (Vec<Option<usize>>, Reason) {
        let (mut link, mut seen) = (link(bytes), Vec::new());
        loop {
            if let Err(failure) = link.drain(limit, |reply| seen.push(reply.map(|reply| reply.parts().len()))) {
                return (seen, failure.reason);
            }
            if let Err(failure) = link.fill().await {
                return (seen, failure.reason);
            }
        }
    }

    #[tokio::test]
    async fn too_large_message_costs_itself_only() {
        let mut bytes = b"*1\r\n$1\r\na\r\n".to_vec();
        bytes.extend_from_slice(b"*2\r\n$1\r\na\r\n$1000000\r\n");
        bytes.extend_from_slice(&vec![b'x'; 1_000_000]);
        bytes.extend_from_slice(b"\r\n*3\r\n:1\r\n:2\r\n:3\r\n");
        assert_eq!(all(bytes, 1000).await, (vec![Some(1), None, Some(3)], Reason::Closed));
    }

    #[tokio::test]
    async fn too_large_reply_is_read_over() {
        let mut bytes = b"$1000000\r\n".to_vec();
        bytes.extend_from_slice(&vec![b'x'; 1_000_000]);
        bytes.extend_from_slice(b"\r\n:7\r\n");
        let mut link = link(bytes);
        assert_eq!(link.reply_within(1000, |reply| reply.count()).await.unwrap(), None);
        assert!(link.inbox.capacity() < 1_000_000);
        assert_eq!(link.reply(|reply| reply.count()).await.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn array_without_an_end_is_given_up() {
        let bytes = [b"*1000000000\r\n".to_vec(), b"$1\r\na\r\n".repeat(400_000)].concat();
        assert_eq!(all(bytes, 1000).await, (Vec::new(), Reason::TooLarge));
    }

    #[test]
    fn broken_streams_do_not_panic() {
        let correct: [&[u8]; 2] = [b"*3\r\n$8\r\npmessage\r\n$1\r\nc\r\n$70\r\nx\r\n", b"*2\r\n$1\r\na\r\n$2\r\nab\r\n+OK\r\n"];
        crate::fuzz::feed(&correct, |bytes| {
            let mut link = link(Vec::new());
            for part in bytes.chunks(7) {
                link.inbox.drain(..link.start);
                link.start = 0;
                link.inbox.extend_from_slice(part);
                if link.drain(50, |_| ()).is_err() {
                    return;
                }
            }
        });
    }

    #[tokio::test]
    async fn what_is_no_reply_ends_the_link() {
        assert_eq!(all(b"*1\r\n:1\r\nHTTP/1.1 400\r\n".to_vec(), 1000).await, (vec![Some(1)], Reason::Protocol));
        let mut link = link(b"-NOPERM no\r\n".to_vec());
        let failure = link.reply(|reply| if let Reply::Error(error) = reply { Some(refused(error, Reason::Protocol).reason) } else { None }).await;
        assert_eq!(failure.unwrap(), Some(Reason::Permission));
        assert_eq!(link.reply(|_| ()).await.unwrap_err().reason, Reason::Closed);
    }
}
