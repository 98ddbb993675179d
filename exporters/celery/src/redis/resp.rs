//! Redis' protocol, read in place: a reply borrows from the bytes that were received.
//!
//! A subscription at a hundred thousand events a second would spend most of its time on copies otherwise.

/// Deepest nesting, more than any reply to a command of ours has.
const DEPTH: usize = 8;

/// Longest line: a type, a number or an error.
const LINE: usize = 64 << 10;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    /// `+OK`.
    Status(&'a [u8]),
    /// `-ERR …`.
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    Nil,
    Array(Vec<Self>),
}

/// Why there is no reply in the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// More bytes are needed.
    More,
    /// Not a reply.
    Malformed,
    /// A string of more bytes than the limit; it and all that is before it end after so many bytes.
    TooLarge { ends: u64 },
}

impl<'a> Reply<'a> {
    /// The first reply in the bytes, and how many bytes it takes. A string may have at most `limit` bytes.
    pub(crate) fn parse(bytes: &'a [u8], limit: usize) -> Result<(Self, usize), Pending> {
        let mut cursor = Cursor { bytes, at: 0, limit };
        let reply = cursor.reply(0)?;
        Ok((reply, cursor.at))
    }

    /// The bytes of a string.
    pub(crate) const fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Status(bytes) | Self::Bulk(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A string as text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A count.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Integer(count) => u64::try_from(*count).ok(),
            _ => None,
        }
    }

    /// The parts of an array.
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::Array(parts) => parts,
            _ => &[],
        }
    }
}

/// Appends a command.
pub(crate) fn pack<P: AsRef<[u8]>>(parts: &[P], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", parts.len()).as_bytes());
    for part in parts {
        out.extend_from_slice(format!("${}\r\n", part.as_ref().len()).as_bytes());
        out.extend_from_slice(part.as_ref());
        out.extend_from_slice(b"\r\n");
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    limit: usize,
}

impl<'a> Cursor<'a> {
    fn reply(&mut self, depth: usize) -> Result<Reply<'a>, Pending> {
        let (kind, line) = self.line()?.split_first().ok_or(Pending::Malformed)?;
        match kind {
            b'+' => Ok(Reply::Status(line)),
            b'-' => Ok(Reply::Error(line)),
            b':' => number(line).map(Reply::Integer),
            b'$' => self.bulk(number(line)?),
            b'*' | b'>' if depth < DEPTH => self.array(number(line)?, depth),
            b'_' => Ok(Reply::Nil),
            _ => Err(Pending::Malformed),
        }
    }

    fn bulk(&mut self, length: i64) -> Result<Reply<'a>, Pending> {
        let Ok(length) = usize::try_from(length) else { return if length == -1 { Ok(Reply::Nil) } else { Err(Pending::Malformed) } };
        if length > self.limit {
            let ends = u64::try_from(self.at).ok().zip(u64::try_from(length).ok()).and_then(|(at, length)| at.checked_add(length)?.checked_add(2));
            return Err(ends.map_or(Pending::Malformed, |ends| Pending::TooLarge { ends }));
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (bulk, rest) = rest.split_at_checked(length).ok_or(Pending::More)?;
        match rest {
            [b'\r', b'\n', ..] => {
                self.at += length + 2;
                Ok(Reply::Bulk(bulk))
            }
            [] | [b'\r'] => Err(Pending::More),
            _ => Err(Pending::Malformed),
        }
    }

    fn array(&mut self, length: i64, depth: usize) -> Result<Reply<'a>, Pending> {
        let Ok(length) = usize::try_from(length) else { return if length == -1 { Ok(Reply::Nil) } else { Err(Pending::Malformed) } };
        // A part takes at least four bytes, so a claimed length takes no memory that was not sent.
        let rest = self.bytes.len().saturating_sub(self.at);
        let mut parts = Vec::with_capacity(length.min(rest / 4));
        for _ in 0..length {
            parts.push(self.reply(depth + 1)?);
        }
        Ok(Reply::Array(parts))
    }

    fn line(&mut self) -> Result<&'a [u8], Pending> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().take(LINE).position(|byte| *byte == b'\r') else {
            return Err(if rest.len() >= LINE { Pending::Malformed } else { Pending::More });
        };
        match rest.get(end + 1) {
            Some(b'\n') => {
                self.at += end + 2;
                rest.get(..end).ok_or(Pending::Malformed)
            }
            Some(_) => Err(Pending::Malformed),
            None => Err(Pending::More),
        }
    }
}

fn number(text: &[u8]) -> Result<i64, Pending> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(Pending::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<(Reply<'_>, usize), Pending> {
        Reply::parse(bytes, 1000)
    }

    #[test]
    fn every_kind_is_read() {
        let push = b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$2\r\nch\r\n$0\r\n\r\n:1\r\n";
        let strings = ["pmessage", "*", "ch", ""].map(|text| Reply::Bulk(text.as_bytes()));
        assert_eq!(parse(push), Ok((Reply::Array(strings.to_vec()), push.len() - 4)));
        assert_eq!(parse(b"+OK\r\n"), Ok((Reply::Status(b"OK"), 5)));
        assert_eq!(parse(b"-ERR no\r\n"), Ok((Reply::Error(b"ERR no"), 9)));
        assert_eq!(parse(b":-7\r\n"), Ok((Reply::Integer(-7), 5)));
        assert_eq!(parse(b"$-1\r\n"), Ok((Reply::Nil, 5)));
        assert_eq!(parse(b"*-1\r\n"), Ok((Reply::Nil, 5)));
    }

    #[test]
    fn every_cut_asks_for_more() {
        let whole = b"*3\r\n$4\r\nname\r\n:12\r\n*1\r\n+x\r\n";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), Err(Pending::More), "{end}");
        }
        assert!(parse(whole).is_ok());
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bytes in [
            &b"HTTP/1.1 400 Bad\r\n"[..],
            b":one\r\n",
            b"$x\r\n",
            b"$-5\r\n",
            b"$1\r\nabc",
            b"+a\rb",
            b"\r\n",
            &b"*1\r\n".repeat(9),
            &vec![b'+'; 70_000],
        ] {
            assert_eq!(parse(bytes), Err(Pending::Malformed), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn claims_take_no_memory() {
        assert_eq!(parse(b"*9223372036854775807\r\n"), Err(Pending::More));
        assert_eq!(parse(b"*2\r\n$1\r\na\r\n$50000000\r\nxx"), Err(Pending::TooLarge { ends: 22 + 50_000_000 + 2 }));
        assert_eq!(parse(b"$9223372036854775807\r\n"), Err(Pending::TooLarge { ends: 22 + 9_223_372_036_854_775_807 + 2 }));
    }

    #[test]
    fn commands_are_packed() {
        let mut out = Vec::new();
        pack(&["LLEN", "q\x06"], &mut out);
        assert_eq!(out, b"*2\r\n$4\r\nLLEN\r\n$2\r\nq\x06\r\n");
    }

    #[test]
    fn broken_replies_do_not_panic() {
        let correct: [&[u8]; 3] = [b"*3\r\n$8\r\npmessage\r\n:1\r\n$-1\r\n", b"+OK\r\n-ERR no\r\n", b"*2\r\n*1\r\n$1\r\na\r\n*0\r\n"];
        crate::fuzz::feed(&correct, |bytes| drop(parse(bytes)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_near_reply_panics(bytes in "([*$:+\\-][0-9\\-]{0,12}\r?\n?){0,20}") {
            let _ = parse(bytes.as_bytes());
        }
    }
}
