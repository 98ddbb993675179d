//! The tracked values by hash: read without a lock by every event, replaced as a whole at an epoch's end.

use std::sync::Arc;

use super::{cell::Cell, key::Key};

/// A value that is exposed by name, with a cell for each group.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) hash: u64,
    pub(super) key: Key,
    pub(super) cells: Box<[Cell]>,
}

impl Slot {
    pub(super) fn new(hash: u64, key: Key, groups: usize) -> Self {
        Self { hash, key, cells: (0..groups).map(|_| Cell::new()).collect() }
    }
}

/// Open addressing, at most half full.
#[derive(Debug)]
pub(super) struct Table {
    places: Box<[Option<Arc<Slot>>]>,
}

impl Table {
    pub(super) fn new<'a>(slots: impl ExactSizeIterator<Item = &'a Arc<Slot>>) -> Self {
        let size = (2 * slots.len()).next_power_of_two().max(8);
        let mut places: Box<[Option<Arc<Slot>>]> = vec![None; size].into();
        for slot in slots {
            let free = probe(slot.hash, size).find(|place| places.get(*place).is_some_and(Option::is_none));
            if let Some(place) = free.and_then(|place| places.get_mut(place)) {
                *place = Some(Arc::clone(slot));
            }
        }
        Self { places }
    }

    pub(super) fn find(&self, hash: u64, value: &str) -> Option<&Slot> {
        for place in probe(hash, self.places.len()) {
            let slot = self.places.get(place)?.as_ref()?;
            if slot.hash == hash && slot.key.is(value) {
                return Some(slot);
            }
        }
        None
    }
}

fn probe(hash: u64, size: usize) -> impl Iterator<Item = usize> {
    let first = usize::try_from(hash & 0xffff_ffff).unwrap_or(0);
    (0..size).map(move |step| (first + step) & (size - 1))
}
