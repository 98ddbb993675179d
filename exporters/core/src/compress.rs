//! gzip with one compressor that is reset, not rebuilt, between pages: building it costs more than compressing a page.
//!
//! Most of a page is the same each time: what it says of its families, settings, counters that rest. What has not changed for
//! some pages is compressed on its own, so that the next page can have it again: deflate blocks that refer to nothing before
//! them may follow any others (RFC 1951, section 3.2.3).

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault},
    ops::Range,
};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use memchr::memmem;

use crate::{encode::Format, hashed::Hashed};

/// RFC 1952: magic, deflate, no flags, no time, fastest, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// What a family begins with in both text formats.
const FAMILY: &[u8] = b"\n# HELP ";

/// For so many pages a family has to be as it is before it is kept.
const RESTED: u32 = 4;

/// Least text that is kept: each piece costs the references across its borders, and a reset of the compressor.
const PIECE: usize = 4 << 10;

/// Most text of a page that is kept, compressed: past that it costs more memory than it saves time.
const MOST: usize = 4 << 20;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Compressor {
    deflate: Deflate,
    memories: [Memory; Format::ALL.len()],
}

impl Default for Compressor {
    fn default() -> Self {
        Self { deflate: Deflate(Compress::new(Compression::fast(), false)), memories: Default::default() }
    }
}

impl Compressor {
    /// Compresses anything.
    pub(crate) fn gzip(&mut self, page: &[u8]) -> Vec<u8> {
        self.write(page, &[], &mut Memory::default())
    }

    /// Compresses the next of pages that resemble each other.
    pub(crate) fn gzip_again(&mut self, format: Format, page: &[u8]) -> Vec<u8> {
        let position = Format::ALL.iter().position(|one| *one == format);
        let Some(mut memory) = position.and_then(|position| self.memories.get_mut(position)).map(std::mem::take) else { return self.gzip(page) };
        let runs = memory.rested(page);
        let out = self.write(page, &runs, &mut memory);
        memory.forget();
        if let Some(place) = position.and_then(|position| self.memories.get_mut(position)) {
            *place = memory;
        }
        out
    }

    fn write(&mut self, page: &[u8], runs: &[Run], memory: &mut Memory) -> Vec<u8> {
        // Metrics pages shrink about tenfold, and the next one about as much as the last.
        let about = if memory.size > 0 { memory.size } else { page.len() / 8 };
        let mut out = Vec::with_capacity(about + about / 16 + 64);
        out.extend_from_slice(&HEADER);
        self.deflate.0.reset();
        let mut from = 0;
        for run in runs {
            let (Some(between), Some(text)) = (page.get(from..run.text.start), page.get(run.text.clone())) else { continue };
            if !between.is_empty() {
                self.deflate.write(between, FlushCompress::Full, &mut out);
            }
            out.extend_from_slice(memory.piece(run.hash, || self.deflate.piece(text)));
            from = run.text.end;
        }
        self.deflate.write(page.get(from..).unwrap_or_default(), FlushCompress::Finish, &mut out);
        let mut crc = Crc::new();
        crc.update(page);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&crc.amount().to_le_bytes());
        memory.size = out.len();
        out
    }
}

/// The compressor itself.
#[derive(Debug)]
struct Deflate(Compress);

impl Deflate {
    /// Blocks of their own, which refer to nothing before them.
    fn piece(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() / 8 + 64);
        self.write(text, FlushCompress::Full, &mut out);
        out.shrink_to_fit();
        out
    }

    fn write(&mut self, text: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let start = self.0.total_in();
        loop {
            // A flush that lacks room is repeated.
            out.reserve(64);
            let consumed = usize::try_from(self.0.total_in() - start).unwrap_or(usize::MAX);
            let rest = text.get(consumed..).unwrap_or_default();
            match self.0.compress_vec(rest, out, flush) {
                Ok(Status::StreamEnd) | Err(_) => return,
                Ok(Status::Ok | Status::BufError) if out.len() < out.capacity() && flush == FlushCompress::Full => return,
                Ok(Status::Ok | Status::BufError) => out.reserve(text.len() / 8 + 64),
            }
        }
    }
}

/// Families of a page, one after the other, that have been as they are for some time.
#[derive(Debug)]
struct Run {
    text: Range<usize>,
    hash: u64,
}

/// What is known of the pages before.
#[derive(Debug, Default)]
struct Memory {
    hasher: foldhash::quality::RandomState,
    page: u32,
    /// Bytes of the last page, compressed.
    size: usize,
    /// Families by the hash of the line that they begin with.
    families: HashMap<u64, Rest, BuildHasherDefault<Hashed>>,
    /// Compressed runs by their hash.
    pieces: HashMap<u64, Piece, BuildHasherDefault<Hashed>>,
}

/// Since when a family has been as it is.
#[derive(Debug)]
struct Rest {
    hash: u64,
    since: u32,
    seen: u32,
}

