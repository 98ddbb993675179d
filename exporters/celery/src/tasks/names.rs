//! Names, each kept once and known by a number.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

/// Number of the name of a task whose name is not known.
pub(crate) const UNKNOWN: u32 = 0;

/// Number of all names past the limit.
pub(crate) const OTHER: u32 = 1;

/// Longest name that is kept; a longer one is cut, as on the page.
const NAME_BYTES: usize = 256;

/// Bytes of names that are kept for each name that may be: each stands on the page some sixty times, and hostile ones are long.
const BYTES_EACH: usize = 64;

/// A bounded set of names.
#[derive(Debug)]
pub(crate) struct Names {
    by_number: Vec<Box<str>>,
    index: HashTable<u32>,
    hasher: RandomState,
    limit: usize,
    /// Bytes of names that may still be kept.
    bytes: usize,
}

impl Names {
    /// At most `limit` names of a usual length together, besides those of what is not known and of what is past the limit.
    pub(crate) fn new(unknown: &str, other: &str, limit: usize) -> Self {
        let bytes = limit.saturating_mul(BYTES_EACH);
        Self { by_number: vec![unknown.into(), other.into()], index: HashTable::new(), hasher: RandomState::default(), limit, bytes }
    }

    /// The number of a name, which is kept if it is new.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        let name = cut(name);
        let hash = self.hasher.hash_one(name);
        let names = &self.by_number;
        if let Some(known) = self.index.find(hash, |number| get(names, *number) == name) {
            return *known;
        }
        if name.is_empty() {
            return UNKNOWN;
        }
        if self.index.len() >= self.limit || name.len() > self.bytes {
            return OTHER;
        }
        let Ok(number) = u32::try_from(self.by_number.len()) else { return OTHER };
        self.bytes -= name.len();
        self.by_number.push(name.into());
        let (names, hasher) = (&self.by_number, &self.hasher);
        self.index.insert_unique(hash, number, |number| hasher.hash_one(get(names, *number)));
        number
    }

    /// The name with a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        get(&self.by_number, number)
    }

    /// The names that were seen.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &str> {
        self.by_number.iter().skip(2).map(|name| &**name)
    }
}

/// As much of a name, of whatever it is, as is kept: who publishes can make it as long as a message.
pub(crate) fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME_BYTES)).unwrap_or(name)
}

fn get(names: &[Box<str>], number: u32) -> &str {
    usize::try_from(number).ok().and_then(|number| names.get(number)).map_or("", |name| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_past_the_limit_is_other() {
        let mut names = Names::new("__unknown__", "__other__", 2);
        assert_eq!((names.number("a"), names.number("b"), names.number("c"), names.number("a")), (2, 3, OTHER, 2));
        assert_eq!((names.name(2), names.name(UNKNOWN), names.name(OTHER)), ("a", "__unknown__", "__other__"));
        assert_eq!(names.number(""), UNKNOWN);
        assert_eq!(names.number("__other__"), OTHER);
        assert_eq!(names.seen().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn long_names_are_cut_on_a_character() {
        let mut names = Names::new("", "", 9);
        let number = names.number(&"ä".repeat(200));
        assert_eq!(names.name(number), "ä".repeat(128));
    }

    #[test]
    fn long_names_share_a_budget() {
        let mut names = Names::new("", "", 8);
        let long = |number: usize| format!("{number}{}", "x".repeat(299));
        assert_eq!([0, 1, 2, 0].map(|number| names.number(&long(number))), [2, 3, OTHER, 2]);
    }
}
