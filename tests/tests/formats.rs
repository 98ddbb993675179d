//! Whatever is sent, each format gives a correct page, and all of them the same one.
//!
//! Oracles: the strict reader of this package, the parsers of Python's `prometheus_client`, and prometheus-client's own
//! encoder. `LONG=1` makes twenty times as many cases.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use exporter_core::{Distribution, DynamicName, Exposition, Registry, Samples, TraceId};
use it::page::{self, Page};
use metric_catalogue::Type;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

metric_catalogue::catalogue! {
    /// A gauge with two labels
    GAUGE: Gauge = "test_gauge_bytes" ["first", "second"];
    /// A counter whose name says so
    COUNTER: Counter = "test_events_total" ["first", "second"];
    /// A counter whose name does not
    ODD: Counter = "test_errors" ["first"];
    /// Facts
    INFO: Info = "test_build_info" ["first", "second"];
    /// A histogram whose buckets come from elsewhere
    HISTOGRAM: Histogram = "test_latency_seconds" ["first"];
    /// A histogram that the process counts
    TRACED: Histogram = "test_traced_seconds" ["first"] bounds(&[0.1, 1.0]);
    /// Quantiles
    SUMMARY: Summary = "test_quantiles" ["first"];
    /// Names known at run time
    DYNAMIC: Dynamic = "test_dynamic_" ["first"];
}

const FORMATS: [(&str, &str); 3] = [
    ("text", "text/plain"),
    ("openmetrics", "application/openmetrics-text;version=1.0.0"),
    ("protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"),
];

/// One thing that a collector sends.
#[derive(Clone, Debug)]
enum Sent {
    Gauge(String, String, f64),
    Counter(String, String, u32),
    Odd(String, f64),
    Info(String, String),
    /// Observations by bound, those above all bounds, and their sum.
    Histogram(String, Vec<(f64, u32)>, u32, f64),
    Summary(String, Vec<(f64, f64)>, f64, u32),
    Dynamic {
        suffix: String,
        counter: bool,
        help: String,
        label: String,
        value: f64,
    },
}

impl Sent {
    fn send(&self, samples: &mut Samples) {
        match self {
            Self::Gauge(first, second, value) => samples.gauge(&GAUGE, [first, second], *value),
            Self::Counter(first, second, value) => samples.counter(&COUNTER, [first, second], *value),
            Self::Odd(first, value) => samples.counter(&ODD, [first], *value),
            Self::Info(first, second) => samples.info(&INFO, [first, second]),
            Self::Histogram(first, steps, above, sum) => {
                let mut count = 0;
                let buckets: Vec<_> = steps
                    .iter()
                    .map(|(bound, more)| {
                        count += u64::from(*more);
                        (*bound, count)
                    })
                    .collect();
                samples.histogram(&HISTOGRAM, [first], &Distribution { buckets: &buckets, sum: Some(*sum), count: count + u64::from(*above) });
            }
            Self::Summary(first, quantiles, sum, count) => samples.summary(&SUMMARY, [first], quantiles, Some(*sum), Some(u64::from(*count))),
            Self::Dynamic { suffix, counter, help, label, value } => {
                let kind = if *counter { Type::Counter } else { Type::Gauge };
                samples.dynamic(&DYNAMIC, &DynamicName { suffix, kind, help }, [label], *value);
            }
        }
    }
}

/// Text that wants to break out of wherever it is put.
fn hostile() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        4 => "[a-z0-9 ]{0,8}",
        3 => proptest::sample::select(vec!["\\", "\"", "\n", "\0", "\r", "\\n", "\\\"", "\"} 1\n", "# EOF\n", ",le=\"", "{", "}", "\u{202e}", "\u{feff}", "\u{85}", "é", "\u{1f980}", "<script>"])
            .prop_map(str::to_owned),
        1 => "x{200,300}",
    ];
    proptest::collection::vec(fragment, 0..6).prop_map(|fragments| fragments.concat())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<i32>().prop_map(f64::from),
        proptest::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e15, 1e16])
    ]
}

fn count() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1e300_f64, any::<u32>().prop_map(f64::from)]
}

