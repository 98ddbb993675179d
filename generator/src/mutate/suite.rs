//! The generated tests, cut down to one alert and run against its mutants.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use tempfile::TempDir;

use super::MutateError;
use super::mutant::Mutant;
use crate::set::{AlertTest, Group, Rule, RuleFile, Set, SetError, TestFile, TestGroup};

/// The file of a run that holds the mutants.
const MUTANTS: &str = "mutants.json";

/// The file of a run that holds everything else that the tests need.
const RECORDINGS: &str = "recordings.json";

/// What stands between an alert's name and the number of a mutant.
const MARK: &str = "__mutant_";

/// All generated tests, and the recording rules that they use.
pub(super) struct Suite {
    tests: Vec<TestFile>,
    recordings: RuleFile,
    /// Paths of the files that the recording rules are in.
    recorded_in: Vec<String>,
    alert_groups: Vec<Group>,
}

impl Suite {
    pub(super) fn new(set: &Set) -> Result<Self, SetError> {
        let files = set.rule_files()?;
        let records = |file: &RuleFile| file.groups.iter().flat_map(|group| &group.rules).any(|rule| rule.record.is_some());
        let recorded_in = files.iter().filter(|(_, file)| records(file)).map(|(path, _)| path.clone()).collect();
        let groups: Vec<Group> = files.into_iter().flat_map(|(_, file)| file.groups).collect();
        let only = |kept: fn(&Rule) -> bool| {
            let cut = groups.iter().cloned().map(|group| Group { rules: group.rules.into_iter().filter(kept).collect(), ..group });
            cut.filter(|group| !group.rules.is_empty()).collect()
        };
        let tests = set.test_files()?.into_iter().map(|(_, file)| file).collect();
        let recordings = RuleFile { groups: only(|rule| rule.record.is_some()) };
        Ok(Self { tests, recordings, recorded_in, alert_groups: only(|rule| rule.alert.is_some()) })
    }

    /// For each mutant whether a test fails with it.
    pub(super) fn killed(&self, alert: &Rule, mutants: &[Mutant]) -> Result<Vec<bool>, MutateError> {
        let name = alert.alert.clone().unwrap_or_default();
        let mut killed = vec![false; mutants.len()];
        // The alert itself runs along: it must pass, or a failure means nothing.
        let mut running: Vec<(usize, &Rule)> = mutants.iter().enumerate().map(|(number, mutant)| (number + 1, &mutant.rule)).collect();
        running.insert(0, (0, alert));
        // A rule that cannot be evaluated ends its test for all, so it is taken out and the rest run again.
        loop {
            if self.tests.iter().all(|file| self.cut(file, &name, &running).tests.is_empty()) {
                // Nothing tests it, so nothing notices.
                return Ok(killed);
            }
            let said = self.run(&name, &running)?;
            let verdict = Verdict::of(&said, &name);
            if verdict.failed.contains(&0) || verdict.broken.contains(&0) {
                return Err(MutateError::Baseline { alert: name, said });
            }
            if verdict.passed && !verdict.failed.is_empty() || !verdict.passed && verdict.failed.is_empty() && verdict.broken.is_empty() {
                return Err(MutateError::Verdict { alert: name, said });
            }
            for number in verdict.failed.iter().chain(&verdict.broken) {
                if let Some(killed) = number.checked_sub(1).and_then(|index| killed.get_mut(index)) {
                    *killed = true;
                }
            }
            if verdict.broken.is_empty() {
                return Ok(killed);
            }
            running.retain(|(number, _)| !verdict.failed.contains(number) && !verdict.broken.contains(number));
        }
    }

