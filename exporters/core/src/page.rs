//! One finished page, shared by every scraper that asked for it, encoded once for each form that is asked for.

use std::{
    mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;

use crate::{compress::Compressor, encode::Format, failure::Failure, samples::Samples};

/// Pages below this size are not worth compressing.
const COMPRESS_FROM: usize = 2 << 10;

/// Pages of more samples than this are encoded off the async thread.
const LARGE: usize = 10_000;

/// What outlives a page and is used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    samples: Mutex<Option<Samples>>,
    compressor: Mutex<Compressor>,
}

impl Pool {
    /// An empty collection, in old memory if there is some.
    pub(crate) fn take(&self) -> Samples {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        samples.clear();
        samples
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Page {
    samples: Samples,
    /// Whether the target was reached, and if not, why.
    pub(crate) outcome: Result<(), Failure>,
    encoded: [OnceLock<Bytes>; 4],
    pool: Arc<Pool>,
}

impl Page {
    pub(crate) fn new(samples: Samples, outcome: Result<(), Failure>, pool: Arc<Pool>) -> Self {
        Self { samples, outcome, encoded: Default::default(), pool }
    }

    /// The bytes of the page, and whether they are compressed.
    pub(crate) fn encoded(&self, format: Format, gzip: bool) -> (Bytes, bool) {
        let [text, text_gzip, open, open_gzip] = &self.encoded;
        let (plain, compressed) = match format {
            Format::Text => (text, text_gzip),
            Format::OpenMetrics => (open, open_gzip),
        };
        if gzip && let Some(bytes) = compressed.get() {
            return (bytes.clone(), true);
        }
        let plain = plain.get_or_init(|| {
            let mut out = Vec::with_capacity(self.samples.size_hint());
            format.encode(&self.samples, &mut out);
            Bytes::from(out)
        });
        if !gzip || plain.len() < COMPRESS_FROM {
            return (plain.clone(), false);
        }
        let compress = || self.pool.compressor.lock().unwrap_or_else(PoisonError::into_inner).gzip(plain).into();
        (compressed.get_or_init(compress).clone(), true)
    }

    /// Whether encoding is work for another thread.
    pub(crate) fn is_large(&self) -> bool {
        self.samples.len() > LARGE
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        *self.pool.samples.lock().unwrap_or_else(PoisonError::into_inner) = Some(mem::take(&mut self.samples));
    }
}
