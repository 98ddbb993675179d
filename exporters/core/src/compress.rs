//! gzip with one compressor that is reset, not rebuilt, between pages: building it costs more than compressing a page.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// RFC 1952: magic, deflate, no flags, no time, fastest, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Compressor(Compress);

impl Default for Compressor {
    fn default() -> Self {
        Self(Compress::new(Compression::fast(), false))
    }
}

impl Compressor {
    pub(crate) fn gzip(&mut self, page: &[u8]) -> Vec<u8> {
        // Metrics pages shrink about tenfold.
        let mut out = Vec::with_capacity(page.len() / 8 + 64);
        out.extend_from_slice(&HEADER);
        self.0.reset();
        loop {
            let consumed = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = page.get(consumed..).unwrap_or_default();
            match self.0.compress_vec(rest, &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) | Err(_) => break,
                Ok(Status::Ok | Status::BufError) => out.reserve(page.len() / 8 + 64),
            }
        }
        let mut crc = Crc::new();
        crc.update(page);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&crc.amount().to_le_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn reads_back_again_and_again() {
        let mut compressor = Compressor::default();
        let noise: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for page in [b"".as_slice(), b"redis_up 1\n", &b"redis_up 1\n".repeat(50_000), &noise, b"redis_up 0\n"] {
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(compressor.gzip(page).as_slice()).read_to_end(&mut back).unwrap();
            assert!(back == page, "{} bytes", page.len());
        }
    }
}
