//! node_exporter, as far as our rules read it.
//!
//! Version 1.12 and Debian's 1.5 both have all of it, under these names and with these labels, except that `device_error`
//! is newer than 1.5. Conntrack's two gauges are there only while the kernel tracks connections.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "node-exporter", sections: &[("node", ALL), ("process", crate::process::ALL)] };

/// What a processor can be doing.
pub const MODES: &[&str] = &["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

crate::catalogue! {
    /// Version and kernel of the host
    UNAME_INFO: Gauge = "node_uname_info" ["domainname", "machine", "nodename", "release", "sysname", "version"] upstream;
    /// Time at which the host started
    BOOT_TIME: Gauge = "node_boot_time_seconds" [] upstream;
    /// The host's clock
    TIME: Gauge = "node_time_seconds" [] upstream;
    /// Offset of the host's clock from its reference
    TIMEX_OFFSET: Gauge = "node_timex_offset_seconds" [] upstream;
    /// 1 while the host's clock is kept in step with a reference, 0 while it is not
    TIMEX_SYNC_STATUS: Gauge = "node_timex_sync_status" [] upstream;
    /// Seconds that each processor spent in each mode
    CPU_SECONDS: Counter = "node_cpu_seconds_total" ["cpu", "mode"] upstream closed(&[("mode", MODES)]);
    /// Processes that run or wait to, averaged over one minute
    LOAD_1: Gauge = "node_load1" [] upstream;
    /// Processes that run or wait to, averaged over five minutes
    LOAD_5: Gauge = "node_load5" [] upstream;
    /// Processes that run or wait to, averaged over fifteen minutes
    LOAD_15: Gauge = "node_load15" [] upstream;
    /// Memory that programs could still take without swapping
    MEMORY_AVAILABLE: Gauge = "node_memory_MemAvailable_bytes" [] upstream;
    /// Memory of the host
    MEMORY_TOTAL: Gauge = "node_memory_MemTotal_bytes" [] upstream;
    /// Processes that the kernel ended for want of memory; of no declared type upstream
    OOM_KILL: Counter = "node_vmstat_oom_kill" [] upstream;
    /// Bytes that programs without privileges can still write
    FILESYSTEM_AVAIL: Gauge = "node_filesystem_avail_bytes" ["device", "fstype", "mountpoint", "device_error"] upstream optional(1);
    /// Size of the file system
    FILESYSTEM_SIZE: Gauge = "node_filesystem_size_bytes" ["device", "fstype", "mountpoint", "device_error"] upstream optional(1);
    /// Inodes of the file system
    FILESYSTEM_FILES: Gauge = "node_filesystem_files" ["device", "fstype", "mountpoint", "device_error"] upstream optional(1);
    /// Inodes of the file system that are free
    FILESYSTEM_FILES_FREE: Gauge = "node_filesystem_files_free" ["device", "fstype", "mountpoint", "device_error"] upstream optional(1);
    /// 1 if the file system cannot be written to, 0 if it can
    FILESYSTEM_READONLY: Gauge = "node_filesystem_readonly" ["device", "fstype", "mountpoint", "device_error"] upstream optional(1);
    /// Seconds in which the device had at least one request in progress
    DISK_IO_TIME: Counter = "node_disk_io_time_seconds_total" ["device"] upstream;
    /// Bytes read from the device
    DISK_READ: Counter = "node_disk_read_bytes_total" ["device"] upstream;
    /// Bytes written to the device
    DISK_WRITTEN: Counter = "node_disk_written_bytes_total" ["device"] upstream;
    /// Bytes that arrived
    NETWORK_RECEIVE: Counter = "node_network_receive_bytes_total" ["device"] upstream;
    /// Bytes that were sent
    NETWORK_TRANSMIT: Counter = "node_network_transmit_bytes_total" ["device"] upstream;
    /// Packets that arrived
    NETWORK_RECEIVE_PACKETS: Counter = "node_network_receive_packets_total" ["device"] upstream;
    /// Packets that were sent
    NETWORK_TRANSMIT_PACKETS: Counter = "node_network_transmit_packets_total" ["device"] upstream;
    /// Packets that arrived broken
    NETWORK_RECEIVE_ERRORS: Counter = "node_network_receive_errs_total" ["device"] upstream;
    /// Packets that could not be sent
    NETWORK_TRANSMIT_ERRORS: Counter = "node_network_transmit_errs_total" ["device"] upstream;
    /// File descriptors in use on the whole host
    FILEFD_ALLOCATED: Gauge = "node_filefd_allocated" [] upstream;
    /// Most file descriptors that the host can have in use
    FILEFD_MAXIMUM: Gauge = "node_filefd_maximum" [] upstream;
    /// Connections that the kernel tracks
    CONNTRACK_ENTRIES: Gauge = "node_nf_conntrack_entries" [] upstream;
    /// Most connections that the kernel can track
    CONNTRACK_LIMIT: Gauge = "node_nf_conntrack_entries_limit" [] upstream;
    /// 1 if the collector succeeded in the last scrape, 0 if not
    COLLECTOR_SUCCESS: Gauge = "node_scrape_collector_success" ["collector"] upstream;
}
