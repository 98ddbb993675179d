//! File systems and disks, as they change.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static FILLING_FROM: Threshold = Threshold::share(
    "HOST_DISK_FILLING_FROM",
    0.5,
    "A disk that is less than half full has room for any burst that ends by itself, such as a restore",
);

static IO_SATURATED: Threshold = Threshold::share("HOST_IO_SATURATED", 0.9, "A device that is busy nine tenths of the time has a queue at all times");

const ROOT: &[(&str, &str)] = &[("job", "node"), ("instance", "web-1:9100"), ("device", "/dev/vda1"), ("fstype", "ext4"), ("mountpoint", "/")];

const AVAIL: &str = r#"node_filesystem_avail_bytes{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const RAM_AVAIL: &str = r#"node_filesystem_avail_bytes{job="node",instance="web-1:9100",device="tmpfs",fstype="tmpfs",mountpoint="/run"}"#;
const RAM_SIZE: &str = r#"node_filesystem_size_bytes{job="node",instance="web-1:9100",device="tmpfs",fstype="tmpfs",mountpoint="/run"}"#;
const SIZE: &str = r#"node_filesystem_size_bytes{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![fills_in_4_hours(), fills_in_24_hours(), io_saturated()]
}

fn fills_in_4_hours() -> Alert {
    Alert {
        name: "HostDiskFillsIn4Hours",
        expr: r#"predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"}[1h], 14400) < 0
and 1 - node_filesystem_avail_bytes / node_filesystem_size_bytes > HOST_DISK_FILLING_FROM"#
            .to_owned(),
        thresholds: vec![&FILLING_FROM],
        // Two evaluations of a regression over a few points say little; after ten minutes it stands on forty.
        lasting: minutes(10),
        severity: Severity::Critical,
        summary: "{{ $labels.mountpoint }} of {{ $labels.instance }} will be full within four hours".to_owned(),
        description: "At the last hour's pace the final byte is written before the end of a working half-day: PostgreSQL then stops.".to_owned(),
        meaning: "A straight line through the last hour's free bytes reaches zero in less than four hours, and over half of the disk is used \
                  already. A restore or a backup that stops by itself looks the same until it stops.",
        causes: &[
            "A query that spills to temporary files without end (`base/pgsql_tmp`).",
            "Debug logging that somebody left on.",
            "A core dump or heap dump in a restart loop.",
        ],
        queries: &[
            ("The line it is on", "predict_linear(node_filesystem_avail_bytes[1h], 14400)"),
            ("Who writes", "rate(node_disk_written_bytes_total[5m])"),
        ],
        actions: &[
            "`iotop -obn 3` shows the process that writes, `lsof -p <pid>` the file.",
            "A runaway query: `SELECT pg_cancel_backend(pid)` for the oldest in pg_stat_activity; its temporary files go with it.",
            "A log: lower its level, then truncate the file (`: > file`), since deleting one that is open frees nothing.",
        ],
        page: Page::Graph("predict_linear(node_filesystem_avail_bytes[1h], 14400)"),
        examples: vec![
            // 1.6 units per sample for four hours are 1536: more than the 400 that are left.
            Example::new("it fills fast, and is cleaned", &[(AVAIL, "400x3 398.4-1.6x80 900x10"), (SIZE, "1000x120")])
                .quiet_at(seconds(645))
                .fires_at(seconds(675), Firing::new(ROOT, "/ of web-1:9100 will be full within four hours"))
                .quiet_at(seconds(1275)),
            Example::at_threshold("the line ends at zero: it is full already, and does not change", &[(AVAIL, "0x60"), (SIZE, "1000x60")])
                .quiet_at(minutes(14)),
            Example::new("it has stopped: the last hour is what counts", &[(AVAIL, "490-12x11 358x19"), (SIZE, "1000x30")])
                .coarse()
                .fires_at(minutes(75), Firing::new(ROOT, "/ of web-1:9100 will be full within four hours"))
                .quiet_at(minutes(95)),
            Example::new("it will take six hours", &[(AVAIL, "400-0.28x60"), (SIZE, "1000x60")]).quiet_at(minutes(14)),
            Example::new("memory fills, not a disk", &[(RAM_AVAIL, "400-3x60"), (RAM_SIZE, "1000x60")]).quiet_at(minutes(14)),
            Example::at_threshold("it fills until it is half full", &[(AVAIL, "900-20x20 500x60"), (SIZE, "1000x80")]).quiet_at(minutes(17)),
            Example::flapping("it fills for four minutes and is cleaned", &[(AVAIL, "400x3 391-9x15 400x60"), (SIZE, "1000x80")])
                .quiet_at(seconds(240))
                .quiet_at(minutes(14)),
            Example::missing("the size is not known", &[(AVAIL, "400-3x60")]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

fn fills_in_24_hours() -> Alert {
    Alert {
        name: "HostDiskFillsIn24Hours",
        expr: r#"predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"}[6h], 86400) < 0
and 1 - node_filesystem_avail_bytes / node_filesystem_size_bytes > HOST_DISK_FILLING_FROM"#
            .to_owned(),
        thresholds: vec![&FILLING_FROM],
        lasting: minutes(15),
        summary: "{{ $labels.instance }}: a day from now {{ $labels.mountpoint }} has no room left".to_owned(),
        description: "Six hours of growth, carried on for a day, fill the disk: it has to be dealt with before tonight.".to_owned(),
        meaning: "The trend of six hours, long enough to even out hourly jobs, goes below zero within a day on a disk that is more than half full.",
        causes: &[
            "A table that a new release writes to and nothing cleans.",
            "WAL archiving has stopped working and the segments stay.",
            "The nightly backup has moved to this disk.",
        ],
        queries: &[
            ("Where it will be tomorrow", "predict_linear(node_filesystem_avail_bytes[6h], 86400)"),
            ("Has it been like that before", "node_filesystem_avail_bytes offset 1d"),
        ],
        actions: &[
            "Compare with yesterday at the same hour: if the dip was there too and recovered, it is the nightly job.",
            "`find <mountpoint> -xdev -mmin -360 -size +100M -ls` lists what grew in these six hours.",
            "Enlarge the volume (`growpart`, then `resize2fs` or `xfs_growfs`) if the growth is wanted.",
        ],
        page: Page::Graph("predict_linear(node_filesystem_avail_bytes[6h], 86400)"),
        examples: vec![
            // 0.1 units per sample for a day are 576: more than the 400 that are left.
            Example::new("it grows all the time, until it is cleaned", &[(AVAIL, "400x3 399.9-0.1x100 900x10"), (SIZE, "1000x120")])
                .quiet_at(seconds(1020))
                .fires_at(seconds(1035), Firing::new(ROOT, "web-1:9100: a day from now / has no room left"))
                .quiet_at(seconds(1575)),
            Example::new("it has stopped: the last six hours are what counts", &[(AVAIL, "490-9x29 229x70"), (SIZE, "1000x100")])
                .coarse()
                .fires_at(minutes(320), Firing::new(ROOT, "web-1:9100: a day from now / has no room left"))
                .quiet_at(minutes(480)),
            Example::new("there is room for such bursts", &[(AVAIL, "600-1x80"), (SIZE, "1000x80")]).quiet_at(minutes(19)),
            Example::new("a file system in memory fills", &[(RAM_AVAIL, "400-1x80"), (RAM_SIZE, "1000x80")]).quiet_at(minutes(19)),
            Example::at_threshold("it is full and does not change", &[(AVAIL, "0x80"), (SIZE, "1000x80")]).quiet_at(minutes(19)),
            Example::at_threshold("half of it is used, and no more", &[(AVAIL, "900-20x20 500x80"), (SIZE, "1000x100")]).quiet_at(minutes(22)),
            Example::flapping("it fills for five minutes and is cleaned", &[(AVAIL, "400x3 396-4x20 400x60"), (SIZE, "1000x90")])
                .quiet_at(seconds(300))
                .quiet_at(minutes(19)),
            Example::missing("how large it is is not known", &[(AVAIL, "400-1x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

const IO_TIME: &str = r#"node_disk_io_time_seconds_total{job="node",instance="web-1:9100",device="vda"}"#;
const DEVICE: &[(&str, &str)] = &[("job", "node"), ("instance", "web-1:9100"), ("device", "vda")];

fn io_saturated() -> Alert {
    Alert {
        name: "HostIoSaturated",
        expr: "rate(node_disk_io_time_seconds_total[2m]) > HOST_IO_SATURATED".to_owned(),
        thresholds: vec![&IO_SATURATED],
        lasting: minutes(4),
        summary: "Disk {{ $labels.device }} of {{ $labels.instance }} is busy {{ $value | humanizePercentage }} of the time".to_owned(),
        description: "Reads and commits stand in a queue before the device: queries take longer though nothing about them changed.".to_owned(),
        meaning: "In nearly every moment the device had a request in progress. An NVMe drive can do many at once and may be fine with that; a \
                  provider's network volume that reaches its limit of operations is not.",
        causes: &[
            "A sequential scan or a vacuum of a table that does not fit into memory.",
            "A checkpoint that writes everything at once (`checkpoint_completion_target`).",
            "The volume's limit of operations or bytes per second, often lower after a burst allowance is used up.",
        ],
        queries: &[
            ("Bytes read and written", "rate(node_disk_read_bytes_total[2m]) + rate(node_disk_written_bytes_total[2m])"),
            ("Busy share by device", "rate(node_disk_io_time_seconds_total[2m])"),
        ],
        actions: &[
            "`iostat -x 5`: is `r_await` or `w_await` high (a slow device), or only `%util` (a busy one)?",
            "`pidstat -d 5` names the process.",
            "At the provider's limit: compare the graph of bytes with the volume's plan, and raise the plan.",
        ],
        page: Page::Graph("rate(node_disk_io_time_seconds_total[2m])"),
        examples: vec![
            Example::new("a scan keeps it busy", &[(IO_TIME, "0+13.8x60")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(DEVICE, "Disk vda of web-1:9100 is busy 92% of the time")),
            Example::new("it ends", &[(IO_TIME, "0+15x30 450+0x40")])
                .fires_at(seconds(450), Firing::new(DEVICE, "Disk vda of web-1:9100 is busy 100% of the time"))
                .quiet_at(seconds(600)),
            Example::at_threshold("exactly nine tenths", &[(IO_TIME, "0+13.5x60")]).quiet_at(minutes(14)),
            Example::flapping("two minutes of checkpoint, and again", &[(IO_TIME, "0+0x9 0+15x9 135+0x9 135+15x9 270+0x20")])
                .quiet_at(seconds(285))
                .quiet_at(seconds(585)),
            Example::missing("the disk is gone", &[(IO_TIME, "0+15x6 stale")]).quiet_at(minutes(5)),
        ],
        scales: false,
        ..Alert::owned_by(Service::Host)
    }
}
