//! One connection to the server, and replies off it.

use std::{error::Error, fmt, io, sync::Arc};

use combine::{
    parser::combinator::AnySendSyncPartialState,
    stream::{Decoder, PointerOffset},
};
use exporter_core::{Failure, Reason};
use redis::{RedisError, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Most bytes of replies in one flight: a value takes up to sixty times its bytes in memory.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection. After an error, or when a future of it was dropped, it must not be used again: what is still under way
/// would be taken for the answer to the next question.
pub(crate) struct Link(Box<dyn Stream>);

/// The replies to one pipeline, in the order of its commands.
pub(crate) struct Replies<'link> {
    link: &'link mut Link,
    /// Holds what was read beyond the current reply.
    decoder: Decoder<AnySendSyncPartialState, PointerOffset<[u8]>>,
    budget: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Link")
    }
}

impl Link {
    pub(crate) fn new(stream: impl Stream + 'static) -> Self {
        Self(Box::new(stream))
    }

    /// Sends commands, and gives the replies, to be read one by one.
    pub(crate) async fn send(&mut self, packed: &[u8], budget: u64) -> Result<Replies<'_>, Failure> {
        self.0.write_all(packed).await.map_err(of_stream)?;
        self.0.flush().await.map_err(of_stream)?;
        Ok(Replies { link: self, decoder: Decoder::new(), budget })
    }
}

impl Replies<'_> {
    /// The next reply; an error that the server answers with is a value.
    pub(crate) async fn next(&mut self) -> Result<Value, Failure> {
        let mut limited = (&mut self.link.0).take(self.budget);
        let reply = redis::parse_redis_value_async(&mut self.decoder, &mut limited).await;
        self.budget = limited.limit();
        match reply {
            Err(_) if self.budget == 0 => Err(Failure::new(Reason::TooLarge, "the replies are larger than the exporter takes")),
            reply => reply.map_err(|error| of_reply(&error)),
        }
    }

    /// Bytes that may still be read.
    pub(crate) const fn budget(&self) -> u64 {
        self.budget
    }
}

/// An error of the stream; TLS reports its own in the same form.
pub(crate) fn of_stream(error: io::Error) -> Failure {
    match error.get_ref() {
        Some(inner) if inner.is::<rustls::Error>() => Failure::new(Reason::Tls, error),
        _ => Failure::from(error),
    }
}

fn of_reply(error: &RedisError) -> Failure {
    let shared = error.source().and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    match shared.and_then(|shared| shared.downcast_ref::<io::Error>()) {
        // Shared, so it can only be made anew.
        Some(error) => match error.get_ref() {
            Some(inner) if inner.is::<rustls::Error>() => Failure::new(Reason::Tls, error),
            _ => Failure { message: error.to_string(), ..Failure::from(io::Error::from(error.kind())) },
        },
        None => Failure::new(Reason::Protocol, "the server sent something else than a reply"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8], budget: u64) -> Result<Value, Failure> {
        let mut link = Link::new(tokio::io::join(io::Cursor::new(bytes.to_vec()), tokio::io::sink()));
        link.send(b"", budget).await.unwrap().next().await
    }

    #[tokio::test]
    async fn what_is_no_reply_has_its_reason() {
        let expected: [(&[u8], Reason); 6] = [
            (b"", Reason::Closed),
            (b"$10\r\nhalf", Reason::Closed),
            (b"*3\r\n:1\r\n", Reason::Closed),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason::Protocol),
            (b":one\r\n", Reason::Protocol),
            (&[b'x'; 5000], Reason::Protocol),
        ];
        for (bytes, reason) in expected {
            assert_eq!(read(bytes, MOST_BYTES).await.unwrap_err().reason, reason, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[tokio::test]
    async fn larger_reply_than_the_budget_is_refused() {
        let reply = format!("${}\r\n{}\r\n", 2000, "x".repeat(2000));
        assert_eq!(read(reply.as_bytes(), 1000).await.unwrap_err().reason, Reason::TooLarge);
        assert!(read(reply.as_bytes(), 3000).await.is_ok());
    }

    #[tokio::test]
    async fn claimed_length_takes_no_memory() {
        for claim in ["$9223372036854775807\r\n", "*2147483647\r\n", "%4611686018427387904\r\n", "=-5\r\n"] {
            assert!(read(claim.as_bytes(), MOST_BYTES).await.is_err(), "{claim}");
        }
    }
}
