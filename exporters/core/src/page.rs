//! One finished page, shared by every scraper that asked for it, encoded once for each form that is asked for.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use crate::{
    compress::Compressor,
    encode::{Contents, Format, Kept},
    failure::Failure,
    registry::Registry,
    relabeling::Relabeling,
    samples::{Limits, Samples},
};

/// Pages below this size are not worth compressing.
const COMPRESS_FROM: usize = 2 << 10;

/// Pages of more samples than this are encoded off the async thread.
const LARGE: usize = 10_000;

/// What outlives a page and is used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    samples: Mutex<Option<Samples>>,
    compressor: Mutex<Compressor>,
    limits: Limits,
    relabeling: Relabeling,
    /// The last large page, by format.
    kept: [Mutex<Kept>; Format::ALL.len()],
    /// Bytes of the last page, by format: about those of the next.
    sizes: [AtomicUsize; Format::ALL.len()],
}

impl Pool {
    /// For pages of bounded collections whose series are relabeled.
    pub(crate) fn new(limits: Limits, relabeling: Relabeling) -> Self {
        Self { limits, relabeling, ..Self::default() }
    }

    /// An empty collection, in old memory if there is some.
    pub(crate) fn take(&self) -> Samples {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut samples = samples.unwrap_or_else(|| Samples::with_limits(self.limits));
        samples.clear();
        samples
    }
}

/// One finished page, shared by every scraper that asked for it.
#[derive(Debug)]
pub struct Page {
    samples: Samples,
    registry: Registry,
    /// Whether the target was reached, and if not, why.
    pub(crate) outcome: Result<(), Failure>,
    /// Every collector that has been heard of, for those who ask for some.
    pub(crate) collectors: Vec<&'static str>,
    encoded: [(OnceLock<Bytes>, OnceLock<Bytes>); Format::ALL.len()],
    pool: Arc<Pool>,
}

/// A part of a page: families by name, or those of some collectors. Empty lists are the whole page.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<String>,
    pub(crate) collectors: Vec<String>,
}

impl Filter {
    pub(crate) const fn is_empty(&self) -> bool {
        self.names.is_empty() && self.collectors.is_empty()
    }

    fn wants(&self, name: &str, collector: Option<&str>) -> bool {
        let named = self.names.is_empty() || self.names.iter().any(|wanted| wanted == name);
        // What no collector sent is the exporter's own, and belongs to every part.
        let collected = self.collectors.is_empty() || collector.is_none_or(|collector| self.collectors.iter().any(|wanted| wanted == collector));
        named && collected
    }
}

impl Page {
    pub(crate) fn new(mut samples: Samples, registry: Registry, outcome: Result<(), Failure>, pool: Arc<Pool>) -> Self {
        samples.seal();
        Self { samples, registry, outcome, collectors: Vec::new(), encoded: Default::default(), pool }
    }

    /// The bytes of the page, and whether they are compressed.
    pub(crate) fn encoded(&self, format: Format, gzip: bool) -> (Bytes, bool) {
        let mut slots = Format::ALL.iter().zip(&self.encoded).zip(self.pool.sizes.iter().zip(&self.pool.kept));
        let Some(((_, (plain, compressed)), (size, kept))) = slots.find(|((one, _), _)| **one == format) else { return (Bytes::new(), false) };
        if gzip && let Some(bytes) = compressed.get() {
            return (bytes.clone(), true);
        }
        let plain = plain.get_or_init(|| {
            let about = size.load(Ordering::Relaxed).max(self.samples.size_hint());
            let mut out = Vec::with_capacity(about + about / 16);
            // Another page of the same format may be in the making: that one is kept then.
            let kept = if self.is_large() { kept.try_lock().ok() } else { None };
            let Some(mut kept) = kept else {
                format.encode(&self.contents(), &mut out);
                size.store(out.len(), Ordering::Relaxed);
                return Bytes::from(out);
            };
            format.encode_again(&self.contents(), &mut kept, &mut out);
            size.store(out.len(), Ordering::Relaxed);
            let page = Bytes::from(out);
            kept.keep(page.clone());
            page
        });
        if !gzip || plain.len() < COMPRESS_FROM {
            return (plain.clone(), false);
        }
        (compressed.get_or_init(|| self.compressor().gzip_again(format, plain).into()).clone(), true)
    }

    /// The bytes of a part of the page, and whether they are compressed.
    pub(crate) fn filtered(&self, filter: &Filter, format: Format, gzip: bool) -> (Bytes, bool) {
        let mut out = Vec::new();
        format.encode_some(&self.contents(), &|name, collector| filter.wants(name, collector), &mut out);
        if gzip && out.len() >= COMPRESS_FROM { (self.compressor().gzip(&out).into(), true) } else { (out.into(), false) }
    }

    /// Whether encoding is work for another thread.
    pub(crate) fn is_large(&self) -> bool {
        self.samples.len() + self.registry.len() > LARGE
    }

    fn contents(&self) -> Contents<'_> {
        Contents { samples: &self.samples, registry: &self.registry, relabeling: &self.pool.relabeling }
    }

    fn compressor(&self) -> MutexGuard<'_, Compressor> {
        self.pool.compressor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        *self.pool.samples.lock().unwrap_or_else(PoisonError::into_inner) = Some(mem::take(&mut self.samples));
    }
}
