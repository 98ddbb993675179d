use std::thread;

use super::{
    table::{Known, Table},
    *,
};

metric_catalogue::catalogue! {
    /// Requests
    REQUESTS: Counter = "test_requests_total" ["method", "path"];
    /// Starts
    STARTS: Counter = "test_starts_total" [];
    /// Money
    REVENUE: Counter = "test_revenue_total" ["currency"];
    /// Requests in flight
    ACTIVE: Gauge = "test_active" [];
    /// Latency
    LATENCY: Histogram = "test_latency_seconds" ["path"] bounds(&[0.1, 1.0]);
}

fn text(registry: &Registry) -> String {
    let mut out = Vec::new();
    registry.encode(Format::Text, &mut out);
    String::from_utf8(out).unwrap().split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn events_add_up_under_their_labels() {
    let registry = Registry::default();
    let requests = registry.counter(&REQUESTS);
    let kept = requests.series(["GET", "/"]);
    requests.add(["GET", "/"], 2);
    requests.add(["PO\"ST", "/a\\b\nc"], 1);
    requests.add(["PO\"ST", "/a\\b\nc"], 1);
    kept.add(3);
    registry.counter(&REQUESTS).add(["", ""], 1);
    let expected = "test_requests_total{method=\"GET\",path=\"/\"} 5\ntest_requests_total{method=\"PO\\\"ST\",path=\"/a\\\\b\\nc\"} 2\n\
                    test_requests_total{method=\"\",path=\"\"} 1\n";
    assert_eq!(text(&registry), expected);
}

#[test]
fn labels_that_run_together_stay_apart() {
    let registry = Registry::default();
    let requests = registry.counter(&REQUESTS);
    for labels in [["a", "bc"], ["ab", "c"], ["a\",path=\"b", "c"], ["a", "b\",path=\"c"]] {
        requests.add(labels, 1);
    }
    assert_eq!(text(&registry).lines().filter(|line| line.ends_with(" 1")).count(), 4);
}

#[test]
fn series_without_labels_starts_at_zero() {
    let registry = Registry::default();
    let _starts = registry.counter(&STARTS);
    let _requests = registry.counter(&REQUESTS);
    assert_eq!(text(&registry), "test_starts_total 0\n");
}

#[test]
fn amounts_that_a_counter_cannot_take_are_refused() {
    let registry = Registry::default();
    let revenue = registry.float_counter(&REVENUE);
    revenue.add(["EUR"], 9.5).unwrap();
    revenue.series(["EUR"]).add(0.25).unwrap();
    for amount in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(revenue.add(["EUR"], amount).is_err() && revenue.series(["EUR"]).add(amount).is_err());
    }
    assert_eq!(text(&registry), "test_revenue_total{currency=\"EUR\"} 9.75\n");
}

#[test]
fn gauge_moves_both_ways() {
    let registry = Registry::default();
    let active = registry.gauge(&ACTIVE).series([]);
    active.add(2.0);
    active.add(-1.0);
    assert_eq!((active.get(), text(&registry)), (1.0, "test_active 1\n".to_owned()));
    registry.gauge(&ACTIVE).set([], 7.5);
    assert_eq!(text(&registry), "test_active 7.5\n");
}

#[test]
fn observations_fall_into_their_buckets() {
    let registry = Registry::default();
    let latency = registry.histogram(&LATENCY);
    for value in [0.05, 0.1, 0.5, 1.0, 7.0] {
        latency.observe(["/"], value);
    }
    latency.series(["/"]).observe(f64::NAN);
    let expected = "test_latency_seconds_bucket{path=\"/\",le=\"0.1\"} 2\ntest_latency_seconds_bucket{path=\"/\",le=\"1.0\"} 4\n\
                    test_latency_seconds_bucket{path=\"/\",le=\"+Inf\"} 5\ntest_latency_seconds_sum{path=\"/\"} 8.65\n\
                    test_latency_seconds_count{path=\"/\"} 5\n";
    assert_eq!(text(&registry), expected);
}