fn sent() -> impl Strategy<Value = Sent> {
    let steps = proptest::collection::btree_map(0_u32..50_000_000, 0_u32..1000, 0..5);
    let steps = steps.prop_map(|steps| steps.into_iter().map(|(bound, more)| (f64::from(bound) / 16.0, more)).collect::<Vec<_>>());
    let quantiles = proptest::collection::btree_map(0_u32..=100, count(), 0..4);
    let quantiles =
        quantiles.prop_map(|quantiles| quantiles.into_iter().map(|(quantile, value)| (f64::from(quantile) / 100.0, value)).collect::<Vec<_>>());
    prop_oneof![
        (hostile(), hostile(), value()).prop_map(|(first, second, value)| Sent::Gauge(first, second, value)),
        (hostile(), hostile(), any::<u32>()).prop_map(|(first, second, value)| Sent::Counter(first, second, value)),
        (hostile(), count()).prop_map(|(first, value)| Sent::Odd(first, value)),
        (hostile(), hostile()).prop_map(|(first, second)| Sent::Info(first, second)),
        (hostile(), steps, 0_u32..1000, count()).prop_map(|(first, steps, above, sum)| Sent::Histogram(first, steps, above, sum)),
        (hostile(), quantiles, count(), any::<u32>()).prop_map(|(first, quantiles, sum, count)| Sent::Summary(first, quantiles, sum, count)),
        ("[a-d]", any::<bool>(), hostile(), hostile(), count()).prop_map(|(suffix, counter, help, label, value)| Sent::Dynamic {
            suffix: if counter { suffix + "_total" } else { suffix },
            counter,
            help,
            label,
            value
        }),
    ]
}

/// The page of what was sent, in each format.
fn pages(sent: &[Sent]) -> [Vec<u8>; 3] {
    let sent = sent.to_vec();
    let exposition = Exposition::new(Registry::default()).with_collect(move |samples| sent.iter().for_each(|one| one.send(samples)));
    FORMATS.map(|(_, accept)| exposition.render(accept, "identity").body.to_vec())
}

type Series = BTreeMap<(String, Vec<(String, String)>), u64>;

/// The test's series of a page by name and labels, with the bits of their values; every NaN is one.
fn series(page: &Page) -> Series {
    let mine = page.samples().filter(|sample| sample.name.starts_with("test_"));
    mine.map(|sample| {
        let edge = |key: &str, value: &str| match key {
            "le" | "quantile" => value.replace("+Inf", "inf").parse::<f64>().expect("a number").to_string(),
            _ => value.to_owned(),
        };
        let labels = sample.labels.iter().map(|(key, value)| (key.clone(), edge(key, value))).collect();
        ((sample.name.clone(), labels), bits(sample.value))
    })
    .collect()
}

fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

fn read(pages: &[Vec<u8>; 3]) -> [Page; 3] {
    let [text, open, proto] = pages;
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let checked =
        |page: Result<Page, page::PageError>, bytes: &[u8]| page.unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)));
    [checked(page::text(&utf8(text)), text), checked(page::openmetrics(&utf8(open)), open), checked(page::protobuf(proto), b"")]
}

fn cases(short: u32) -> u32 {
    if std::env::var_os("LONG").is_some() { short * 20 } else { short }
}

