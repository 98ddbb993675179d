//! A spec with any number of alerts, for the benchmark of growth and nothing else.

use crate::render::{self, File};
use crate::spec::Spec;
use crate::spec::site::Site;
use crate::{Error, checks};

/// What [`render`](crate::render()) does, with the alerts of the spec over and over, each under a name of its own, until there
/// are `count` of them.
///
/// # Errors
/// As for [`render`](crate::render()).
pub fn render_enlarged(site: &Site, count: usize) -> Result<Vec<File>, Error> {
    let mut spec = Spec::new(site);
    let originals = spec.alerts.clone();
    let further = originals.iter().cycle().enumerate().skip(originals.len()).take(count.saturating_sub(originals.len()));
    for (number, original) in further {
        let mut alert = original.clone();
        // A benchmark ends soon; the names of real alerts are part of the program.
        alert.name = Box::leak(format!("{}{number}", original.name).into_boxed_str());
        // Two alerts that ask the same are a finding.
        alert.expr = format!("{}\n# {number}", original.expr);
        spec.alerts.push(alert);
    }
    let findings = checks::findings(&spec);
    if findings.is_empty() { Ok(render::files(&spec)?) } else { Err(Error::Findings(findings)) }
}
