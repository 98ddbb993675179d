//! Append-only storage of series: what is in it never moves, so it is read and counted without a lock.

use super::{
    latest::Latest,
    sync::{Arc, AtomicU64, AtomicUsize, FIRST_CHUNK, NEXT_CHUNK, OnceLock, Ordering},
};

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
    exemplars: Exemplars,
}

/// Exemplars by series, where one has been traced.
type Exemplars = OnceLock<Box<[OnceLock<Box<[Latest]>>]>>;

/// Where a series is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    chunk: &'a Arc<Chunk>,
    at: usize,
    stride: usize,
}

/// One series, to keep: where its cells are.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    chunk: Arc<Chunk>,
    at: usize,
    start: usize,
}

impl Store {
    pub(super) fn new(stride: usize, limit: usize) -> Self {
        let chunks = 1 + limit.saturating_sub(FIRST_CHUNK).div_ceil(NEXT_CHUNK);
        Self { chunks: (0..chunks).map(|_| OnceLock::new()).collect(), given: AtomicUsize::new(0), limit, stride }
    }

    /// Room for the same series, and none in it.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.stride, self.limit)
    }

    /// A slot of its own for a new series, or `None` past the limit.
    pub(super) fn append(&self, labels: &str) -> Option<u32> {
        let position = self.given.fetch_add(1, Ordering::Relaxed);
        if position >= self.limit {
            self.given.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let (chunk, slot) = place(position);
        let chunk = self.chunks.get(chunk)?.get_or_init(|| Arc::new(Chunk::new(if chunk == 0 { FIRST_CHUNK } else { NEXT_CHUNK }, self.stride)));
        chunk.labels.get(slot)?.set(labels.into()).ok()?;
        u32::try_from(position).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.given.load(Ordering::Relaxed).min(self.limit)
    }

    /// The series that was appended at this position.
    pub(super) fn slot(&self, position: u32) -> Option<Slot<'_>> {
        let (chunk, at) = place(usize::try_from(position).ok()?);
        Some(Slot { chunk: self.chunks.get(chunk)?.get()?, at, stride: self.stride })
    }

    /// Every series that has its labels by now: these, its cells, and its exemplars if it has any. Ends at the first one that
    /// has none, though a later one may have got them meanwhile: each page begins with what the last one had.
    pub(super) fn each(&self, mut each: impl FnMut(&str, &[AtomicU64], &[Latest])) {
        let chunks = self.chunks.iter().map_while(OnceLock::get);
        for chunk in chunks {
            let mut exemplars = chunk.exemplars.get().map(|exemplars| exemplars.iter());
            for (labels, cells) in chunk.labels.iter().zip(chunk.cells.chunks_exact(self.stride)) {
                let exemplars = exemplars.as_mut().and_then(Iterator::next).and_then(OnceLock::get);
                let Some(labels) = labels.get() else { return };
                each(labels, cells, exemplars.map(|exemplars| &**exemplars).unwrap_or_default());
            }
        }
    }
}

impl<'a> Slot<'a> {
    /// The rendered labels.
    pub(super) fn labels(self) -> &'a str {
        self.chunk.labels.get(self.at).and_then(OnceLock::get).map_or("", |labels| labels)
    }

    /// The only cell of a series that has one.
    pub(super) fn cell(self) -> Option<&'a AtomicU64> {
        self.chunk.cells.get(self.at * self.stride)
    }

    pub(super) fn cells(self) -> Option<&'a [AtomicU64]> {
        let start = self.at * self.stride;
        self.chunk.cells.get(start..start + self.stride)
    }

    pub(super) fn keep(self) -> Cells {
        Cells { chunk: Arc::clone(self.chunk), at: self.at, start: self.at * self.stride }
    }
}

impl Chunk {
    fn new(slots: usize, stride: usize) -> Self {
        Self {
            labels: (0..slots).map(|_| OnceLock::new()).collect(),
            cells: (0..slots * stride).map(|_| AtomicU64::new(0)).collect(),
            exemplars: OnceLock::new(),
        }
    }
}

impl Cells {
    pub(super) fn get(&self, cell: usize) -> Option<&AtomicU64> {
        self.chunk.cells.get(self.start + cell)
    }

    pub(super) fn all(&self, stride: usize) -> Option<&[AtomicU64]> {
        self.chunk.cells.get(self.start..self.start + stride)
    }

    /// Room for exemplars, made when it is first asked for.
    pub(super) fn exemplars(&self, count: usize) -> Option<&[Latest]> {
        let series = self.chunk.exemplars.get_or_init(|| self.chunk.labels.iter().map(|_| OnceLock::new()).collect());
        series.get(self.at).map(|exemplars| &**exemplars.get_or_init(|| (0..count).map(|_| Latest::default()).collect()))
    }
}

/// The chunk and the slot in it of the series at a position.
const fn place(position: usize) -> (usize, usize) {
    match position.checked_sub(FIRST_CHUNK) {
        None => (0, position),
        Some(rest) => (1 + rest / NEXT_CHUNK, rest % NEXT_CHUNK),
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
