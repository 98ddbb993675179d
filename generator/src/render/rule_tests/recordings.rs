//! `tests/recordings_test.yml`: what the recording rules make of raw series.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{File, Place, RenderError, rules, yaml};
use super::{Input, TestFile};
use crate::spec::Spec;
use crate::spec::duration::Duration;
use crate::spec::recordings::example::AT;

#[derive(Serialize)]
struct Test {
    name: &'static str,
    interval: Duration,
    input_series: Vec<Input>,
    #[serde(rename = "promql_expr_test")]
    values: Vec<Expectation>,
}

/// Every series of one name.
#[derive(Serialize)]
struct Expectation {
    expr: String,
    eval_time: Duration,
    exp_samples: Vec<Sample>,
}

#[derive(Serialize)]
struct Sample {
    labels: String,
    value: f64,
}

/// One group for all, since no two of them give the same series; none at intervals other than the examples'.
pub(super) fn file(spec: &Spec) -> Result<Option<File>, RenderError> {
    let given = spec.recording_examples.iter().flat_map(|example| example.given);
    let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for (series, value) in spec.recording_examples.iter().flat_map(|example| &example.recorded) {
        let name = series.split('{').next().unwrap_or_default();
        by_name.entry(name).or_default().push(Sample { labels: series.clone(), value: *value });
    }
    if by_name.is_empty() {
        return Ok(None);
    }
    let values = by_name.into_iter().map(|(name, samples)| Expectation { expr: name.to_owned(), eval_time: AT, exp_samples: samples });
    let test = Test {
        name: "recordings",
        interval: spec.scrape_interval,
        input_series: given.map(|(series, values)| Input { series: (*series).to_owned(), values }).collect(),
        values: values.collect(),
    };
    let content = TestFile { rule_files: [format!("../{}", rules::RECORDINGS)], evaluation_interval: spec.evaluation_interval, tests: vec![test] };
    yaml::file(Place::Set, "tests/recordings_test.yml", &content).map(Some)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::spec::Spec;
    use crate::spec::site::Site;

    #[test]
    fn every_recording_has_an_example() {
        let spec = Spec::new(&Site::default());
        let shown = spec.recording_examples.iter().flat_map(|example| &example.recorded);
        let shown: BTreeSet<&str> = shown.filter_map(|(series, _)| series.split('{').next()).collect();
        // A week is longer than a test.
        let recordings = spec.recordings.iter().filter(|recording| !recording.expr.ends_with(" offset 7d"));
        assert_eq!(recordings.map(|recording| recording.name.as_str()).filter(|name| !shown.contains(name)).collect::<Vec<_>>(), [""; 0]);
    }
}
