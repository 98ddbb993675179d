//! Recordings about hosts, by instance.

use super::Recording;
use super::example::Example;

pub(super) fn all() -> Vec<Recording> {
    vec![
        Recording::new(
            "instance:node_cpu_busy:ratio_rate5m",
            r#"1 - sum by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) / (sum by (instance) (rate(node_cpu_seconds_total[5m])) > 0)"#,
        ),
        Recording::new(
            "instance:node_memory_used:ratio",
            "1 - sum by (instance) (node_memory_MemAvailable_bytes) / sum by (instance) (node_memory_MemTotal_bytes)",
        ),
        Recording::new(
            "instance:node_network_receive_bytes:rate5m",
            r#"sum by (instance) (rate(node_network_receive_bytes_total{device!~"lo|veth.*|br-.*|docker.*"}[5m]))"#,
        ),
        Recording::new(
            "instance:node_network_transmit_bytes:rate5m",
            r#"sum by (instance) (rate(node_network_transmit_bytes_total{device!~"lo|veth.*|br-.*|docker.*"}[5m]))"#,
        ),
    ]
}

/// A busy half of two processors, three quarters of the memory in use, and traffic beside that of lo.
pub(super) fn example() -> Example {
    Example::new(
        &[
            (r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="0",mode="idle"}"#, "0+15x60"),
            (r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="1",mode="user"}"#, "0+15x60"),
            (r#"node_memory_MemAvailable_bytes{job="node",instance="web-1:9100"}"#, "250x60"),
            (r#"node_memory_MemTotal_bytes{job="node",instance="web-1:9100"}"#, "1000x60"),
            (r#"node_network_receive_bytes_total{job="node",instance="web-1:9100",device="eth0"}"#, "0+1500x60"),
            (r#"node_network_receive_bytes_total{job="node",instance="web-1:9100",device="lo"}"#, "0+9000x60"),
            (r#"node_network_transmit_bytes_total{job="node",instance="web-1:9100",device="eth0"}"#, "0+3000x60"),
            (r#"node_network_transmit_bytes_total{job="node",instance="web-1:9100",device="veth4711"}"#, "0+9000x60"),
        ],
        &[
            (r#"instance:node_cpu_busy:ratio_rate5m{instance="web-1:9100"}"#, 0.5),
            (r#"instance:node_memory_used:ratio{instance="web-1:9100"}"#, 0.75),
            (r#"instance:node_network_receive_bytes:rate5m{instance="web-1:9100"}"#, 100.0),
            (r#"instance:node_network_transmit_bytes:rate5m{instance="web-1:9100"}"#, 200.0),
        ],
    )
}
