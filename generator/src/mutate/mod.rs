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
use crate::spec::Spec;
use crate::spec::alert::Equivalent;
use crate::spec::site::Site;
use mutant::Mutant;
use suite::Suite;

pub use proof::{Proof, Survivor};

/// Why nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// The rendered files cannot be read back.
    #[error(transparent)]
    Set(#[from] SetError),
    /// There is no such alert.
    #[error("no alert's name begins with {0}")]
    NoAlert(String),
    /// A change that is said to change nothing is noticed, or there is no such change.
    #[error("{alert}: \"{change}\" is said to change nothing (\"{reason}\"), but a test notices it or it is no mutant: take that out")]
    Equivalent {
        /// The alert.
        alert: String,
        /// The change.
        change: &'static str,
        /// Why it would change nothing.
        reason: &'static str,
    },
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

/// Runs the tests of every alert whose name begins with `prefix` against all of its mutants, on all processors.
///
/// # Errors
/// When there is no such alert, an alert fails its own tests, a mutant that is said to be the same alert is none, or promtool
/// cannot be run.
pub fn prove(site: &Site, files: &[File], prefix: &str) -> Result<Proof, MutateError> {
    let alerts = Spec::new(site).alerts.into_iter().filter(|alert| alert.name.starts_with(prefix));
    let equivalents: Vec<_> = alerts.flat_map(|alert| alert.equivalents.into_iter().map(move |same| (alert.name, same))).collect();
    survey(files, prefix, &equivalents)
}

fn survey(files: &[File], prefix: &str, equivalents: &[(&str, Equivalent)]) -> Result<Proof, MutateError> {
    let set = Set::of(files);
    let rules = set.rules()?;
    let alerts: Vec<&Rule> = rules.iter().filter(|rule| rule.alert.as_ref().is_some_and(|name| name.starts_with(prefix))).collect();
    if alerts.is_empty() {
        return Err(MutateError::NoAlert(prefix.to_owned()));
    }
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
    Proof::new(verdicts.into_iter().flat_map(|(_, verdicts)| verdicts), equivalents)
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
