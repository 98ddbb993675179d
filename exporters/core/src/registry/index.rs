//! From label values to the series that has them.

use std::{
    hash::{BuildHasher, Hasher},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use metric_catalogue::Definition;

use super::store::Store;
use crate::samples::write_escaped;

/// Parts of the index, each behind its own lock, so that a new series holds up few others.
const SHARDS: usize = 16;

/// Longest label value; a longer one is cut.
const VALUE_BYTES: usize = 256;

/// A family's series by their labels.
#[derive(Debug)]
pub(crate) struct Index {
    definition: &'static Definition,
    pub(super) store: Store,
    shards: [RwLock<HashTable<Known>>; SHARDS],
    /// Keyed anew in each process, so that nobody can prepare values that collide.
    hasher: RandomState,
    refused: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    hash: u32,
    position: u32,
}

impl Index {
    pub(super) fn new(definition: &'static Definition, stride: usize, limit: usize) -> Self {
        let index = Self {
            definition,
            store: Store::new(stride, limit),
            shards: Default::default(),
            hasher: RandomState::default(),
            refused: AtomicU64::new(0),
        };
        if definition.labels.is_empty() {
            // Its only series is known beforehand, and "none so far" is 0.
            index.find(&[]);
        }
        index
    }

    /// Where the series with these label values is; it is made if it is new. `None` past the family's limit.
    pub(super) fn find(&self, values: &[&str]) -> Option<u32> {
        let hash = self.hash(values);
        let short = short(hash);
        let shard = self.shards.get(usize::try_from(hash >> 60).unwrap_or(0))?;
        let same = |known: &Known| known.hash == short && self.is(known.position, values);
        let table = shard.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.find(spread(short), same) {
            return Some(known.position);
        }
        drop(table);
        let block = self.render(values);
        let mut table = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.find(spread(short), same) {
            return Some(known.position);
        }
        let Some(position) = self.store.append(&block) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        table.insert_unique(spread(short), Known { hash: short, position }, |known| spread(known.hash));
        Some(position)
    }

    /// Events that were not counted, since the family was full.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn hash(&self, values: &[&str]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in values {
            let value = value.get(..value.floor_char_boundary(VALUE_BYTES)).unwrap_or(value);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }

    /// Whether the rendered labels of a series are those of `values`; nothing is rendered for it where nothing is escaped.
    fn is(&self, position: u32, values: &[&str]) -> bool {
        let block = self.store.labels(position);
        let mut rest = block;
        for (name, value) in self.definition.labels.iter().zip(values) {
            let found = rest.strip_prefix(*name).and_then(|rest| rest.strip_prefix("=\"")?.strip_prefix(*value)?.strip_prefix('"'));
            match found {
                Some(tail) => rest = tail.strip_prefix(',').unwrap_or(tail),
                None => return self.render(values) == block,
            }
        }
        rest.is_empty()
    }

    fn render(&self, values: &[&str]) -> String {
        let mut block = String::new();
        for (name, value) in self.definition.labels.iter().zip(values) {
            if !block.is_empty() {
                block.push(',');
            }
            block.push_str(name);
            block.push_str("=\"");
            write_escaped(&mut block, value, VALUE_BYTES);
            block.push('"');
        }
        block
    }
}

/// The half of a hash that is kept and compared.
fn short(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The kept half over all bits again, since a hash table looks at the highest and the lowest ones.
const fn spread(short: u32) -> u64 {
    #[expect(clippy::as_conversions, reason = "widening, and `From` is not const")]
    (short as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
