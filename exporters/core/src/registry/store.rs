//! Append-only storage of series: what is in it never moves, so it is read and counted without a lock.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Slots of the first chunk: enough for most families.
const FIRST: usize = 64;

/// Slots of every further chunk: small enough to be made in microseconds.
const NEXT: usize = 1024;

/// Labels and cells of every series of a family.
#[derive(Debug)]
pub(super) struct Store {
    chunks: Box<[OnceLock<Arc<Chunk>>]>,
    /// Slots given out; the last ones may still be without labels.
    given: AtomicUsize,
    limit: usize,
    /// Cells of one series.
    stride: usize,
}

/// Some series, side by side.
#[derive(Debug)]
pub(super) struct Chunk {
    labels: Box<[OnceLock<Box<str>>]>,
    cells: Box<[AtomicU64]>,
}

/// One series: where its cells are.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    chunk: Arc<Chunk>,
    start: usize,
}

impl Store {
    pub(super) fn new(stride: usize, limit: usize) -> Self {
        let chunks = 1 + limit.saturating_sub(FIRST).div_ceil(NEXT);
        Self { chunks: (0..chunks).map(|_| OnceLock::new()).collect(), given: AtomicUsize::new(0), limit, stride }
    }

    /// A slot of its own for a new series, or `None` past the limit.
    pub(super) fn append(&self, labels: &str) -> Option<u32> {
        let position = self.given.fetch_add(1, Ordering::Relaxed);
        if position >= self.limit {
            self.given.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let (chunk, slot) = place(position);
        let chunk = self.chunks.get(chunk)?.get_or_init(|| Arc::new(Chunk::new(if chunk == 0 { FIRST } else { NEXT }, self.stride)));
        chunk.labels.get(slot)?.set(labels.into()).ok()?;
        u32::try_from(position).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.given.load(Ordering::Relaxed).min(self.limit)
    }

    /// The rendered labels of a series.
    pub(super) fn labels(&self, position: u32) -> &str {
        let found = self.slot(position).and_then(|(chunk, slot)| chunk.labels.get(slot)?.get());
        found.map_or("", |labels| labels)
    }

    /// One cell of a series, for counting at once.
    pub(super) fn cell(&self, position: u32, cell: usize) -> Option<&AtomicU64> {
        let (chunk, slot) = self.slot(position)?;
        chunk.cells.get(slot * self.stride + cell)
    }

    /// All cells of a series.
    pub(super) fn cells(&self, position: u32) -> Option<&[AtomicU64]> {
        let (chunk, slot) = self.slot(position)?;
        chunk.cells.get(slot * self.stride..(slot + 1) * self.stride)
    }

    /// The cells of a series, to keep.
    pub(super) fn keep(&self, position: u32) -> Option<Cells> {
        let (chunk, slot) = self.slot(position)?;
        Some(Cells { chunk: Arc::clone(chunk), start: slot * self.stride })
    }

    /// Every series that has its labels by now.
    pub(super) fn each(&self, mut each: impl FnMut(&str, &[AtomicU64])) {
        let chunks = self.chunks.iter().map_while(OnceLock::get);
        for chunk in chunks {
            for (labels, cells) in chunk.labels.iter().zip(chunk.cells.chunks_exact(self.stride)) {
                if let Some(labels) = labels.get() {
                    each(labels, cells);
                }
            }
        }
    }

    fn slot(&self, position: u32) -> Option<(&Arc<Chunk>, usize)> {
        let (chunk, slot) = place(usize::try_from(position).ok()?);
        Some((self.chunks.get(chunk)?.get()?, slot))
    }
}

impl Chunk {
    fn new(slots: usize, stride: usize) -> Self {
        Self { labels: (0..slots).map(|_| OnceLock::new()).collect(), cells: (0..slots * stride).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Cells {
    pub(super) fn get(&self, cell: usize) -> Option<&AtomicU64> {
        self.chunk.cells.get(self.start + cell)
    }

    pub(super) fn all(&self, stride: usize) -> Option<&[AtomicU64]> {
        self.chunk.cells.get(self.start..self.start + stride)
    }
}

/// The chunk and the slot in it of the series at a position.
const fn place(position: usize) -> (usize, usize) {
    match position.checked_sub(FIRST) {
        None => (0, position),
        Some(rest) => (1 + rest / NEXT, rest % NEXT),
    }
}

/// Adds to a cell that holds the bits of a float.
pub(super) fn add_float(cell: &AtomicU64, amount: f64) {
    let mut bits = cell.load(Ordering::Relaxed);
    loop {
        let sum = (f64::from_bits(bits) + amount).to_bits();
        match cell.compare_exchange_weak(bits, sum, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return,
            Err(found) => bits = found,
        }
    }
}
