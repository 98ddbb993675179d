//! AMQP 0-9-1 on the wire: frames, and the few types that our methods are made of.
//!
//! Only what an observer needs, so that every size has a limit, and events are read in place.

use serde_json::{Map, Value};

/// Last byte of a frame.
const FRAME_END: u8 = 0xce;

/// Bytes of a frame besides its payload.
pub(super) const OVERHEAD: usize = 8;

/// Largest payload that is taken: the limit that clients agree on is an eighth of it.
const PAYLOAD: usize = 1 << 20;

/// Deepest nesting of tables.
const DEPTH: usize = 8;

/// A method by class and number.
pub(super) type Id = (u16, u16);

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    Method(Id, &'a [u8]),
    Header(&'a [u8]),
    Body(&'a [u8]),
    Heartbeat,
}

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) channel: u16,
    pub(super) payload: Payload<'a>,
}

/// Bytes that are no frame of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Frame<'a> {
    /// The first frame in the bytes, and how many of them it takes; `None` if more are needed.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some((head, rest)) = bytes.split_first_chunk::<7>() else { return Ok(None) };
        let [kind, channel @ .., a, b, c, d] = head;
        let size = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).map_err(|_| Malformed)?;
        if size > PAYLOAD || !matches!(kind, 1 | 2 | 3 | 8) {
            return Err(Malformed);
        }
        let Some((payload, rest)) = rest.split_at_checked(size) else { return Ok(None) };
        let Some(end) = rest.first() else { return Ok(None) };
        if *end != FRAME_END {
            return Err(Malformed);
        }
        let channel = channel.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
        let payload = match kind {
            1 => {
                let mut fields = Fields(payload);
                Payload::Method((fields.short().ok_or(Malformed)?, fields.short().ok_or(Malformed)?), fields.0)
            }
            2 => Payload::Header(payload),
            3 => Payload::Body(payload),
            _ => Payload::Heartbeat,
        };
        Ok(Some((Self { channel, payload }, size + OVERHEAD)))
    }
}

/// Fields, read one after the other; `None` past the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn octet(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| *byte)
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        self.take().copied().map(u16::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Option<u32> {
        self.take().copied().map(u32::from_be_bytes)
    }

    pub(super) fn long_long(&mut self) -> Option<u64> {
        self.take().copied().map(u64::from_be_bytes)
    }

    pub(super) fn short_text(&mut self) -> Option<&'a [u8]> {
        let length = self.octet()?;
        self.bytes(usize::from(length))
    }

    pub(super) fn long_text(&mut self) -> Option<&'a [u8]> {
        let length = self.long()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// A table, of which texts, numbers, switches and tables are kept.
    pub(super) fn table(&mut self) -> Option<Map<String, Value>> {
        self.table_within(0)
    }

    fn table_within(&mut self, depth: usize) -> Option<Map<String, Value>> {
        let mut fields = Fields(self.long_text()?);
        let mut table = Map::new();
        while !fields.0.is_empty() {
            let name = String::from_utf8_lossy(fields.short_text()?).into_owned();
            table.insert(name, fields.value(depth)?);
        }
        Some(table)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth >= DEPTH {
            return None;
        }
        Some(match self.octet()? {
            b't' => Value::Bool(self.octet()? != 0),
            b'b' => self.take().copied().map(i8::from_be_bytes)?.into(),
            b'B' => self.octet()?.into(),
            b's' => self.take().copied().map(i16::from_be_bytes)?.into(),
            b'u' => self.short()?.into(),
            b'I' => self.take().copied().map(i32::from_be_bytes)?.into(),
            b'i' => self.long()?.into(),
            b'l' | b'L' => self.take().copied().map(i64::from_be_bytes)?.into(),
            b'T' => self.long_long()?.into(),
            b'f' => f64::from(f32::from_bits(self.long()?)).into(),
            b'd' => f64::from_bits(self.long_long()?).into(),
            b'D' => {
                self.bytes(5)?;
                Value::Null
            }
            b'S' | b'x' => String::from_utf8_lossy(self.long_text()?).into(),
            b'F' => self.table_within(depth + 1)?.into(),
            b'A' => {
                let mut items = Fields(self.long_text()?);
                let mut array = Vec::new();
                while !items.0.is_empty() {
                    array.push(items.value(depth + 1)?);
                }
                array.into()
            }
            b'V' => Value::Null,
            _ => return None,
        })
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(bytes)
    }
}

/// The properties of a message, and how long its body is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) size: u64,
    pub(super) content_type: Option<String>,
    pub(super) headers: Map<String, Value>,
}

