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

    let proof = prove(&set(&tests)).unwrap();

    assert_eq!(proof.survivors(), []);
    assert!(proof.holds() && proof.mutants() == 8, "{proof}");
}

#[test]
fn what_no_test_looks_at_survives_by_name() {
    let proof = prove(&set(&group(&[("queue=\"q\",broker=\"a\"", "9x20")], &[("5m", true)]))).unwrap();

    let survivors: Vec<&str> = proof.survivors().iter().map(|survivor| survivor.change.as_str()).collect();
    assert_eq!(
        survivors,
        ["comparator > to >=", "matcher broker=\"a\" of length dropped", "threshold 2 to 4", "threshold 2 to 1", "for 30s removed"]
    );
    assert!(!proof.holds());
}

#[test]
fn an_alert_without_tests_keeps_all_its_mutants() {
    let proof = prove(&set(" []")).unwrap();
    assert_eq!(proof.survivors().len(), proof.mutants());
}

#[test]
fn an_alert_that_fails_its_own_tests_proves_nothing() {
    let error = prove(&set(&group(&LONG, &[("15s", true)]))).unwrap_err().to_string();
    assert!(error.starts_with("QueueLong fails its own tests, so they prove nothing:\n"), "{error}");
}

#[test]
fn what_is_not_promql_is_named() {
    let mut files = set(&group(&LONG, &[("15s", false)]));
    files[1] = File::in_set("alert_rules.yml", RULES.replace("sum by", "sum bye"));
    assert!(prove(&files).unwrap_err().to_string().starts_with("alert QueueLong is not PromQL: "));
}
