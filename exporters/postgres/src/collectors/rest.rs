//! Counters of everything that has no series of its own, in sums that only grow.
//!
//! A sum of what is not named at the moment would fall whenever a member gets a series of its own or vanishes, and a counter
//! that falls is a reset to whoever reads it. So what is summed are increments: those of every member that was not named both
//! now and the time before, since between these two no series of its own shows them.

use std::collections::HashMap;

/// See the [module](self). Holds one entry for each member of the last reading and no other.
#[derive(Debug, Default)]
pub(super) struct Rest {
    totals: Vec<f64>,
    members: HashMap<String, Member>,
    reading: u64,
}

/// A member as it was last read.
#[derive(Debug)]
struct Member {
    values: Box<[f64]>,
    named: bool,
    reading: u64,
}

impl Rest {
    /// Begins with a reading of so many counters of each member.
    pub(super) fn begin(&mut self, counters: usize) {
        self.reading += 1;
        self.totals.resize(counters, 0.0);
    }

    /// Takes one member's counters, in the order of all readings. A value below the one before has begun again from zero.
    pub(super) fn add(&mut self, name: &str, named: bool, values: Vec<f64>) {
        let Some(member) = self.members.get_mut(name) else {
            // Shown by name from its first value on, or not at all until now.
            if !named {
                self.totals.iter_mut().zip(&values).for_each(|(total, value)| *total += value);
            }
            self.members.insert(name.to_owned(), Member { values: values.into(), named, reading: self.reading });
            return;
        };
        if !(named && member.named) {
            for ((total, value), before) in self.totals.iter_mut().zip(&values).zip(&member.values) {
                *total += if value < before { *value } else { value - before };
            }
        }
        *member = Member { values: values.into(), named, reading: self.reading };
    }

    /// Ends the reading: members that were not in it are forgotten. Returns the sums.
    pub(super) fn end(&mut self) -> &[f64] {
        let reading = self.reading;
        self.members.retain(|_, member| member.reading == reading);
        &self.totals
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// What a reader of counters makes of a sequence of values.
    fn increase(before: f64, now: f64) -> f64 {
        if now < before { now } else { now - before }
    }

    /// The same numbers in each run; xorshift.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn increases_of_all_series_are_the_truth() {
        for seed in 1..500 {
            let mut state = seed;
            let mut tables: BTreeMap<String, f64> = (0..6).map(|table| (format!("t{table}"), 100.0)).collect();
            let (mut rest, mut shown, mut truth, mut seen) = (Rest::default(), BTreeMap::<String, f64>::new(), 0.0, 0.0);
            for scrape in 0..40 {
                let named: BTreeSet<String> = tables.keys().filter(|_| random(&mut state).is_multiple_of(3)).cloned().collect();
                rest.begin(1);
                for (name, value) in &tables {
                    rest.add(name, named.contains(name), vec![*value]);
                }
                let other = rest.end()[0];
                let mut page: BTreeMap<String, f64> = named.iter().map(|name| (name.clone(), tables[name])).collect();
                page.insert("other".to_owned(), other);
                assert!(shown.get("other").is_none_or(|before| *before <= other), "the sum fell in scrape {scrape} of {seed}");
                seen += page.iter().filter_map(|(name, value)| Some(increase(*shown.get(name)?, *value))).sum::<f64>();
                assert!((seen - truth).abs() < 1e-6, "{seen} of {truth} were seen by scrape {scrape} of {seed}");
                shown = page;
                change(&mut tables, &mut state, &mut truth);
            }
            assert!(rest.members.len() <= tables.len() + 1);
        }
    }

    /// Tables work, are reset or dropped until the next scrape.
    fn change(tables: &mut BTreeMap<String, f64>, state: &mut u64, truth: &mut f64) {
        if random(state).is_multiple_of(9) {
            tables.pop_first();
        }
        for value in tables.values_mut() {
            let now = match random(state) % 8 {
                // A reset: what has been counted since is all that there is.
                0 => 1.0,
                work @ 1..5 => *value + f64::from(u32::try_from(work).unwrap()),
                _ => *value,
            };
            *truth += increase(*value, now);
            *value = now;
        }
    }

    #[test]
    fn new_member_counts_from_zero() {
        let mut rest = Rest::default();
        rest.begin(1);
        rest.add("a", false, vec![5.0]);
        assert_eq!(rest.end(), [5.0]);
        rest.begin(1);
        rest.add("b", false, vec![2.0]);
        rest.add("c", true, vec![9.0]);
        assert_eq!(rest.end(), [7.0]);
        assert_eq!(rest.members.len(), 2);
    }
}
