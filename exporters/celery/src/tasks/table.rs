//! Tasks by id, in a fixed amount of memory.
//!
//! Three lists, oldest first: done, sent, and held by a worker. When the memory is used up, the oldest of the first list
//! that is not empty makes room: the end of a done task may be reported again, a sent one is named again when it is
//! received, and only a held one is really lost.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::task::Task;

/// A done task is remembered at least this long while there is room, so that a second report of its end is known as such.
const REMEMBERED_SECONDS: u32 = 60;

/// Bytes that a task takes: its slot, and its place in the index, of which at least half is empty.
pub(crate) const TASK_BYTES: usize = size_of::<Slot>() + 2 * (size_of::<u32>() + 1);

/// End of a list.
const END: u32 = u32::MAX;

/// Lists, by what they hold.
const DONE: usize = 0;
const SENT: usize = 1;
const HELD: usize = 2;
/// In none of them.
const LOOSE: usize = 3;

#[derive(Debug)]
struct Slot {
    key: (u64, u64),
    task: Task,
    /// Seconds since the start of the exporter.
    touched: u32,
    before: u32,
    after: u32,
    list: u8,
}

#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    index: HashTable<u32>,
    lists: [List; 3],
    limit: usize,
    /// Two of them, keyed anew in each process: ids that are not UUIDs are known by their hashes.
    hashers: (RandomState, RandomState),
    /// Tasks that were not done when they made room.
    pub(crate) forgotten: u64,
}

impl Table {
    /// A table of at most so many bytes; memory is used as it is needed.
    pub(crate) fn new(bytes: usize) -> Self {
        let limit = (bytes / TASK_BYTES).max(16);
        Self {
            slots: Vec::with_capacity(limit),
            index: HashTable::with_capacity(limit),
            lists: [List { oldest: END, newest: END }; 3],
            limit,
            hashers: (RandomState::default(), RandomState::default()),
            forgotten: 0,
        }
    }

    /// Where the task with this id is, if it is remembered.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.find_key(self.key(id))
    }

    /// Where the task with this id is; a new one has no name yet.
    pub(crate) fn enter(&mut self, id: &str, now: u32) -> u32 {
        let key = self.key(id);
        if let Some(known) = self.find_key(key) {
            return known;
        }
        let slot = Slot { key, task: Task::new(super::names::UNKNOWN), touched: now, before: END, after: END, list: small(LOOSE) };
        let at = self.room(now).unwrap_or_else(|| offset(self.slots.len()));
        match self.slots.get_mut(index(at)) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
        let (slots, hasher) = (&self.slots, &self.hashers.0);
        let hash = |at: &u32| slots.get(index(*at)).map_or(0, |slot| spread(hasher, slot.key));
        self.index.insert_unique(spread(hasher, key), at, hash);
        at
    }

    /// The task at a place given by [`enter`](Self::enter).
    pub(crate) fn task(&mut self, at: u32) -> Option<&mut Task> {
        self.slots.get_mut(index(at)).map(|slot| &mut slot.task)
    }

    /// The task at a place, to look at.
    pub(crate) fn peek(&self, at: u32) -> Option<&Task> {
        self.slots.get(index(at)).map(|slot| &slot.task)
    }

    /// Puts a task that has changed at the end of the list that it belongs to now.
    pub(crate) fn file(&mut self, at: u32, now: u32) {
        let Some(slot) = self.slots.get_mut(index(at)) else { return };
        slot.touched = now;
        let list = if slot.task.is_held() {
            HELD
        } else if slot.task.is_done() {
            DONE
        } else {
            SENT
        };
        self.unlink(at);
        self.append(at, list);
    }

    /// Tasks remembered.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of a task that makes room, taken out of index and lists, if none may be added.
    fn room(&mut self, now: u32) -> Option<u32> {
        let done = self.lists.first().map_or(END, |list| list.oldest);
        let expired = self.slots.get(index(done)).is_some_and(|slot| now.saturating_sub(slot.touched) >= REMEMBERED_SECONDS);
        if self.slots.len() < self.limit && !expired {
            return None;
        }
        let (list, at) = self.lists.iter().enumerate().map(|(list, found)| (list, found.oldest)).find(|(_, at)| *at != END)?;
        self.forgotten += u64::from(list != DONE);
        self.unlink(at);
        let key = self.slots.get(index(at))?.key;
        let hash = spread(&self.hashers.0, key);
        if let Ok(entry) = self.index.find_entry(hash, |known| *known == at) {
            entry.remove();
        }
        Some(at)
    }

    fn unlink(&mut self, at: u32) {
        let Some(slot) = self.slots.get_mut(index(at)) else { return };
        let (list, before, after) = (usize::from(slot.list), slot.before, slot.after);
        (slot.list, slot.before, slot.after) = (small(LOOSE), END, END);
        if list == LOOSE {
            return;
        }
        if let Some(slot) = self.slots.get_mut(index(before)) {
            slot.after = after;
        } else if let Some(list) = self.lists.get_mut(list) {
            list.oldest = after;
        }
        if let Some(slot) = self.slots.get_mut(index(after)) {
            slot.before = before;
        } else if let Some(list) = self.lists.get_mut(list) {
            list.newest = before;
        }
    }

    fn append(&mut self, at: u32, list: usize) {
        let Some(ends) = self.lists.get_mut(list) else { return };
        let before = std::mem::replace(&mut ends.newest, at);
        if before == END {
            ends.oldest = at;
        } else if let Some(slot) = self.slots.get_mut(index(before)) {
            slot.after = at;
        }
        if let Some(slot) = self.slots.get_mut(index(at)) {
            (slot.list, slot.before, slot.after) = (small(list), before, END);
        }
    }

    fn find_key(&self, key: (u64, u64)) -> Option<u32> {
        let same = |at: &u32| self.slots.get(index(*at)).is_some_and(|slot| slot.key == key);
        self.index.find(spread(&self.hashers.0, key), same).copied()
    }

    /// The id itself if it is a UUID, as Celery makes them; else two hashes of it.
    fn key(&self, id: &str) -> (u64, u64) {
        uuid(id).unwrap_or_else(|| {
            let hash = |state: &RandomState| {
                let mut hasher = state.build_hasher();
                hasher.write(id.as_bytes());
                hasher.finish()
            };
            (hash(&self.hashers.0), hash(&self.hashers.1))
        })
    }
}