#[derive(Debug)]
struct Piece {
    deflated: Vec<u8>,
    seen: u32,
}

impl Memory {
    /// Looks at the families of the next page, and finds those that are worth being kept.
    fn rested(&mut self, page: &[u8]) -> Vec<Run> {
        self.page = self.page.wrapping_add(1);
        let mut runs: Vec<Run> = Vec::new();
        let mut start = 0;
        // The line break before a family belongs to the one before it.
        let ends = memmem::find_iter(page, FAMILY).map(|before| before + 1).chain([page.len()]);
        for end in ends {
            let text = page.get(start..end).unwrap_or_default();
            if let Some(hash) = self.rests(text) {
                match runs.last_mut() {
                    Some(run) if run.text.end == start => (run.text.end, run.hash) = (end, self.hasher.hash_one((run.hash, hash))),
                    _ => runs.push(Run { text: start..end, hash }),
                }
            }
            start = end;
        }
        let mut room = MOST;
        runs.retain(|run| {
            let worth = run.text.len() >= PIECE && run.text.len() <= room;
            room -= if worth { run.text.len() } else { 0 };
            worth
        });
        runs
    }

    /// The hash of a family, if it has been the same for some pages.
    fn rests(&mut self, text: &[u8]) -> Option<u64> {
        let name = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let (name, hash, page) = (self.hasher.hash_one(name), self.hasher.hash_one(text), self.page);
        let rest = self.families.entry(name).or_insert(Rest { hash, since: page, seen: page });
        if rest.hash != hash {
            (rest.hash, rest.since) = (hash, page);
        }
        rest.seen = page;
        (page.wrapping_sub(rest.since) >= RESTED).then_some(hash)
    }

    fn piece(&mut self, hash: u64, deflate: impl FnOnce() -> Vec<u8>) -> &[u8] {
        let piece = self.pieces.entry(hash).or_insert_with(|| Piece { deflated: deflate(), seen: 0 });
        piece.seen = self.page;
        &piece.deflated
    }

    /// Nothing is kept that the last page did not have.
    fn forget(&mut self) {
        self.families.retain(|_, rest| rest.seen == self.page);
        self.pieces.retain(|_, piece| piece.seen == self.page);
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write, io::Read};

    use super::*;

    fn unzipped(bytes: &[u8]) -> Vec<u8> {
        let mut back = Vec::new();
        flate2::bufread::GzDecoder::new(bytes).read_to_end(&mut back).unwrap();
        back
    }

    #[test]
    fn reads_back_again_and_again() {
        let mut compressor = Compressor::default();
        let noise: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for page in [b"".as_slice(), b"redis_up 1\n", &b"redis_up 1\n".repeat(50_000), &noise, b"redis_up 0\n"] {
            assert!(unzipped(&compressor.gzip(page)) == page, "{} bytes", page.len());
            for _ in 0..2 * RESTED {
                assert!(unzipped(&compressor.gzip_again(Format::Text, page)) == page, "{} bytes", page.len());
            }
        }
    }

    /// A page of two hundred families; those that are told have this value, the others 1.
    fn page(moved: &[usize], value: u32) -> String {
        let mut page = String::new();
        for family in 0..200 {
            let value = if moved.contains(&family) { value } else { 1 };
            let _ = write!(page, "# HELP pg_settings_{family} Server Parameter: {family}\n# TYPE pg_settings_{family} gauge\n");
            let _ = writeln!(page, "pg_settings_{family}{{server=\"db:5432\"}} {value}");
        }
        page + "# EOF\n"
    }

    #[test]
    fn what_rests_is_compressed_once() {
        let mut compressor = Compressor::default();
        let mut sizes = Vec::new();
        for number in 0..4 * RESTED {
            let page = page(&[7, 150], number);
            let zipped = compressor.gzip_again(Format::OpenMetrics, page.as_bytes());
            assert_eq!(String::from_utf8(unzipped(&zipped)).unwrap(), page);
            sizes.push(zipped.len());
            let kept: usize = compressor.memories.iter().flat_map(|memory| memory.pieces.values()).map(|piece| piece.deflated.len()).sum();
            // All but the two that move, and what lies before the first of them, which is too little.
            let rests = number >= RESTED;
            assert_eq!(kept > zipped.len() * 3 / 4, rests, "page {number}: {kept} of {}", zipped.len());
        }
        assert!(sizes.last() < sizes.first().map(|size| size * 3 / 2).as_ref(), "{sizes:?}");
    }

    #[test]
    fn changes_anywhere_are_on_the_page() {
        let mut compressor = Compressor::default();
        let mut state = 1_u32;
        for number in 0..200 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let moved: Vec<usize> = (0..state >> 29).map(|shift| usize::try_from((state >> shift) % 200).unwrap()).collect();
            let page = page(&moved, state);
            let zipped = compressor.gzip_again(Format::Text, page.as_bytes());
            assert_eq!(String::from_utf8(unzipped(&zipped)).unwrap(), page, "page {number}");
        }
    }
}