fn each_page(short: u32, test: impl Fn(Vec<Sent>)) {
    let mut runner = TestRunner::new(Config { cases: cases(short), failure_persistence: None, ..Config::default() });
    runner
        .run(&proptest::collection::vec(sent(), 0..20), |sent| {
            test(sent);
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_format_gives_the_same_page() {
    each_page(300, |sent| {
        let [text, open, proto] = read(&pages(&sent)).map(|page| series(&page));
        assert_eq!(text, open);
        assert_eq!(text, proto);
    });
}

#[test]
fn first_value_of_each_series_is_on_the_page() {
    each_page(200, |sent| {
        let [page, ..] = read(&pages(&sent));
        let mut expected = BTreeMap::new();
        for one in &sent {
            if let Sent::Gauge(first, second, value) = one {
                expected.entry([first, second].map(|label| kept(label))).or_insert(*value);
            }
        }
        let gauges = page.family("test_gauge_bytes").map(|family| family.samples.as_slice()).unwrap_or_default();
        let found: BTreeMap<_, _> =
            gauges.iter().map(|sample| (["first", "second"].map(|label| sample.labels[label].clone()), bits(sample.value))).collect();
        assert_eq!(found, expected.into_iter().map(|(labels, value)| (labels, bits(value))).collect());
    });
}

/// What becomes of a label's value: at most 256 bytes, and no NUL.
fn kept(label: &str) -> String {
    let mut end = label.len().min(256);
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label[..end].replace('\0', "\u{fffd}")
}

#[test]
fn a_million_hostile_bytes_do_not_break_a_page() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let labels = proptest::collection::vec((hostile(), hostile()), 2_000);
    let mut bytes = 0;
    while bytes < usize::try_from(cases(1_000_000)).expect("a count") {
        let labels = labels.new_tree(&mut runner).expect("labels").current();
        bytes += labels.iter().map(|(first, second)| first.len() + second.len()).sum::<usize>();
        let mut sent: Vec<_> = labels.iter().map(|(first, second)| Sent::Gauge(first.clone(), second.clone(), 1.0)).collect();
        let help = |(at, (help, label)): (usize, &(String, String))| Sent::Dynamic {
            suffix: format!("n{at}"),
            counter: false,
            help: help.clone(),
            label: label.clone(),
            value: 1.0,
        };
        sent.extend(labels.iter().enumerate().take(500).map(help));
        let [text, open, proto] = read(&pages(&sent)).map(|page| series(&page));
        assert!(text == open && text == proto);
    }
}

#[test]
fn parsers_of_python_read_the_same_page() {
    let directory = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let (mut files, mut expected) = (Vec::new(), Vec::new());
    for at in 0..cases(60) {
        let sent = proptest::collection::vec(python_sent(), 0..20).new_tree(&mut runner).unwrap().current();
        let pages = pages(&sent);
        for ((format, _), (bytes, page)) in FORMATS.iter().zip(pages.iter().zip(read(&pages))).take(2) {
            let file = directory.path().join(format!("{at}.{format}"));
            std::fs::write(&file, bytes).unwrap();
            files.push(file);
            expected.push(series(&page));
        }
    }
    for (files, expected) in files.chunks(500).zip(expected.chunks(500)) {
        for ((samples, expected), file) in python(files).into_iter().zip(expected).zip(files) {
            let samples = samples
                .into_iter()
                .map(|(name, labels, value, _)| page::Sample { name: plain(name), labels, value: value.parse().expect("a number") })
                .collect();
            let family = page::Family { name: String::new(), kind: String::new(), help: String::new(), samples };
            let found = series(&Page { families: vec![family] });
            let other: Vec<_> = found.iter().filter(|(key, value)| expected.get(key) != Some(value)).collect();
            assert!(other.is_empty() && found.len() == expected.len(), "{other:?}\n{}", std::fs::read_to_string(file).unwrap());
        }
    }
}

/// Python's reader of text gives every counter the suffix that it should have.
fn plain(name: String) -> String {
    if name == "test_errors_total" { "test_errors".to_owned() } else { name }
}

/// Name, labels, value and exemplar as Python prints them.
type PythonSample = (String, BTreeMap<String, String>, String, Option<(BTreeMap<String, String>, String)>);

#[test]
fn exemplars_are_read_by_python_s_parser() {
    let registry = Registry::default();
    let latency = registry.histogram(&TRACED);
    let trace = |number| TraceId::new(number, 1).expect("an identity");
    for (value, number) in [(0.05, 1), (0.07, 2), (3.0, u128::MAX)] {
        latency.observe_traced(["/a\"b"], value, trace(number));
    }
    latency.observe(["/plain"], 0.5);
    registry.counter(&COUNTER).add_traced(["a", "b"], 2, trace(3));
    let exposition = Exposition::new(registry);
    let pages = FORMATS.map(|(_, accept)| exposition.render(accept, "identity").body.to_vec());
    let [text, open, proto] = read(&pages).map(|page| series(&page));
    assert!(text == open && text == proto, "the other formats differ");
    let page = String::from_utf8(pages[1].clone()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("page.openmetrics");
    std::fs::write(&file, &page).unwrap();
    let mut found = Vec::new();
    for (name, mut labels, _, exemplar) in python(&[file]).remove(0) {
        if let Some((trace, value)) = exemplar {
            found.push((name, labels.remove("le"), trace["trace_id"].clone(), value));
        }
    }
    let expected = |name: &str, edge: Option<&str>, number: u128, value: &str| {
        (name.to_owned(), edge.map(str::to_owned), trace(number).trace(), value.to_owned())
    };
    found.sort();
    assert_eq!(
        found,
        [
            expected("test_events_total", None, 3, "2.0"),
            expected("test_traced_seconds_bucket", Some("+Inf"), u128::MAX, "3.0"),
            expected("test_traced_seconds_bucket", Some("0.1"), 2, "0.07"),
        ],
        "{page}"
    );
}

/// What the parsers of Python read from files.
fn python(files: &[std::path::PathBuf]) -> Vec<Vec<PythonSample>> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python");
    assert!(python.exists(), "{} is missing; ./tests/run.sh makes it", python.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/parse.py");
    let output = Command::new(&python).arg(&script).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What Python's parsers can read: they cut lines at every separator that Unicode knows, which the formats do not.
fn python_sent() -> impl Strategy<Value = Sent> {
    let separators = ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    sent().prop_filter("a line separator", move |sent| {
        !format!("{sent:?}").contains("\\u{") && !format!("{sent:?}").contains(separators) && !format!("{sent:?}").contains("\\r")
    })
}

#[test]
fn prometheus_client_writes_the_same_page() {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};
    let finite = prop_oneof![-1e15..1e15_f64, any::<i32>().prop_map(f64::from)];
    let input = proptest::collection::vec((hostile(), finite, any::<u32>()), 0..10);
    let mut runner = TestRunner::new(Config { cases: cases(100), failure_persistence: None, ..Config::default() });
    let compare = |input: Vec<(String, f64, u32)>| {
        let mut registry = prometheus_client::registry::Registry::default();
        let gauge = Family::<[(String, String); 2], Gauge<f64, std::sync::atomic::AtomicU64>>::default();
        let counter = Family::<[(String, String); 2], Counter>::default();
        let histogram = Family::<[(String, String); 1], Histogram>::new_with_constructor(|| Histogram::new([0.5, 1.0, 1e6]));
        registry.register("test_gauge_bytes", "A gauge", gauge.clone());
        registry.register("test_events", "A counter", counter.clone());
        registry.register("test_latency_seconds", "A histogram", histogram.clone());
        let mut sent: BTreeMap<String, (f64, u32)> = BTreeMap::new();
        for (label, value, events) in input {
            // Twice, since the replacement of a NUL is longer.
            sent.entry(kept(&kept(&label))).or_insert((value, events));
        }
        for (label, (value, events)) in &sent {
            let labels = [("first".to_owned(), label.clone()), ("second".to_owned(), String::new())];
            gauge.get_or_create(&labels).set(*value);
            counter.get_or_create(&labels).inc_by(u64::from(*events));
            histogram.get_or_create(&[("first".to_owned(), label.clone())]).observe(*value);
        }
        let ours = pages(
            &sent
                .iter()
                .flat_map(|(label, (value, events))| {
                    let buckets = [0.5, 1.0, 1e6].map(|bound| (bound, u32::from(*value <= bound)));
                    let steps = vec![buckets[0], (1.0, buckets[1].1 - buckets[0].1), (1e6, buckets[2].1 - buckets[1].1)];
                    [
                        Sent::Gauge(label.clone(), String::new(), *value),
                        Sent::Counter(label.clone(), String::new(), *events),
                        Sent::Histogram(label.clone(), steps, u32::from(*value > 1e6), *value),
                    ]
                })
                .collect::<Vec<_>>(),
        );
        let mut theirs = String::new();
        encode(&mut theirs, &registry).unwrap();
        (series(&read(&ours)[1]), series(&page::openmetrics(&theirs).unwrap()))
    };
    runner
        .run(&input, |input| {
            let (ours, theirs) = compare(input);
            prop_assert_eq!(ours, theirs);
            Ok(())
        })
        .unwrap();
}

#[test]
fn registry_of_prometheus_client_is_served_on_the_same_page() {
    let mut registry = prometheus_client::registry::Registry::default();
    let jobs = prometheus_client::metrics::counter::Counter::<u64>::default();
    registry.register("test_jobs", "Jobs", jobs.clone());
    registry.register("test_broken", "Help text\nthat nobody escapes", prometheus_client::metrics::gauge::Gauge::<i64>::default());
    jobs.inc_by(3);
    let ours = Registry::default();
    ours.counter(&COUNTER).add(["a", "b"], 2);
    let exposition = Exposition::new(ours).with_foreign(move |out| prometheus_client::encoding::text::encode(out, &registry));
    let mut lines = String::new();
    for (_, accept) in FORMATS.iter().take(2) {
        let body = exposition.render(accept, "identity").body;
        let page = String::from_utf8(body.to_vec()).unwrap();
        let page =
            if accept.starts_with("text") { page::text(&page) } else { page::openmetrics(&page) }.unwrap_or_else(|error| panic!("{error}\n{page}"));
        let value = |name: &str, labels: &[(&str, &str)]| page.value(name, labels).map_or("none".to_owned(), |value| value.to_string());
        write!(
            lines,
            "{} {} {};",
            value("test_jobs_total", &[]),
            value("test_broken", &[]),
            value("test_events_total", &[("first", "a"), ("second", "b")])
        )
        .unwrap();
    }
    assert_eq!(lines, "3 0 2;3 0 2;");
}
