//! Recordings about hosts, by instance.

use super::Recording;

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
