//! What the mutants showed.

use std::fmt;

use super::MutateError;
use super::mutant::Mutant;
use crate::spec::alert::Equivalent;

/// Of a hundred mutants so many must be noticed; the rest may be changes that change nothing.
const REQUIRED_PERCENT: usize = 95;

/// How many mutants there were that are not the alert itself, and which of them no test noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    mutants: usize,
    /// How many of them changed the severity and died, as they do by construction.
    severities: usize,
    equivalents: usize,
    survivors: Vec<Survivor>,
}

/// A change to an alert that its tests do not notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// The alert.
    pub alert: String,
    /// What was changed.
    pub change: String,
    /// The changed expression.
    pub expression: String,
}

impl Proof {
    pub(super) fn new(verdicts: impl Iterator<Item = (Mutant, bool)>, equivalents: &[(&str, Equivalent)]) -> Result<Self, MutateError> {
        let mut proof = Self { mutants: 0, severities: 0, equivalents: 0, survivors: Vec::new() };
        let mut unseen = equivalents.to_vec();
        for (mutant, killed) in verdicts {
            let is_same = |(alert, same): &(&str, Equivalent)| *alert == mutant.alert && same.change == mutant.change;
            if !killed && equivalents.iter().any(is_same) {
                unseen.retain(|same| !is_same(same));
                proof.equivalents += 1;
                continue;
            }
            proof.mutants += 1;
            proof.severities += usize::from(killed && mutant.of_severity);
            if !killed {
                proof.survivors.push(Survivor { alert: mutant.alert, change: mutant.change, expression: mutant.rule.expr });
            }
        }
        match unseen.first() {
            Some((alert, Equivalent { change, reason })) => Err(MutateError::Equivalent { alert: (*alert).to_owned(), change, reason }),
            None => Ok(proof),
        }
    }

    /// How many mutants ran.
    #[must_use]
    pub fn mutants(&self) -> usize {
        self.mutants
    }

    /// What no test noticed, in the order of the rules.
    #[must_use]
    pub fn survivors(&self) -> &[Survivor] {
        &self.survivors
    }

    /// Whether enough were noticed, without those that are noticed by construction.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mutants = self.mutants - self.severities;
        (mutants - self.survivors.len()) * 100 >= mutants * REQUIRED_PERCENT
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Survivor { alert, change, expression } in &self.survivors {
            writeln!(formatter, "{alert}: {change}: no test notices\n  | {expression}")?;
        }
        let all = share(self.mutants, self.survivors.len());
        let others = share(self.mutants - self.severities, self.survivors.len());
        write!(
            formatter,
            "{all} mutants died; without those of severities, which any test notices, {others}, and {REQUIRED_PERCENT} % are required"
        )?;
        if self.equivalents > 0 { write!(formatter, "; {} more change nothing, as is said beside their alerts", self.equivalents) } else { Ok(()) }
    }
}

/// How many died of how many. Tenths are rounded down: 94.96 % is not 95 %.
fn share(mutants: usize, survivors: usize) -> String {
    let killed = mutants - survivors;
    let tenths = (killed * 1_000).checked_div(mutants).unwrap_or(1_000);
    format!("{killed} of {mutants} ({}.{} %)", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(mutants: usize, survivors: usize) -> Proof {
        let survivor = Survivor { alert: "A".to_owned(), change: "for 1m removed".to_owned(), expression: "x > 1".to_owned() };
        Proof { mutants, severities: 0, equivalents: 0, survivors: vec![survivor; survivors] }
    }

    #[test]
    fn ninety_five_of_a_hundred_must_die() {
        assert!(proof(100, 5).holds());
        assert!(!proof(100, 6).holds());
        assert!(proof(0, 0).holds());
    }

    #[test]
    fn survivors_are_listed_before_the_sum() {
        let with_severity = Proof { mutants: 4, severities: 1, ..proof(4, 1) };
        let sum = "3 of 4 (75.0 %) mutants died; without those of severities, which any test notices, 2 of 3 (66.6 %), and 95 % are required";
        assert_eq!(with_severity.to_string(), format!("A: for 1m removed: no test notices\n  | x > 1\n{sum}"));
    }

    #[test]
    fn severities_do_not_make_up_for_survivors() {
        assert!(!Proof { severities: 100, ..proof(200, 6) }.holds());
    }
}
