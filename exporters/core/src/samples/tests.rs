use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

metric_catalogue::catalogue! {
    /// Keys in the database
    KEYS: Gauge = "db_keys" ["db"];
    /// Commands processed
    COMMANDS: Counter = "commands_total" [];
    /// The same name as a gauge
    COMMANDS_GAUGE: Gauge = "commands_total" [];
    /// Server facts
    SERVER: Info = "server_info" ["version", "stage"] optional(1);
    /// Latency by command
    LATENCY: Histogram = "latency_seconds" ["command"];
    /// Quantiles by command
    QUANTILES: Summary = "quantiles_seconds" ["command"];
    /// Whatever the cluster says
    CLUSTER: Dynamic = "cluster_" [];
}

#[test]
fn unknown_value_leaves_its_series_out() {
    let mut samples = Samples::default();
    samples.gauge(&KEYS, ["db0"], None::<u64>);
    samples.gauge(&KEYS, ["db1"], 3_u64);
    assert_eq!(samples.text(), "db_keys{db=\"db1\"} 3\n");
}

#[test]
fn first_of_two_equal_series_wins() {
    let mut samples = Samples::default();
    samples.gauge(&KEYS, ["a"], 1.0);
    samples.gauge(&KEYS, ["b"], 2.0);
    samples.gauge(&KEYS, ["a"], 3.0);
    samples.counter(&COMMANDS, [], 1.0);
    samples.counter(&COMMANDS, [], 2.0);
    assert_eq!(samples.text(), "db_keys{db=\"a\"} 1\ndb_keys{db=\"b\"} 2\ncommands_total 1\n");
    assert_eq!(samples.take_problems(), Problems { duplicate: 2, ..Problems::default() });
    assert_eq!(samples.take_problems(), Problems::default());
}

#[test]
fn family_keeps_the_kind_that_came_first() {
    let mut samples = Samples::default();
    samples.counter(&COMMANDS, [], 1.0);
    samples.gauge(&COMMANDS_GAUGE, [], 2.0);
    samples.gauge(&COMMANDS_GAUGE, [], 2.0);
    samples.counter(&COMMANDS, [], 1.0);
    assert_eq!(samples.text(), "commands_total 1\n");
    assert_eq!(samples.take_problems(), Problems { conflict: 2, duplicate: 1, ..Problems::default() });
}

#[test]
fn series_past_the_limit_are_counted() {
    let mut samples = Samples::with_limits(Limits { series_per_family: 2, label_value_bytes: 3, ..Limits::default() });
    for name in ["one", "two", "three"] {
        samples.gauge(&KEYS, [name], 1.0);
    }
    samples.counter(&COMMANDS, [], 1.0);
    assert_eq!(samples.text(), "db_keys{db=\"one\"} 1\ndb_keys{db=\"two\"} 1\ncommands_total 1\n");
    assert_eq!(samples.take_problems(), Problems { series_limit: 1, ..Problems::default() });
}

#[test]
fn values_equal_after_the_cut_are_one_series() {
    let mut samples = Samples::with_limits(Limits { label_value_bytes: 3, ..Limits::default() });
    samples.gauge(&KEYS, ["abcd"], 1.0);
    samples.gauge(&KEYS, ["abce"], 2.0);
    assert_eq!(samples.text(), "db_keys{db=\"abc\"} 1\n");
    assert_eq!(samples.take_problems(), Problems { truncated: 2, duplicate: 1, ..Problems::default() });
}

#[test]
fn empty_optional_label_is_left_out() {
    let mut samples = Samples::default();
    samples.info(&SERVER, ["7.0.15", ""]);
    samples.info(&SERVER, ["8.1.0", "ga"]);
    assert_eq!(samples.text(), "server_info{version=\"7.0.15\"} 1\nserver_info{version=\"8.1.0\",stage=\"ga\"} 1\n");
}

#[test]
fn histogram_always_ends_in_infinity() {
    let mut samples = Samples::default();
    samples.histogram(&LATENCY, ["get"], &Distribution { buckets: &[(1.0, 2), (2.5, 3)], sum: None, count: 4 });
    let expected = "latency_seconds_bucket{command=\"get\",le=\"1.0\"} 2\nlatency_seconds_bucket{command=\"get\",le=\"2.5\"} 3\n\
                    latency_seconds_bucket{command=\"get\",le=\"+Inf\"} 4\nlatency_seconds_count{command=\"get\"} 4\n";
    assert_eq!(samples.text(), expected);
}

#[test]
fn summary_without_anything_is_absent() {
    let mut samples = Samples::default();
    samples.summary(&QUANTILES, ["get"], &[], None, None);
    samples.summary(&QUANTILES, ["set"], &[(0.5, 0.25)], Some(2.0), Some(8));
    let expected = "quantiles_seconds{command=\"set\",quantile=\"0.5\"} 0.25\nquantiles_seconds_sum{command=\"set\"} 2\n\
                    quantiles_seconds_count{command=\"set\"} 8\n";
    assert_eq!(samples.text(), expected);
}

