use metric_catalogue::Type;

use super::{Contents, Format};
use crate::{
    registry::Registry,
    relabeling::Relabeling,
    samples::{Distribution, DynamicName, Samples},
};

metric_catalogue::catalogue! {
    /// Commands "processed" by C:\redis
    COMMANDS: Counter = "commands_total" ["cmd"];
    /// A counter whose name cannot be one in `OpenMetrics`
    ERRORS: Counter = "error_replies" [] upstream;
    /// Memory in use
    MEMORY: Gauge = "memory_bytes" [];
    /// Facts
    SERVER: Info = "server_info" ["version"];
    /// Latency
    LATENCY: Histogram = "latency_seconds" [];
    /// Quantiles
    QUANTILES: Summary = "duration_seconds" ["cmd"];
    /// Names of the cluster
    CLUSTER: Dynamic = "cluster_" [];
}

fn samples() -> Samples {
    let mut samples = Samples::default();
    samples.info(&SERVER, ["7.0.15"]);
    samples.gauge(&MEMORY, [], f64::NAN);
    samples.counter(&ERRORS, [], 3.0);
    samples.counter(&COMMANDS, ["a\"b\\c\nd"], 12.5);
    samples.counter(&COMMANDS, ["get"], 7_u64);
    samples.histogram(&LATENCY, [], &Distribution { buckets: &[(1.0, 2)], sum: Some(0.5), count: 3 });
    samples.summary(&QUANTILES, ["get"], &[(0.99, 0.25)], None, Some(3));
    samples.dynamic(&CLUSTER, &DynamicName { suffix: "size", kind: Type::Gauge, help: "two\nlines" }, [], 6_u64);
    samples
}

fn page(format: Format) -> String {
    let mut samples = samples();
    samples.seal();
    let mut out = Vec::new();
    format.encode(&Contents { samples: &samples, registry: &Registry::default(), relabeling: &Relabeling::default() }, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn text_page_is_as_specified() {
    let expected = r#"# HELP cluster_size two\nlines
# TYPE cluster_size gauge
cluster_size 6
# HELP commands_total Commands "processed" by C:\\redis
# TYPE commands_total counter
commands_total{cmd="a\"b\\c\nd"} 12.5
commands_total{cmd="get"} 7
# HELP duration_seconds Quantiles
# TYPE duration_seconds summary
duration_seconds{cmd="get",quantile="0.99"} 0.25
duration_seconds_count{cmd="get"} 3
# HELP error_replies A counter whose name cannot be one in `OpenMetrics`
# TYPE error_replies counter
error_replies 3
# HELP latency_seconds Latency
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1.0"} 2
latency_seconds_bucket{le="+Inf"} 3
latency_seconds_sum 0.5
latency_seconds_count 3
# HELP memory_bytes Memory in use
# TYPE memory_bytes gauge
memory_bytes NaN
# HELP server_info Facts
# TYPE server_info gauge
server_info{version="7.0.15"} 1
"#;
    assert_eq!(page(Format::Text), expected);
}

#[test]
fn openmetrics_page_is_as_specified() {
    let expected = r#"# HELP cluster_size two\nlines
# TYPE cluster_size gauge
cluster_size 6
# HELP commands Commands \"processed\" by C:\\redis
# TYPE commands counter
commands_total{cmd="a\"b\\c\nd"} 12.5
commands_total{cmd="get"} 7
# HELP duration_seconds Quantiles
# TYPE duration_seconds summary
# UNIT duration_seconds seconds
duration_seconds{cmd="get",quantile="0.99"} 0.25
duration_seconds_count{cmd="get"} 3
# HELP error_replies A counter whose name cannot be one in `OpenMetrics`
# TYPE error_replies unknown
error_replies 3
# HELP latency_seconds Latency
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{le="1.0"} 2
latency_seconds_bucket{le="+Inf"} 3
latency_seconds_sum 0.5
latency_seconds_count 3
# HELP memory_bytes Memory in use
# TYPE memory_bytes gauge
# UNIT memory_bytes bytes
memory_bytes NaN
# HELP server Facts
# TYPE server info
server_info{version="7.0.15"} 1
# EOF
"#;
    assert_eq!(page(Format::OpenMetrics), expected);
}

#[test]
fn empty_collection_is_a_valid_page() {
    for (format, expected) in [(Format::Text, ""), (Format::OpenMetrics, "# EOF\n")] {
        let mut out = Vec::new();
        Registry::default().encode(format, &mut out);
        assert_eq!(out, expected.as_bytes());
    }
}