#[test]
fn full_family_refuses_and_says_so() {
    let registry = Registry::default();
    let requests = registry.counter(&REQUESTS);
    for at in 0..SERIES + 10 {
        requests.add([&format!("{at}"), ""], 1);
    }
    requests.series(["one more", ""]).add(5);
    requests.add(["0", ""], 1);
    assert_eq!((requests.refused(), registry.refused()), (11, 11));
    let page = text(&registry);
    assert_eq!(page.lines().count(), SERIES);
    assert!(page.starts_with("test_requests_total{method=\"0\",path=\"\"} 2\n"));
}

#[test]
fn nothing_is_lost_between_threads_and_pages() {
    let registry = Registry::default();
    let requests = registry.counter(&REQUESTS);
    let latency = registry.histogram(&LATENCY);
    thread::scope(|scope| {
        for worker in 0..2 {
            let (requests, latency) = (&requests, &latency);
            scope.spawn(move || {
                for at in 0..20_000_u32 {
                    requests.add(["GET", &format!("/{}", at % 500)], 1);
                    latency.observe([if worker == 0 { "a" } else { "b" }], f64::from(at % 3));
                }
            });
        }
        for _ in 0..20 {
            text(&registry);
        }
    });
    let page = text(&registry);
    let sum = |prefix: &str| {
        page.lines().filter(|line| line.starts_with(prefix)).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum::<u64>()
    };
    assert_eq!((sum("test_requests_total"), sum("test_latency_seconds_count")), (40_000, 40_000));
    assert_eq!(page.lines().filter(|line| line.starts_with("test_requests_total")).count(), 500);
}

#[test]
fn series_of_one_hash_are_told_apart() {
    let table = Table::default();
    for position in 0..200 {
        table.insert(position % 7, Known { position, plain: position % 2 == 0 }, usize::try_from(position).unwrap() + 1);
    }
    for position in 0..200 {
        let found = table.find(position % 7, |known| (known.position == position).then_some(known));
        assert_eq!(found, Some(Known { position, plain: position % 2 == 0 }));
    }
    assert_eq!(table.find(3, |_| None::<()>), None);
    assert_eq!(table.find(8, Some), None);
}

#[test]
fn growing_table_loses_nothing() {
    let table = Table::default();
    let hash = |position: u32| position.wrapping_mul(2_654_435_761);
    for position in 0..5_000 {
        table.insert(hash(position), Known { position, plain: true }, usize::try_from(position).unwrap() + 1);
        assert!(table.find(hash(position), |known| (known.position == position).then_some(())).is_some(), "{position}");
    }
    assert!((0..5_000).all(|position| table.find(hash(position), |known| (known.position == position).then_some(())).is_some()));
}

#[test]
fn program_s_bounds_stand_in_for_the_declared_ones() {
    let registry = Registry::default();
    let latency = registry.histogram_with_bounds(&LATENCY, &"0.5,2".parse().unwrap());
    latency.observe(["/"], 1.0);
    registry.histogram(&LATENCY).observe(["/"], 3.0);
    let expected = "test_latency_seconds_bucket{path=\"/\",le=\"0.5\"} 0\ntest_latency_seconds_bucket{path=\"/\",le=\"2.0\"} 1\n\
                    test_latency_seconds_bucket{path=\"/\",le=\"+Inf\"} 2\ntest_latency_seconds_sum{path=\"/\"} 4\ntest_latency_seconds_count{path=\"/\"} 2\n";
    assert_eq!(text(&registry), expected);
}