impl Header {
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        let (_class, _weight) = (fields.short()?, fields.short()?);
        let (size, flags) = (fields.long_long()?, fields.short()?);
        let mut header = Self { size, ..Self::default() };
        if flags & 1 << 15 != 0 {
            header.content_type = Some(String::from_utf8_lossy(fields.short_text()?).into_owned());
        }
        if flags & 1 << 14 != 0 {
            fields.short_text()?;
        }
        if flags & 1 << 13 != 0 {
            header.headers = fields.table()?;
        }
        Some(header)
    }
}

/// A payload in the making.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    /// The arguments of a method, its number before them.
    pub(super) fn method((class, method): Id) -> Self {
        Self::default().short(class).short(method)
    }

    pub(super) fn octet(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn short(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn long_long(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A name, cut at the 255 bytes that it may have.
    pub(super) fn short_text(mut self, text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(255)).unwrap_or(text);
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn long_text(mut self, text: &[u8]) -> Self {
        self.0.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(text);
        self
    }

    /// A table of texts, numbers and switches; anything else is left out.
    pub(super) fn table(self, table: &[(&str, Value)]) -> Self {
        let mut inner = Self::default();
        for (name, value) in table {
            inner = match value {
                Value::String(text) => inner.short_text(name).octet(b'S').long_text(text.as_bytes()),
                Value::Bool(on) => inner.short_text(name).octet(b't').octet(u8::from(*on)),
                Value::Number(number) => {
                    let number = number.as_i64().unwrap_or_default();
                    let mut named = inner.short_text(name).octet(b'l');
                    named.0.extend_from_slice(&number.to_be_bytes());
                    named
                }
                _ => inner,
            };
        }
        self.long_text(&inner.0)
    }
}

/// Appends a frame.
pub(super) fn write_frame(kind: u8, channel: u16, payload: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&channel.to_be_bytes());
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(payload);
    out.push(FRAME_END);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_are_read_back() {
        let mut bytes = Vec::new();
        write_frame(1, 7, &Writer::method((50, 11)).short_text("q").long(3).long(2).0, &mut bytes);
        write_frame(8, 0, &[], &mut bytes);
        for end in 0..bytes.len() - 8 {
            assert_eq!(Frame::parse(&bytes[..end]), Ok(None), "{end}");
        }
        let (frame, used) = Frame::parse(&bytes).unwrap().unwrap();
        assert_eq!((frame.channel, frame.payload), (7, Payload::Method((50, 11), b"\x01q\0\0\0\x03\0\0\0\x02")));
        assert_eq!(Frame::parse(&bytes[used..]), Ok(Some((Frame { channel: 0, payload: Payload::Heartbeat }, 8))));
        for bytes in [&b"HTTP/1.1 400 Bad Request"[..], b"AMQP\0\0\x09\x01", b"\x01\0\0\0\0\0\x01xx", b"\x01\0\0\xff\xff\xff\xff"] {
            assert_eq!(Frame::parse(bytes), Err(Malformed), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn tables_are_read_back() {
        let table = [("ticket", json!("t")), ("clock", json!(7)), ("on", json!(true)), ("left out", json!([]))];
        let bytes = Writer::default().table(&table).0;
        assert_eq!(Fields(&bytes).table(), json!({"ticket": "t", "clock": 7, "on": true}).as_object().cloned());
        let mut deep = Vec::new();
        for _ in 0..20 {
            let inner = Writer::default().short_text("x").octet(b'F').long_text(deep.get(4..).unwrap_or_default());
            deep = Writer::default().long_text(&inner.0).0;
        }
        assert_eq!(Fields(&deep).table(), None);
    }

    #[test]
    fn header_has_its_properties() {
        let bytes = Writer::default().short(60).short(0).long_long(5).short(0b1110 << 12).short_text("application/json").short_text("utf-8");
        let bytes = bytes.table(&[("ticket", json!("t"))]).0;
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.size, header.content_type.as_deref(), header.headers["ticket"].as_str()), (5, Some("application/json"), Some("t")));
    }

    #[test]
    fn broken_frames_do_not_panic() {
        let table = Writer::default().table(&[("ticket", json!("t")), ("clock", json!(7)), ("on", json!(true))]).0;
        let header = Writer::default().short(60).short(0).long_long(5).short(0b1110 << 12).short_text("application/json").short_text("utf-8").0;
        let frame = [&[1, 0, 1, 0, 0, 0, 4][..], &[0, 60, 0, 60], &[0xCE]].concat();
        crate::fuzz::feed(&[&table, &header, &frame], |bytes| {
            drop((Frame::parse(bytes), Header::parse(bytes), Fields(bytes).table()));
        });
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Frame::parse(&bytes);
            let _ = Header::parse(&bytes);
            let _ = Fields(&bytes).table();
        }
    }
}
