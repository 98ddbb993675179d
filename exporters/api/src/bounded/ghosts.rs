//! The last amounts of values that were withdrawn, so that one that returns goes on where it was.

use std::collections::{HashMap, VecDeque};

/// Bounded by amounts, not by values: a value may have one for each group.
#[derive(Debug)]
pub(super) struct Ghosts {
    amounts: HashMap<u64, Box<[(u8, f64)]>, foldhash::fast::RandomState>,
    oldest: VecDeque<u64>,
    held: usize,
    most: usize,
}

impl Ghosts {
    pub(super) fn new(most: usize) -> Self {
        Self { amounts: HashMap::default(), oldest: VecDeque::new(), held: 0, most }
    }

    pub(super) fn remember(&mut self, hash: u64, amounts: Box<[(u8, f64)]>) {
        self.take(hash);
        self.held += amounts.len();
        self.amounts.insert(hash, amounts);
        self.oldest.push_back(hash);
        while self.held > self.most {
            let Some(oldest) = self.oldest.pop_front() else { break };
            self.held -= self.amounts.remove(&oldest).map_or(0, |amounts| amounts.len());
        }
    }

    /// What is remembered of a value; it is not a ghost any more.
    pub(super) fn take(&mut self, hash: u64) -> Box<[(u8, f64)]> {
        let Some(amounts) = self.amounts.remove(&hash) else { return Box::default() };
        self.held -= amounts.len();
        self.oldest.retain(|old| *old != hash);
        amounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_is_forgotten_first() {
        let mut ghosts = Ghosts::new(3);
        for hash in 1..=3 {
            ghosts.remember(hash, Box::new([(0, 1.0)]));
        }
        ghosts.remember(1, Box::new([(0, 5.0)]));
        ghosts.remember(4, Box::new([(2, 4.0)]));
        assert_eq!(*ghosts.take(1), [(0, 5.0)]);
        assert_eq!((ghosts.take(2).len(), ghosts.take(3).len(), ghosts.take(4).len()), (0, 1, 1));
        assert_eq!((ghosts.held, ghosts.oldest.len()), (0, 0));
    }
}