#[test]
fn latest_trace_of_each_bucket_is_in_openmetrics_only() {
    let registry = Registry::default();
    let trace = |id| TraceId::new(id, 10).unwrap();
    let latency = registry.histogram(&LATENCY).series(["/"]);
    latency.observe_traced(0.01, trace(1));
    latency.observe_traced(0.02, trace(2));
    latency.observe_traced(7.5, trace(3));
    latency.observe_traced(f64::NAN, trace(4));
    latency.observe(0.03);
    registry.histogram(&LATENCY).observe(["/other"], 0.5);
    registry.counter(&REQUESTS).add_traced(["GET", "/"], 2, trace(5));
    let mut page = Vec::new();
    registry.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let traced: Vec<_> =
        page.lines().filter_map(|line| line.split_once(" # ")).filter(|(sample, _)| !sample.is_empty() && !sample.starts_with('#')).collect();
    let expected = [
        (
            "test_latency_seconds_bucket{path=\"/\",le=\"0.1\"} 3",
            "{trace_id=\"00000000000000000000000000000002\",span_id=\"000000000000000a\"} 0.02 ",
        ),
        (
            "test_latency_seconds_bucket{path=\"/\",le=\"+Inf\"} 4",
            "{trace_id=\"00000000000000000000000000000003\",span_id=\"000000000000000a\"} 7.5 ",
        ),
        ("test_requests_total{method=\"GET\",path=\"/\"} 2", "{trace_id=\"00000000000000000000000000000005\",span_id=\"000000000000000a\"} 2 "),
    ];
    assert_eq!(traced.len(), expected.len(), "{page}");
    for ((sample, exemplar), (expected, start)) in traced.into_iter().zip(expected) {
        assert_eq!(sample, expected);
        let seconds = exemplar.strip_prefix(start).and_then(|seconds| seconds.parse::<f64>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 1.6e9), "{exemplar}");
    }
    assert!(!text(&registry).contains("trace_id"));
    let labels = "trace_idspan_id".len() + trace(1).trace().len() + trace(1).span().len();
    assert!(labels <= 128, "{labels}");
}

#[test]
fn removed_series_leave_the_others_as_they_are() {
    let registry = Registry::default();
    let count = || {
        let (requests, revenue, starts) = (registry.counter(&REQUESTS), registry.float_counter(&REVENUE), registry.counter(&STARTS));
        starts.add([], 1);
        for number in 0..300 {
            let path = format!("/{number}");
            requests.add(["GET", &path], number);
            requests.add(["P\\O\"ST", &path], 1);
            registry.histogram(&LATENCY).observe([&path], 0.5);
            revenue.add([&path], 0.25).unwrap();
        }
        // A value that looks like another label.
        requests.add(["a\",method=\"GET", "x"], 1);
    };
    count();
    let starts = registry.counter(&STARTS).series([]);
    let before = text(&registry);
    registry.remove("method", &["P\\O\"ST", "none"]);
    registry.remove("path", &["/7", "/299"]);
    starts.add(1);
    let gone = |line: &&str| line.contains("O\\\"ST") || line.contains("path=\"/7\"") || line.contains("path=\"/299\"");
    let expected: String = before.split_inclusive('\n').filter(|line| !gone(line)).collect();
    assert_eq!(text(&registry), expected.replace("test_starts_total 1", "test_starts_total 2"));
    // What stayed goes on, what went begins anew behind it.
    count();
    let after = text(&registry);
    for line in ["{method=\"GET\",path=\"/8\"} 16\n", "{method=\"GET\",path=\"/7\"} 7\n", "{method=\"P\\\\O\\\"ST\",path=\"/8\"} 1\n"] {
        assert!(after.contains(&format!("test_requests_total{line}")), "{line} is missing");
    }
    assert!(after.contains("test_latency_seconds_count{path=\"/8\"} 2\n") && after.contains("test_latency_seconds_count{path=\"/7\"} 1\n"));
}

#[test]
fn removed_series_make_room() {
    let registry = Registry::with_limit(2);
    registry.counter(&REQUESTS).add(["GET", "/a"], 1);
    registry.counter(&REQUESTS).add(["GET", "/b"], 1);
    registry.counter(&REQUESTS).add(["GET", "/c"], 1);
    assert_eq!((text(&registry).lines().count(), registry.refused()), (2, 1));
    registry.remove("path", &["/a"]);
    registry.counter(&REQUESTS).add(["GET", "/c"], 1);
    assert!(text(&registry).ends_with("test_requests_total{method=\"GET\",path=\"/c\"} 1\n"));
    assert_eq!(registry.refused(), 1);
}