/// The bits of `51500376-6fe1-408a-b59d-01dd8c553c9a` and the like.
fn uuid(id: &str) -> Option<(u64, u64)> {
    let bytes = id.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut value = 0_u128;
    for (position, byte) in bytes.iter().enumerate() {
        let digit = match byte {
            b'-' if matches!(position, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => byte - b'0',
            // Only the form that Celery writes, so that no two texts are one id.
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(digit);
    }
    let (high, low) = (value >> 64, value & u128::from(u64::MAX));
    Some((u64::try_from(high).ok()?, u64::try_from(low).ok()?))
}

fn spread(hasher: &RandomState, key: (u64, u64)) -> u64 {
    hasher.hash_one(key)
}

fn small(list: usize) -> u8 {
    u8::try_from(list).unwrap_or(u8::MAX)
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(END)
}

fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        super::task::{End, Moment},
        *,
    };

    fn id(number: u32) -> String {
        format!("515003{:02x}-6fe1-408a-b59d-01dd{number:08x}", number % 256)
    }

    fn receive(table: &mut Table, id: &str, now: u32) -> u32 {
        let at = table.enter(id, now);
        table.task(at).unwrap().received(Some(0), 1.0, None, 1);
        table.file(at, now);
        at
    }

    fn finish(table: &mut Table, at: u32, now: u32) {
        table.task(at).unwrap().ended(End::Succeeded, 1);
        table.file(at, now);
    }

    #[test]
    fn done_task_makes_room_first() {
        let mut table = Table::new(0);
        for number in 0..16 {
            let at = receive(&mut table, &id(number), 0);
            if number == 7 {
                finish(&mut table, at, 0);
            }
        }
        receive(&mut table, &id(100), 0);
        assert_eq!((table.len(), table.forgotten), (16, 0));
        assert!(table.find(&id(7)).is_none() && table.find(&id(0)).is_some());
        receive(&mut table, &id(101), 0);
        assert_eq!((table.len(), table.forgotten), (16, 1));
        assert!(table.find(&id(0)).is_none() && table.find(&id(1)).is_some());
    }

    #[test]
    fn sent_task_makes_room_before_a_held_one() {
        let mut table = Table::new(0);
        for number in 0..16 {
            if number == 3 {
                let at = table.enter(&id(number), 0);
                table.task(at).unwrap().sent(Some(0), Moment { at: 1.0, offset: 0.0 }, None);
                table.file(at, 0);
            } else {
                receive(&mut table, &id(number), 0);
            }
        }
        receive(&mut table, "custom id", 0);
        assert!(table.find(&id(3)).is_none() && table.find("custom id").is_some());
    }

    #[test]
    fn old_done_tasks_are_used_again() {
        let mut table = Table::new(1 << 20);
        for second in 0..1_000 {
            let at = receive(&mut table, &id(second), second);
            finish(&mut table, at, second);
        }
        assert!(table.slots.len() <= 62, "{}", table.slots.len());
    }

    #[test]
    fn lists_stay_whole_under_churn() {
        let mut table = Table::new(0);
        for number in 0..10_000_u32 {
            let at = receive(&mut table, &id(number % 40), number / 100);
            if number % 3 == 0 {
                finish(&mut table, at, number / 100);
            }
            let mut seen = 0;
            for list in table.lists {
                let (mut at, mut last) = (list.oldest, END);
                while at != END {
                    assert_eq!(table.slots[index(at)].before, last);
                    (last, at) = (at, table.slots[index(at)].after);
                    seen += 1;
                }
                assert_eq!(list.newest, last);
            }
            assert_eq!(seen, table.len());
        }
    }

    #[test]
    fn ids_are_uuids_or_anything_else() {
        assert_eq!(uuid("00000000-0000-0001-0000-000000000002"), Some((1, 2)));
        for text in [
            "",
            "00000000-0000-0001-0000-00000000000g",
            "00000000-0000-0001-0000-00000000000F",
            &"-".repeat(36),
            "0000000-00000-0001-0000-000000000002",
        ] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }
}
