//! `INFO sentinel` and `SENTINEL`: what a Sentinel says of the primaries that it watches.
//!
//! A source `SENTINEL MASTERS <key>` is filled from that key of each primary.

use crate::Unit;

crate::catalogue! {
    /// Primaries that the Sentinel watches
    MASTERS: Gauge = "redis_sentinel_masters" [] upstream source("INFO sentinel_masters");
    /// 1 while the Sentinel does not trust its own clock and takes no action, 0 if not
    TILT: Gauge = "redis_sentinel_tilt" [] upstream source("INFO sentinel_tilt");
    /// Seconds since the Sentinel stopped trusting its own clock; -1 while it does
    TILT_SINCE: Gauge = "redis_sentinel_tilt_seconds" [] source("INFO sentinel_tilt_since_seconds");
    /// Scripts that the Sentinel runs now
    RUNNING_SCRIPTS: Gauge = "redis_sentinel_running_scripts" [] upstream source("INFO sentinel_running_scripts");
    /// Scripts that wait to be run by the Sentinel
    SCRIPTS_QUEUE: Gauge = "redis_sentinel_scripts_queue_length" [] upstream source("INFO sentinel_scripts_queue_length");
    /// Failures that the Sentinel was told to simulate, as bits
    SIMULATE_FAILURE: Gauge = "redis_sentinel_simulate_failure_flags" [] upstream source("INFO sentinel_simulate_failure_flags");
    /// 1 if the Sentinel holds the primary to be fine, 0 if not
    MASTER_STATUS: Gauge = "redis_sentinel_master_status" ["master_name", "master_address", "master_status"] upstream;
    /// Replicas of the primary that the Sentinel knows
    MASTER_REPLICAS: Gauge = "redis_sentinel_master_slaves" ["master_name", "master_address"] upstream;
    /// Sentinels that watch the primary, this one included
    MASTER_SENTINELS: Gauge = "redis_sentinel_master_sentinels" ["master_name", "master_address"] upstream;
    /// Replicas of the primary that the Sentinel can reach
    MASTER_OK_REPLICAS: Gauge = "redis_sentinel_master_ok_slaves" ["master_name", "master_address"] upstream;
    /// Sentinels of the primary that can be reached, this one included
    MASTER_OK_SENTINELS: Gauge = "redis_sentinel_master_ok_sentinels" ["master_name", "master_address"] upstream;
    /// 1 if enough Sentinels can be reached for a failover, 0 if not; the message is the Sentinel's
    MASTER_CKQUORUM: Gauge = "redis_sentinel_master_ckquorum_status" ["master_name", "message"] upstream;
    /// 1 if enough Sentinels can be reached for a failover of the primary, 0 if not
    MASTER_QUORUM: Gauge = "redis_sentinel_master_quorum_reached" ["master_name"];
    /// Sentinels that must agree before the primary is held to be down
    SETTING_QUORUM: Gauge = "redis_sentinel_master_setting_ckquorum" ["master_name", "master_address"] upstream source("SENTINEL MASTERS quorum");
    /// Milliseconds after which a failover of the primary is given up
    SETTING_FAILOVER_TIMEOUT: Gauge = "redis_sentinel_master_setting_failover_timeout" ["master_name", "master_address"] upstream unit(Unit::Milliseconds) source("SENTINEL MASTERS failover-timeout");
    /// Replicas that may synchronise with a new primary at the same time
    SETTING_PARALLEL_SYNCS: Gauge = "redis_sentinel_master_setting_parallel_syncs" ["master_name", "master_address"] upstream source("SENTINEL MASTERS parallel-syncs");
    /// Milliseconds without an answer after which the Sentinel holds the primary to be down
    SETTING_DOWN_AFTER: Gauge = "redis_sentinel_master_setting_down_after_milliseconds" ["master_name", "master_address"] upstream source("SENTINEL MASTERS down-after-milliseconds");
    /// Epoch of the primary's configuration; rises with each failover
    CONFIG_EPOCH: Gauge = "redis_sentinel_master_config_epoch" ["master_name", "master_address"] upstream source("SENTINEL MASTERS config-epoch");
    /// Seconds since the primary last answered a ping well
    LAST_OK_PING: Gauge = "redis_sentinel_master_last_ok_ping_reply_seconds" ["master_name", "master_address"] upstream source("SENTINEL MASTERS last-ok-ping-reply") times(1e-3);
}
