//! Which untracked values are heavy: a fixed table that keeps those that come again, whatever else arrives.
//!
//! Sets of a few entries, as in a processor's cache. A newcomer takes the place of the lightest entry of its set with the
//! probability that its weight has against that entry's (Ben-Basat et al., "Randomized admission policy", 2017), so that a flood of
//! values that come once hardly moves the heavy ones. What an entry inherits is its possible error and does not count for it.

use super::{key::Key, settings::DECAY};

/// Entries of one set: two or three cache lines are looked through for an event.
const WAYS: usize = 8;

/// An untracked value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) hash: u64,
    pub(super) key: Key,
    /// Groups that it came with, as bits.
    pub(super) groups: u64,
    weight: f64,
    /// How much of the weight may be that of values that had the place before.
    inherited: f64,
}

impl Candidate {
    /// The weight that is certainly its own.
    pub(super) fn weight(&self) -> f64 {
        self.weight - self.inherited
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Sketch {
    entries: Box<[Option<Candidate>]>,
    random: u64,
}

impl Sketch {
    /// Places for at least this many candidates.
    pub(super) fn new(candidates: usize, seed: u64) -> Self {
        Self { entries: vec![None; candidates.next_power_of_two().max(WAYS)].into(), random: seed | 1 }
    }

    /// An event of an untracked value.
    pub(super) fn offer(&mut self, hash: u64, value: &str, group: usize, amount: f64) {
        let random = self.random();
        let bit = 1_u64.checked_shl(u32::try_from(group).unwrap_or(u32::MAX)).unwrap_or(0);
        let mut lightest: Option<&mut Option<Candidate>> = None;
        let mut least = f64::INFINITY;
        for entry in self.set(hash) {
            match entry {
                Some(candidate) if candidate.hash == hash => {
                    candidate.weight += amount;
                    candidate.groups |= bit;
                    return;
                }
                Some(candidate) if candidate.weight >= least => {}
                _ => {
                    least = entry.as_ref().map_or(0.0, |candidate| candidate.weight);
                    lightest = Some(entry);
                }
            }
        }
        if let Some(entry) = lightest
            && random * (least + amount) <= amount
        {
            *entry = Some(Candidate { hash, key: Key::new(value), groups: bit, weight: least + amount, inherited: least });
        }
    }

    /// The candidates by weight, heaviest first, as far as `most` of them.
    pub(super) fn heaviest(&self, most: usize) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = self.entries.iter().flatten().filter(|candidate| candidate.weight() > 0.0).copied().collect();
        found.sort_unstable_by(|left, right| right.weight().total_cmp(&left.weight()));
        found.truncate(most);
        found
    }

    /// A value that is tracked now.
    pub(super) fn remove(&mut self, hash: u64) {
        for entry in self.set(hash) {
            if entry.is_some_and(|candidate| candidate.hash == hash) {
                *entry = None;
            }
        }
    }

    /// The entries among which a value is kept, if it is.
    fn set(&mut self, hash: u64) -> &mut [Option<Candidate>] {
        let sets = self.entries.len() / WAYS;
        let set = usize::try_from(hash >> 32).unwrap_or(0) & sets.saturating_sub(1);
        self.entries.get_mut(set * WAYS..(set + 1) * WAYS).unwrap_or_default()
    }

    /// An epoch has passed.
    pub(super) fn decay(&mut self) {
        for candidate in self.entries.iter_mut().flatten() {
            candidate.weight *= DECAY;
            candidate.inherited *= DECAY;
        }
    }

    /// Evenly between 0 and 1 (xorshift; what an attacker could learn of it is of no use without the hash's key).
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let upper = u32::try_from(self.random >> 32).unwrap_or(u32::MAX);
        f64::from(upper) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_value_survives_a_flood() {
        let mut sketch = Sketch::new(64, 7);
        for event in 0..100_000_u64 {
            sketch.offer(event.wrapping_mul(0x9e37_79b9_7f4a_7c15), "flood", 0, 1.0);
            if event % 50 == 0 {
                sketch.offer(42, "heavy", 3, 1.0);
            }
        }
        let heaviest = sketch.heaviest(1)[0];
        assert_eq!((heaviest.key.as_str(), heaviest.groups), ("heavy", 8));
        assert!(heaviest.weight() > 500.0 && heaviest.weight() <= 2000.0, "{}", heaviest.weight());
        sketch.remove(42);
        assert!(sketch.heaviest(99).iter().all(|candidate| candidate.hash != 42));
    }

    #[test]
    fn weight_fades() {
        let mut sketch = Sketch::new(8, 1);
        sketch.offer(1, "a", 0, 10.0);
        sketch.decay();
        assert!((sketch.heaviest(1)[0].weight() - 9.0).abs() < 1e-9);
    }
}
