//! Proof that the generated unit tests test: every alert is broken in small ways, one at a time, and its tests must fail.
//!
//! The examples of an alert are literals, so a mutant that no test notices is a change to the alert that nobody would
//! notice either. All mutants of one alert run in one go, as alerts of different names beside each other, since promtool
//! spends its time on setting up a test and not on the rules in it.

mod change;
mod mutant;
mod proof;
mod suite;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::render::File;
use crate::set::{Rule, Set, SetError};
use mutant::Mutant;
use suite::Suite;

pub use proof::{Proof, Survivor};

/// Why nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// The rendered files cannot be read back.
    #[error(transparent)]
    Set(#[from] SetError),
    /// An expression cannot be changed.
    #[error("{subject} is not PromQL: {reason}")]
    Promql {
        /// The rule.
        subject: String,
        /// What the parser says.
        reason: String,
    },
    /// An alert fails its own tests before anything is changed.
    #[error("{alert} fails its own tests, so they prove nothing:\n{said}")]
    Baseline {
        /// The alert.
        alert: String,
        /// What promtool says.
        said: String,
    },
    /// Promtool does not do what it should.
    #[error("promtool gave no verdict on {alert}:\n{said}")]
    Verdict {
        /// The alert.
        alert: String,
        /// What promtool says.
        said: String,
    },
    /// Promtool is not installed.
    #[error("promtool is missing: apt-get install prometheus")]
    Promtool,
    /// The system refuses.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or program.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Runs the tests of every alert against all of its mutants, on all processors.
///
/// # Errors
/// When an alert fails its own tests, or promtool cannot be run.
pub fn prove(files: &[File]) -> Result<Proof, MutateError> {
    let set = Set::of(files);
    let rules = set.rules()?;
    let alerts: Vec<&Rule> = rules.iter().filter(|rule| rule.alert.is_some()).collect();
    let suite = Suite::new(&set)?;
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(alerts.len());
    let work = || -> Result<Vec<_>, MutateError> {
        let mut verdicts = Vec::new();
        while let Some((index, alert)) = taken(&next, &alerts) {
            verdicts.push((index, judge(&suite, alert)?));
        }
        Ok(verdicts)
    };
    let mut verdicts = thread::scope(|scope| -> Result<Vec<_>, MutateError> {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut verdicts = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(found) => verdicts.extend(found?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(verdicts)
    })?;
    verdicts.sort_by_key(|(index, _)| *index);
    Ok(Proof::new(verdicts.into_iter().flat_map(|(_, verdicts)| verdicts)))
}

/// The next alert that no other thread has.
fn taken<'a>(next: &AtomicUsize, alerts: &[&'a Rule]) -> Option<(usize, &'a Rule)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    alerts.get(index).map(|alert| (index, *alert))
}

/// Each mutant of an alert, and whether a test noticed it.
fn judge(suite: &Suite, alert: &Rule) -> Result<Vec<(Mutant, bool)>, MutateError> {
    let mutants = mutant::all(alert)?;
    let killed = suite.killed(alert, &mutants)?;
    Ok(mutants.into_iter().zip(killed).collect())
}

#[cfg(test)]
mod tests;
