//! Proofs about an alert of which everything is tested, about half of which nothing is, and about one that fails its own tests.

use super::*;

/// Fires at 2 after a minute.
const RULES: &str = "
groups:
- name: alerts
  rules:
  - alert: QueueLong
    expr: sum by (queue) (length{broker=\"a\"}) > 2
    for: 30s
    labels: {severity: warning}
";

fn set(tests: &str) -> Vec<File> {
    let prometheus = "global: {scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 15s}\nrule_files: [alert_rules.yml]\n";
    let tests = format!("rule_files: [../alert_rules.yml]\nevaluation_interval: 15s\ntests:{tests}");
    [("prometheus.yml", prometheus), ("alert_rules.yml", RULES), ("tests/alerts_test.yml", &tests)]
        .map(|(path, text)| File::in_set(path, text.to_owned()))
        .into()
}

/// One group of tests: what is given, and when the alert fires.
fn group(series: &[(&str, &str)], moments: &[(&str, bool)]) -> String {
    let given = |(series, values): &(&str, &str)| format!("  - {{series: 'length{{{series}}}', values: '{values}'}}\n");
    let series = series.iter().map(given).collect::<Vec<_>>().concat();
    let moment = |(time, fires): &(&str, bool)| {
        let alerts = if *fires { "[{exp_labels: {severity: warning, queue: q}}]" } else { "[]" };
        format!("  - {{eval_time: {time}, alertname: QueueLong, exp_alerts: {alerts}}}\n")
    };
    let moments = moments.iter().map(moment).collect::<Vec<_>>().concat();
    format!("\n- interval: 15s\n  input_series:\n{series}  alert_rule_test:\n{moments}")
}

const LONG: [(&str, &str); 2] = [("queue=\"q\",broker=\"a\"", "2x1 3x20"), ("queue=\"q\",broker=\"b\"", "9x20")];

#[test]
fn tests_that_look_at_everything_leave_no_survivor() {
    let tests = group(&LONG, &[("15s", false), ("45s", false), ("1m", true), ("5m", true)]);

    let proof = survey(&set(&tests), "", &[]).unwrap();

    assert_eq!(proof.survivors(), []);
    assert!(proof.holds() && proof.mutants() == 8, "{proof}");
}

#[test]
fn what_no_test_looks_at_survives_by_name() {
    let proof = survey(&set(&group(&[("queue=\"q\",broker=\"a\"", "9x20")], &[("5m", true)])), "", &[]).unwrap();

    let survivors: Vec<&str> = proof.survivors().iter().map(|survivor| survivor.change.as_str()).collect();
    assert_eq!(
        survivors,
        ["comparator > 2 to >= 2", "matcher broker=\"a\" of length dropped", "threshold 2 to 4", "threshold 2 to 1", "for 30s removed"]
    );
    assert!(!proof.holds());
}

#[test]
fn an_alert_without_tests_keeps_all_its_mutants() {
    let proof = survey(&set(" []"), "", &[]).unwrap();
    assert_eq!(proof.survivors().len(), proof.mutants());
}

#[test]
fn an_alert_that_fails_its_own_tests_proves_nothing() {
    let error = survey(&set(&group(&LONG, &[("15s", true)])), "", &[]).unwrap_err().to_string();
    assert!(error.starts_with("QueueLong fails its own tests, so they prove nothing:\n"), "{error}");
}

#[test]
fn what_is_not_promql_is_named() {
    let mut files = set(&group(&LONG, &[("15s", false)]));
    files[1] = File::in_set("alert_rules.yml", RULES.replace("sum by", "sum bye"));
    assert!(survey(&files, "", &[]).unwrap_err().to_string().starts_with("alert QueueLong is not PromQL: "));
}

#[test]
fn a_part_is_chosen_by_how_names_begin() {
    let files = set(&group(&LONG, &[("5m", true)]));
    assert_eq!(survey(&files, "Queue", &[]).unwrap(), survey(&files, "", &[]).unwrap());
    assert_eq!(survey(&files, "Long", &[]).unwrap_err().to_string(), "no alert's name begins with Long");
}

#[test]
fn a_mutant_that_is_the_alert_itself_does_not_count() {
    let files = set(&group(&[("queue=\"q\",broker=\"a\"", "9x20")], &[("5m", true)]));
    let same = |change| ("QueueLong", Equivalent { change, reason: "lengths are odd" });

    let proof = survey(&files, "", &[same("comparator > 2 to >= 2"), same("threshold 2 to 1")]).unwrap();

    assert_eq!((proof.mutants(), proof.survivors().len()), (6, 3));
    assert!(proof.to_string().ends_with(" are required; 2 more change nothing, as is said beside their alerts"), "{proof}");
}

#[test]
fn what_a_test_notices_is_not_the_alert_itself() {
    let files = set(&group(&LONG, &[("15s", false), ("45s", false), ("1m", true), ("5m", true)]));
    let error = survey(&files, "", &[("QueueLong", Equivalent { change: "threshold 2 to 1", reason: "none" })]).unwrap_err().to_string();
    let expected = "QueueLong: \"threshold 2 to 1\" is said to change nothing (\"none\"), but a test notices it or it is no mutant: take that out";
    assert_eq!(error, expected);
}
