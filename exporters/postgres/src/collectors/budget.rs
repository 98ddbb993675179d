//! Which members of an open set are shown by name, when there are more than a page should hold.
//!
//! The choice is stable: a member keeps its place until one outside outweighs it clearly, so that series do not come and go
//! with every scrape.

use std::collections::HashSet;

/// A challenger must outweigh the lightest member by this factor to take its place: below it, two members of about the same
/// weight would change places over and over.
const HYSTERESIS: f64 = 1.1;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Budget {
    members: HashSet<String>,
    evictions: u64,
}

impl Budget {
    /// Chooses at most `limit` of the candidates, given with their weights; 0 is no limit. Those without a place are left to
    /// the caller.
    pub(super) fn choose(&mut self, limit: usize, candidates: &[(&str, f64)]) {
        if limit == 0 || candidates.len() <= limit {
            self.members = candidates.iter().map(|(name, _)| (*name).to_owned()).collect();
            return;
        }
        let favoured = |(name, weight): &(&str, f64)| if self.members.contains(*name) { weight * HYSTERESIS } else { *weight };
        let mut order: Vec<(f64, &str)> = candidates.iter().map(|candidate| (favoured(candidate), candidate.0)).collect();
        order.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
        let chosen: HashSet<String> = order.iter().take(limit).map(|(_, name)| (*name).to_owned()).collect();
        let present: HashSet<&str> = candidates.iter().map(|(name, _)| *name).collect();
        let evicted = self.members.iter().filter(|member| present.contains(member.as_str()) && !chosen.contains(*member)).count();
        self.evictions += u64::try_from(evicted).unwrap_or(0);
        self.members = chosen;
    }

    /// Whether a candidate has a place.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// How often one that is still there lost its place to another.
    pub(super) const fn evictions(&self) -> u64 {
        self.evictions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaviest_have_a_place() {
        let mut budget = Budget::default();
        budget.choose(2, &[("a", 1.0), ("b", 3.0), ("c", 2.0)]);
        assert!(!budget.contains("a") && budget.contains("b") && budget.contains("c"));
        assert_eq!(budget.evictions(), 0);
    }

    #[test]
    fn place_is_lost_to_a_clearly_heavier_one_only() {
        let mut budget = Budget::default();
        budget.choose(1, &[("a", 10.0), ("b", 9.0)]);
        budget.choose(1, &[("a", 10.0), ("b", 10.5)]);
        assert!(budget.contains("a"));
        budget.choose(1, &[("a", 10.0), ("b", 12.0)]);
        assert!(budget.contains("b"));
        assert_eq!(budget.evictions(), 1);
    }

    #[test]
    fn all_fit_without_a_limit() {
        let mut budget = Budget::default();
        budget.choose(0, &[("a", 1.0), ("b", 0.0)]);
        assert!(budget.contains("a") && budget.contains("b"));
    }
}
