//! The few lowest of many gauges, with exact counts beside them: a bounded gauge has no `other`.

use std::{cmp::Ordering, collections::BinaryHeap};

use super::key::cut;

/// Gathers the values of one reading.
#[derive(Clone, Debug)]
pub(crate) struct Lowest {
    most: usize,
    threshold: f64,
    kept: BinaryHeap<Entry>,
    pub(crate) low: u64,
    pub(crate) exhausted: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    amount: f64,
    value: Box<str>,
}

impl Lowest {
    /// Keeps the `most` lowest, and counts how many are below `threshold`.
    pub(crate) const fn new(most: usize, threshold: f64) -> Self {
        Self { most, threshold, kept: BinaryHeap::new(), low: 0, exhausted: 0 }
    }

    pub(crate) fn add(&mut self, value: &str, amount: f64) {
        if amount.is_nan() {
            return;
        }
        self.low += u64::from(amount < self.threshold);
        self.exhausted += u64::from(amount <= 0.0);
        let value = cut(value);
        let lower = self.kept.peek().is_none_or(|highest| (amount, value).partial_cmp(&(highest.amount, &*highest.value)) == Some(Ordering::Less));
        if self.kept.len() < self.most || lower {
            self.kept.push(Entry { amount, value: value.into() });
        }
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }

    /// The lowest ones, in no order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&str, f64)> {
        self.kept.iter().map(|entry| (&*entry.value, entry.amount))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.total_cmp(&other.amount).then_with(|| self.value.cmp(&other.value))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_are_kept_and_all_are_counted() {
        let mut lowest = Lowest::new(2, 10.0);
        for (user, left) in [("a", 50.0), ("b", 0.0), ("c", 9.0), ("d", 3.0), ("e", -1.0), ("f", f64::NAN)] {
            lowest.add(user, left);
        }
        let mut kept: Vec<_> = lowest.kept().collect();
        kept.sort_unstable_by(|left, right| left.1.total_cmp(&right.1));
        assert_eq!(kept, [("e", -1.0), ("b", 0.0)]);
        assert_eq!((lowest.low, lowest.exhausted), (4, 2));
    }
}
