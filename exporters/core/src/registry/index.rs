//! From label values to the series that has them.

use std::hash::{BuildHasher, Hasher};

use metric_catalogue::Definition;

use super::{
    store::{Slot, Store},
    sync::{AtomicU64, Mutex, Ordering, PoisonError, RandomState},
    table::{Known, Table},
};
use crate::samples::{LABEL_VALUE_BYTES, write_escaped};

/// A family's series by their labels.
#[derive(Debug)]
pub(crate) struct Index {
    definition: &'static Definition,
    pub(super) store: Store,
    /// For each label, the bytes of a rendered block from the end of the value before it to the start of its own.
    skips: Box<[usize]>,
    table: Table,
    /// Held while a series is added; who only counts never asks for it.
    adding: Mutex<()>,
    hasher: RandomState,
    refused: AtomicU64,
}

impl Index {
    pub(super) fn new(definition: &'static Definition, stride: usize, limit: usize) -> Self {
        let index = Self {
            definition,
            store: Store::new(stride, limit),
            skips: definition.labels.iter().enumerate().map(|(at, name)| usize::from(at > 0) + name.len() + "=\"".len()).collect(),
            table: Table::default(),
            adding: Mutex::default(),
            hasher: RandomState::default(),
            refused: AtomicU64::new(0),
        };
        if definition.labels.is_empty() {
            // Its only series is known beforehand, and "none so far" is 0.
            index.find(&[]);
        }
        index
    }

    /// The series with these label values; it is made if it is new. `None` past the family's limit.
    #[inline]
    pub(super) fn find<const N: usize>(&self, values: &[&str; N]) -> Option<Slot<'_>> {
        let hash = self.hash(values);
        self.table.find(hash, |known| self.slot(known, values)).or_else(|| self.add(hash, values))
    }

    #[cold]
    fn add<const N: usize>(&self, hash: u32, values: &[&str; N]) -> Option<Slot<'_>> {
        let block = self.render(values);
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        if let Some(slot) = self.table.find(hash, |known| self.slot(known, values)) {
            return Some(slot);
        }
        let Some(position) = self.store.append(&block) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.table.insert(hash, Known { position, plain: !block.contains('\\') }, self.store.len());
        self.store.slot(position)
    }

    /// The same without the series whose labels are not to be kept; those that stay begin anew with exemplars.
    pub(super) fn retained(&self, keep: &dyn Fn(&str) -> bool) -> Self {
        let retained = Self {
            definition: self.definition,
            store: self.store.emptied(),
            skips: self.skips.clone(),
            table: Table::default(),
            adding: Mutex::default(),
            hasher: self.hasher.clone(),
            refused: AtomicU64::new(self.refused()),
        };
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<(u32, Known)> = self.table.entries().collect();
        entries.sort_unstable_by_key(|(_, known)| known.position);
        for (hash, known) in entries {
            let Some(slot) = self.store.slot(known.position).filter(|slot| keep(slot.labels())) else { continue };
            let Some(position) = retained.store.append(slot.labels()) else { continue };
            retained.table.insert(hash, Known { position, ..known }, retained.store.len());
            let cells = retained.store.slot(position).and_then(Slot::cells).into_iter().flatten();
            for (cell, old) in cells.zip(slot.cells().into_iter().flatten()) {
                cell.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        retained
    }

    /// Events that were not counted, since the family was full.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn hash<const N: usize>(&self, values: &[&str; N]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        for value in *values {
            // The hasher mixes each length in, so that values which run together hash apart.
            hasher.write(cut(value).as_bytes());
        }
        let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The series, if its rendered labels are those of `values`.
    fn slot<const N: usize>(&self, known: Known, values: &[&str; N]) -> Option<Slot<'_>> {
        let slot = self.store.slot(known.position)?;
        let same = if known.plain { self.equals_plain(slot.labels().as_bytes(), values) } else { self.render(values) == slot.labels() };
        same.then_some(slot)
    }

    /// Compares without rendering. The block holds two quotes a label and no escapes, so if a quote stands wherever one
    /// has to for `values`, and between them the values themselves, nothing else can differ.
    fn equals_plain<const N: usize>(&self, mut block: &[u8], values: &[&str; N]) -> bool {
        for (skip, value) in self.skips.iter().zip(values) {
            let value = cut(value).as_bytes();
            let Some((name, rest)) = block.split_at_checked(*skip) else { return false };
            let Some((found, rest)) = rest.split_at_checked(value.len()) else { return false };
            let Some((b'"', rest)) = rest.split_first() else { return false };
            if name.last() != Some(&b'"') || found != value {
                return false;
            }
            block = rest;
        }
        block.is_empty()
    }

    fn render(&self, values: &[&str]) -> String {
        let mut block = String::new();
        for (name, value) in self.definition.labels.iter().zip(values) {
            if !block.is_empty() {
                block.push(',');
            }
            block.push_str(name);
            block.push_str("=\"");
            write_escaped(&mut block, value, LABEL_VALUE_BYTES);
            block.push('"');
        }
        block
    }
}

/// As much of a value as is kept.
fn cut(value: &str) -> &str {
    if value.len() <= LABEL_VALUE_BYTES { value } else { value.get(..value.floor_char_boundary(LABEL_VALUE_BYTES)).unwrap_or(value) }
}