    /// What promtool says of some mutants.
    fn run(&self, name: &str, mutants: &[(usize, &Rule)]) -> Result<String, MutateError> {
        let directory = tempfile::tempdir().map_err(|source| MutateError::Io { action: "make", path: std::env::temp_dir(), source })?;
        let rules = mutants.iter().map(|(number, rule)| Rule { alert: Some(mutant_name(name, *number)), ..(*rule).clone() });
        let rules = rules.collect();
        let home = self.alert_groups.iter().find(|group| group.rules.iter().any(|rule| rule.alert.as_deref() == Some(name)));
        let group = home.map(|home| Group { rules, ..home.clone() });
        write(&directory, MUTANTS, &RuleFile { groups: group.into_iter().collect() })?;
        write(&directory, RECORDINGS, &self.recordings)?;
        let mut tests = Vec::new();
        for (number, file) in self.tests.iter().enumerate() {
            let cut = self.cut(file, name, mutants);
            if !cut.tests.is_empty() {
                let path = format!("test{number}.json");
                write(&directory, &path, &cut)?;
                tests.push(path);
            }
        }
        promtool(directory.path(), &tests)
    }

    /// The tests that name an alert, each expectation once for every mutant. Recording rules are there if they were before:
    /// they would be evaluated at every step.
    fn cut(&self, file: &TestFile, name: &str, mutants: &[(usize, &Rule)]) -> TestFile {
        let expectations = |group: &TestGroup| -> Vec<AlertTest> {
            let own = group.alert_rule_test.iter().filter(|test| test.alertname == name);
            own.flat_map(|test| mutants.iter().map(|(number, _)| AlertTest { alertname: mutant_name(name, *number), ..test.clone() })).collect()
        };
        let groups = file.tests.iter().map(|group| TestGroup { alert_rule_test: expectations(group), ..group.clone() });
        let records = file.rule_files.iter().any(|path| self.recorded_in.iter().any(|recorded| path.ends_with(recorded)));
        TestFile {
            rule_files: records.then_some(RECORDINGS).into_iter().chain([MUTANTS]).map(str::to_owned).collect(),
            evaluation_interval: file.evaluation_interval.clone(),
            group_eval_order: file.group_eval_order.clone(),
            tests: groups.filter(|group| !group.alert_rule_test.is_empty()).collect(),
        }
    }
}

fn mutant_name(alert: &str, number: usize) -> String {
    format!("{alert}{MARK}{number}")
}

/// JSON is YAML too, and has no traps.
fn write(directory: &TempDir, name: &str, content: &impl Serialize) -> Result<(), MutateError> {
    let path = directory.path().join(name);
    let written = serde_json::to_vec(content).map_err(io::Error::from).and_then(|bytes| fs::write(&path, bytes));
    written.map_err(|source| MutateError::Io { action: "write", path, source })
}

fn promtool(directory: &Path, tests: &[String]) -> Result<String, MutateError> {
    let output = Command::new("promtool").current_dir(directory).args(["test", "rules"]).args(tests).output();
    let output = output.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => MutateError::Promtool,
        _ => MutateError::Io { action: "run", path: "promtool".into(), source },
    })?;
    let passed = if output.status.success() { PASSED } else { "" };
    Ok(format!("{passed}{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Stands before what promtool says when every test passed.
const PASSED: &str = "every test passed\n";

/// The mutants that promtool complains of, by number.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    passed: bool,
    /// A test of theirs fails.
    failed: BTreeSet<usize>,
    /// Their expression cannot be evaluated, for instance since it matches many series with many.
    broken: BTreeSet<usize>,
}

impl Verdict {
    fn of(said: &str, alert: &str) -> Self {
        let mut verdict = Self { passed: said.starts_with(PASSED), ..Self::default() };
        let mark = format!("{alert}{MARK}");
        for line in said.lines() {
            let number = |start: &str| {
                let (_, rest) = line.split_once(start)?;
                let rest = rest.strip_prefix(mark.as_str())?;
                rest.split(',').next()?.parse::<usize>().ok()
            };
            verdict.failed.extend(number("alertname: "));
            verdict.broken.extend(number("rule: "));
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promtools_words_are_understood() {
        let said = "  FAILED:\n    rule: A__mutant_3, time: 0s, err: many-to-many\n    name: x,\n    alertname: A__mutant_12, time: 30s, \n        exp:[\n            0:\n              Labels:{alertname=\"A__mutant_7\"}\n";
        assert_eq!(Verdict::of(said, "A"), Verdict { passed: false, failed: [12].into(), broken: [3].into() });
        assert_eq!(Verdict::of(&format!("{PASSED}  SUCCESS\n"), "A"), Verdict { passed: true, ..Verdict::default() });
    }
}
