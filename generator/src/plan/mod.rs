//! What a rendering would change in meaning, compared with an earlier one, and what it will cost to run.
//!
//! A changed line says little: what counts is whether somebody will be told later, or not at all. Changes are grouped by
//! that, the risky ones first.

mod alerts;
mod change;
mod deliveries;
mod duration;
pub(crate) mod estimate;
mod scrapes;
mod series;

use std::fmt;
use std::path::Path;

use crate::render::File;
use crate::set::{Set, SetError};
use crate::spec::Spec;
use crate::spec::site::Site;
use change::Changes;
use estimate::Estimate;

pub use change::Risk;

/// The changes and the cost.
#[derive(Clone, Debug)]
pub struct Plan {
    changes: Changes,
    estimate: Estimate,
}

impl Plan {
    /// Every change of one risk, in a fixed order.
    pub fn of(&self, risk: Risk) -> impl Iterator<Item = String> {
        self.changes.of(risk)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{}", self.changes, self.estimate)
    }
}

/// Compares the rendering of a site with the set that an earlier run wrote into a directory.
///
/// # Errors
/// When either cannot be read back.
pub fn compare(site: &Site, files: &[File], earlier: &Path) -> Result<Plan, SetError> {
    let (old, new) = (Set::read(earlier)?, Set::of(files));
    let mut changes = Changes::default();
    alerts::compare(&old.rules()?, &new.rules()?, &mut changes);
    deliveries::compare(&old, &new, &mut changes)?;
    scrapes::compare(&old.scraping()?, &new.scraping()?, &mut changes);
    series::compare(&old, &new, &mut changes)?;
    other_files(&old, &new, &mut changes);
    Ok(Plan { changes, estimate: Estimate::new(&Spec::new(site), &new, files)? })
}

/// Files that no other comparison reads: what people see, and what programs are started with.
fn other_files(old: &Set, new: &Set, changes: &mut Changes) {
    for path in old.paths().chain(new.paths().filter(|path| old.text(path).is_err())) {
        if has_its_own_comparison(path) {
            continue;
        }
        let risk = if Path::new(path).extension().is_some_and(|extension| extension == "yml") { Risk::Different } else { Risk::Words };
        match (old.text(path), new.text(path)) {
            (Ok(before), Ok(after)) if before == after => {}
            (Ok(_), Ok(_)) => changes.add(risk, "another text", path),
            (Ok(_), Err(_)) => changes.add(risk, "no longer rendered", path),
            (Err(_), _) => changes.add(risk, "a new file", path),
        }
    }
}

fn has_its_own_comparison(path: &str) -> bool {
    let rules = path.ends_with("_rules.yml");
    rules
        || path.starts_with("tests/")
        || [crate::set::PROMETHEUS, crate::set::ALERTMANAGER, series::METRICS, crate::render::MANIFEST].contains(&path)
}

#[cfg(test)]
mod tests;
