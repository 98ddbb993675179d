//! Changes by risk. What happens to several alerts alike is one line.

use std::collections::BTreeMap;
use std::fmt;

/// Names that are written out before the rest is counted.
const SHOWN: usize = 6;

/// What a change may do to the people who are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// They may be told less, or later.
    Quieter,
    /// They are told of something else: a person must read it.
    Different,
    /// They may be told more, or earlier.
    Louder,
    /// They are told the same, and it costs more or less.
    Cost,
    /// They are told the same in other words.
    Words,
}

impl Risk {
    /// Every risk, the worst first.
    pub const ALL: [Self; 5] = [Self::Quieter, Self::Different, Self::Louder, Self::Cost, Self::Words];

    const fn heading(self) -> &'static str {
        match self {
            Self::Quieter => "Told less, or later",
            Self::Different => "Another meaning: read it",
            Self::Louder => "Told more, or earlier",
            Self::Cost => "Cost",
            Self::Words => "Words only",
        }
    }
}

/// All changes: to each the names of what changes so.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes(BTreeMap<Risk, BTreeMap<String, Vec<String>>>);

impl Changes {
    /// Notes that `what` happens to `subject`.
    pub(super) fn add(&mut self, risk: Risk, what: impl Into<String>, subject: impl Into<String>) {
        self.0.entry(risk).or_default().entry(what.into()).or_default().push(subject.into());
    }

    pub(super) fn of(&self, risk: Risk) -> impl Iterator<Item = String> {
        self.0.get(&risk).into_iter().flatten().map(|(what, subjects)| format!("{}: {what}", names(subjects)))
    }
}

fn names(subjects: &[String]) -> String {
    let shown = subjects.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match subjects.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(formatter, "Nothing changes");
        }
        for risk in Risk::ALL.into_iter().filter(|risk| self.0.contains_key(risk)) {
            writeln!(formatter, "{}", risk.heading())?;
            for line in self.of(risk) {
                writeln!(formatter, "  {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_alike_is_one_line() {
        let mut changes = Changes::default();
        for name in ["A", "B", "C", "D", "E", "F", "G", "H"] {
            changes.add(Risk::Louder, "fires earlier", name);
        }
        changes.add(Risk::Quieter, "gone", "I");
        assert_eq!(changes.to_string(), "Told less, or later\n  I: gone\nTold more, or earlier\n  A, B, C, D, E, F and 2 more: fires earlier\n");
    }

    #[test]
    fn no_changes_are_said_to_be_none() {
        assert_eq!(Changes::default().to_string(), "Nothing changes\n");
    }
}
