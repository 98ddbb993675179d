//! Metrics that our own exporters expose, as `METRICS.md` lists them.

use std::collections::BTreeSet;

use super::change::{Changes, Risk};
use crate::set::{Set, SetError};

/// Its path in a set.
pub(super) const METRICS: &str = "METRICS.md";

pub(super) fn compare(old: &Set, new: &Set, changes: &mut Changes) -> Result<(), SetError> {
    let (before, after) = (metrics(old.text(METRICS)?), metrics(new.text(METRICS)?));
    for name in after.difference(&before) {
        changes.add(Risk::Cost, "series added", *name);
    }
    for name in before.difference(&after) {
        changes.add(Risk::Different, "series no longer exposed", *name);
    }
    Ok(())
}

/// The first cell of each row: a name between backticks.
fn metrics(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect()
}