#[test]
fn names_known_at_run_time_are_checked_and_capped() {
    let mut samples = Samples::with_limits(Limits { dynamic_families: 2, ..Limits::default() });
    for suffix in ["state", "slots ok{}", "", "size", "state"] {
        samples.dynamic(&CLUSTER, &DynamicName { suffix, kind: Type::Gauge, help: "From CLUSTER INFO" }, [], 1.0);
    }
    assert_eq!(samples.text(), "cluster_state 1\ncluster_slots_ok__ 1\n");
    assert_eq!(samples.take_problems(), Problems { invalid: 1, family_limit: 1, duplicate: 1, ..Problems::default() });
}

#[test]
fn names_that_meet_in_some_format_are_kept_apart() {
    let named = |suffix, kind| DynamicName { suffix, kind, help: "x" };
    let mut samples = Samples::default();
    samples.dynamic(&CLUSTER, &named("a", Type::Gauge), [], 1.0);
    samples.dynamic(&CLUSTER, &named("a_total", Type::Counter), [], 2.0);
    samples.dynamic(&CLUSTER, &named("b_total", Type::Counter), [], 3.0);
    samples.dynamic(&CLUSTER, &named("b", Type::Gauge), [], 4.0);
    assert_eq!(samples.text(), "cluster_a 1\ncluster_b_total 3\n");
    assert_eq!(samples.take_problems(), Problems { conflict: 2, ..Problems::default() });
}

#[test]
fn rollback_leaves_no_trace() {
    let mut samples = Samples::default();
    samples.gauge(&KEYS, ["kept"], 1.0);
    let mark = samples.mark();
    samples.gauge(&KEYS, ["gone"], 1.0);
    samples.histogram(&LATENCY, ["get"], &Distribution { buckets: &[], sum: None, count: 4 });
    samples.dynamic(&CLUSTER, &DynamicName { suffix: "state", kind: Type::Gauge, help: "x" }, [], 1.0);
    samples.rollback(mark);
    assert_eq!(samples.text(), "db_keys{db=\"kept\"} 1\n");
    assert_eq!(samples.families().collect::<Vec<_>>(), ["db_keys"]);

    samples.gauge(&KEYS, ["gone"], 2.0);
    samples.counter(&COMMANDS, [], 3.0);
    assert_eq!(samples.text(), "db_keys{db=\"kept\"} 1\ndb_keys{db=\"gone\"} 2\ncommands_total 3\n");
    assert_eq!(samples.take_problems(), Problems::default());
}

#[test]
fn sorted_by_family_in_order_of_arrival() {
    let mut samples = Samples::default();
    samples.gauge(&KEYS, ["b"], 1.0);
    samples.counter(&COMMANDS, [], 3.0);
    samples.gauge(&KEYS, ["a"], 2.0);
    samples.seal();
    let pages: Vec<_> = samples.sorted().map(|(family, lines)| (&*family.name, lines.map(|line| (line.labels, line.value)).collect())).collect();
    let expected: [(&str, Vec<(&str, f64)>); 2] = [("commands_total", vec![("", 3.0)]), ("db_keys", vec![("db=\"b\"", 1.0), ("db=\"a\"", 2.0)])];
    assert_eq!(pages, expected);
}

#[test]
fn cleared_collection_starts_anew() {
    let mut samples = Samples::default();
    samples.gauge(&KEYS, ["a"], 1.0);
    samples.clear();
    samples.counter(&COMMANDS, [], 2.0);
    samples.gauge(&KEYS, ["a"], 2.0);
    assert_eq!(samples.text(), "commands_total 2\ndb_keys{db=\"a\"} 2\n");
}

#[test]
fn panic_in_the_middle_can_be_rolled_back() {
    let mut samples = Samples::default();
    let mark = samples.mark();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        samples.gauge(&KEYS, ["a"], 1.0);
        panic!("in a collector");
    }));
    assert!(outcome.is_err());
    samples.rollback(mark);
    assert_eq!(samples.text(), "");
}

#[test]
fn every_page_is_sorted_whatever_the_one_before_had() {
    let mut samples = Samples::default();
    let sends: [fn(&mut Samples); 4] = [
        |samples| samples.gauge(&KEYS, ["a"], 1.0),
        |samples| samples.counter(&COMMANDS, [], 1.0),
        |samples| samples.info(&SERVER, ["1", ""]),
        |samples| samples.summary(&QUANTILES, ["get"], &[(0.5, 1.0)], None, None),
    ];
    for order in ["", "3", "0123", "0123", "3210", "1", "12", "2103", "30", "03"] {
        samples.clear();
        order.bytes().for_each(|at| sends[usize::from(at - b'0')](&mut samples));
        samples.seal();
        let names: Vec<&str> = samples.sorted().map(|(family, _)| &*family.name).collect();
        assert!(names.is_sorted() && names.len() == order.len(), "{order}: {names:?}");
    }
}
