//! `INFO cluster` and `CLUSTER INFO`.

crate::catalogue! {
    /// 1 if the server is a cluster node, 0 if not
    ENABLED: Gauge = "redis_cluster_enabled" [] upstream source("INFO cluster_enabled");
    /// Sockets of the cluster bus
    CONNECTIONS: Gauge = "redis_cluster_connections" [] upstream source("INFO cluster_connections");
    /// 1 if the node takes queries, 0 if it holds the cluster to be down
    STATE: Gauge = "redis_cluster_state" [] upstream source("CLUSTER INFO cluster_state");
    /// Slots that belong to some node
    SLOTS_ASSIGNED: Gauge = "redis_cluster_slots_assigned" [] upstream source("CLUSTER INFO cluster_slots_assigned");
    /// Slots of nodes that work
    SLOTS_OK: Gauge = "redis_cluster_slots_ok" [] upstream source("CLUSTER INFO cluster_slots_ok");
    /// Slots of nodes that this node cannot reach
    SLOTS_PFAIL: Gauge = "redis_cluster_slots_pfail" [] upstream source("CLUSTER INFO cluster_slots_pfail");
    /// Slots of nodes that the cluster holds to have failed
    SLOTS_FAIL: Gauge = "redis_cluster_slots_fail" [] upstream source("CLUSTER INFO cluster_slots_fail");
    /// Nodes that this node knows of, handshakes included
    KNOWN_NODES: Gauge = "redis_cluster_known_nodes" [] upstream source("CLUSTER INFO cluster_known_nodes");
    /// Primaries that hold at least one slot
    SIZE: Gauge = "redis_cluster_size" [] upstream source("CLUSTER INFO cluster_size");
    /// Highest epoch that the node has seen
    CURRENT_EPOCH: Gauge = "redis_cluster_current_epoch" [] upstream source("CLUSTER INFO cluster_current_epoch");
    /// Epoch of this node's own configuration
    MY_EPOCH: Gauge = "redis_cluster_my_epoch" [] upstream source("CLUSTER INFO cluster_my_epoch");
    /// Messages sent over the cluster bus since the server started
    MESSAGES_SENT: Gauge = "redis_cluster_messages_sent_total" [] upstream source("CLUSTER INFO cluster_stats_messages_sent");
    /// Messages received over the cluster bus since the server started
    MESSAGES_RECEIVED: Gauge = "redis_cluster_messages_received_total" [] upstream source("CLUSTER INFO cluster_stats_messages_received");
    /// Links of the cluster bus freed because their buffer exceeded its limit
    LINKS_EXCEEDED: Counter = "redis_cluster_links_buffer_limit_exceeded_total" [] source("CLUSTER INFO total_cluster_links_buffer_limit_exceeded");
    /// Every other numeric field of the cluster, under its own name
    OTHER: Dynamic = "redis_cluster_" [] upstream;
}
