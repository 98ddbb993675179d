//! File systems, as they are now.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static FULL: Threshold = Threshold::share("HOST_DISK_FULL", 0.9, "PostgreSQL needs room for a day of WAL beside its tables, a tenth on our machines");

static HIGH: Threshold =
    Threshold::share("HOST_DISK_HIGH", 0.8, "Past four fifths ext4 and XFS begin to scatter files, and there is still a week to act");

static INODES_HIGH: Threshold =
    Threshold::share("HOST_INODES_HIGH", 0.8, "A queue of small files that has eaten four fifths of the inodes eats the rest in hours");

/// Labels of the file system of the examples.
const ROOT: &[(&str, &str)] = &[("job", "node"), ("instance", "web-1:9100"), ("device", "/dev/vda1"), ("fstype", "ext4"), ("mountpoint", "/")];

const AVAIL: &str = r#"node_filesystem_avail_bytes{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const SIZE: &str = r#"node_filesystem_size_bytes{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const IMAGE_AVAIL: &str =
    r#"node_filesystem_avail_bytes{job="node",instance="web-1:9100",device="/dev/loop1",fstype="squashfs",mountpoint="/snap/core"}"#;
const IMAGE_SIZE: &str =
    r#"node_filesystem_size_bytes{job="node",instance="web-1:9100",device="/dev/loop1",fstype="squashfs",mountpoint="/snap/core"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![full(), high(), inodes_high(), read_only()]
}

fn full() -> Alert {
    Alert {
        name: "HostDiskFull",
        expr: r#"1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"} / node_filesystem_size_bytes > HOST_DISK_FULL"#
            .to_owned(),
        thresholds: vec![&FULL],
        lasting: minutes(4),
        severity: Severity::Critical,
        summary: "{{ $labels.mountpoint }} of {{ $labels.instance }} is {{ $value | humanizePercentage }} full".to_owned(),
        description: "When the last block is written, PostgreSQL stops with a PANIC and Redis can save no snapshot.".to_owned(),
        meaning: "Programs without privileges can write less than a tenth of this file system's size. What the file system reserves for root is \
                  counted as used, as `df` does.",
        causes: &[
            "WAL that a replication slot or a failing archive command retains.",
            "Container logs without rotation below /var/lib/docker/containers.",
            "Old images and volumes: `docker system df` shows what can go.",
        ],
        queries: &[("Room left, over two days", "node_filesystem_avail_bytes"), ("What is written", "rate(node_disk_written_bytes_total[5m])")],
        actions: &[
            "`du -xh --max-depth=2 <mountpoint> | sort -h | tail -20`.",
            "`docker image prune -a --filter until=168h` frees most on a build or deployment machine.",
            "Never delete files of pg_wal by hand: mend the slot or the archive command, then PostgreSQL removes them itself.",
            "`lsof +L1` shows files that are deleted and still held open.",
        ],
        page: Page::Graph("1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"),
        examples: vec![
            Example::new("it fills, and is cleaned", &[(AVAIL, "500x3 90x19 500x20"), (SIZE, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(ROOT, "/ of web-1:9100 is 91% full"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly nine tenths", &[(AVAIL, "100x40"), (SIZE, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("a job writes and deletes", &[(AVAIL, "500x3 50x14 500 50x14 500x10"), (SIZE, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("its size is not known", &[(AVAIL, "0x40")]).quiet_at(minutes(8)),
            Example::new("an image is always full", &[(IMAGE_AVAIL, "0x40"), (IMAGE_SIZE, "1000x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

fn high() -> Alert {
    Alert {
        name: "HostDiskHigh",
        expr: r#"1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"} / node_filesystem_size_bytes > HOST_DISK_HIGH"#
            .to_owned(),
        thresholds: vec![&HIGH],
        lasting: minutes(4),
        summary: "{{ $labels.instance }}: {{ $labels.mountpoint }} has reached {{ $value | humanizePercentage }}".to_owned(),
        description: "Nothing fails yet. At the usual growth there is about a week before writes do.".to_owned(),
        meaning: "More than four fifths of the file system are taken. HostDiskFillsIn24Hours tells whether it is in a hurry.",
        causes: &[
            "Growth of the database that the machine was not sized for.",
            "Uploads or exports that nothing expires.",
            "Backups that are kept on the machine that they are a backup of.",
        ],
        queries: &[
            ("Share in use, over a month", "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"),
            ("Bytes per day", "deriv(node_filesystem_avail_bytes[1d]) * 86400"),
        ],
        actions: &[
            "From the month's graph, work out the day on which it is full, and put an enlargement of the volume before it.",
            "Move backups and exports to object storage.",
            "`pg_total_relation_size` by table says whether it is the database, and which part.",
        ],
        page: Page::Graph("1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"),
        examples: vec![
            Example::new("it grows, and is enlarged", &[(AVAIL, "500x3 180x19 500x20"), (SIZE, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(ROOT, "web-1:9100: / has reached 82%"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(AVAIL, "200x40"), (SIZE, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("a sort spills to the disk, twice", &[(AVAIL, "500x3 100x14 500 100x14 500x10"), (SIZE, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("its free room is not known", &[(SIZE, "1000x40")]).quiet_at(minutes(8)),
            Example::new("an image is full by design", &[(IMAGE_AVAIL, "0x40"), (IMAGE_SIZE, "1000x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

const FILES_FREE: &str = r#"node_filesystem_files_free{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const FILES: &str = r#"node_filesystem_files{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const IMAGE_FILES_FREE: &str =
    r#"node_filesystem_files_free{job="node",instance="web-1:9100",device="/dev/loop1",fstype="squashfs",mountpoint="/opt/image"}"#;
const IMAGE_FILES: &str = r#"node_filesystem_files{job="node",instance="web-1:9100",device="/dev/loop1",fstype="squashfs",mountpoint="/opt/image"}"#;

fn inodes_high() -> Alert {
    Alert {
        name: "HostInodesHigh",
        expr: r#"1 - node_filesystem_files_free{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"} / (node_filesystem_files > 0) > HOST_INODES_HIGH"#
            .to_owned(),
        thresholds: vec![&INODES_HIGH],
        lasting: minutes(4),
        summary: "{{ $value | humanizePercentage }} of the inodes of {{ $labels.mountpoint }} on {{ $labels.instance }} are used".to_owned(),
        description: "Without a free inode no file can be made, however many bytes are free: the error says \"no space left\" all the same."
            .to_owned(),
        meaning: "The file system has room for a fixed number of files, given when it was made, and four fifths of that number exist. XFS and btrfs \
                  make inodes as needed; there the number follows the free space.",
        causes: &[
            "Session or cache files, one per user or request, without a job that removes them.",
            "Node or Python package trees in many image layers.",
            "A mail queue that is not delivered.",
        ],
        queries: &[("Inodes that are free", "node_filesystem_files_free"), ("How fast they go", "deriv(node_filesystem_files_free[1h]) * 3600")],
        actions: &[
            "`du -x --inodes --max-depth=3 <mountpoint> | sort -n | tail` finds the directory.",
            "Delete with `find <directory> -type f -mtime +7 -delete`: a shell's `rm *` fails on that many names.",
            "ext4 takes more inodes only when it is made anew, with a smaller `mkfs -i`.",
        ],
        page: Page::Graph("node_filesystem_files_free / (node_filesystem_files > 0)"),
        examples: vec![
            Example::new("small files pile up, and go", &[(FILES_FREE, "500x3 180x19 500x20"), (FILES, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(ROOT, "82% of the inodes of / on web-1:9100 are used"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(FILES_FREE, "200x40"), (FILES, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("a build unpacks and cleans up", &[(FILES_FREE, "500x3 100x14 500 100x14 500x10"), (FILES, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::new("an image has none left", &[(IMAGE_FILES_FREE, "0x40"), (IMAGE_FILES, "1000x40")]).quiet_at(minutes(8)),
            Example::missing("btrfs has no number of inodes", &[(FILES_FREE, "0x40"), (FILES, "0x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
    .same_with("comparator > 0 to >= 0", "of no inodes none is free, and 1 - 0 / 0 is above nothing")
}

const READ_ONLY: &str = r#"node_filesystem_readonly{job="node",instance="web-1:9100",device="/dev/vda1",fstype="ext4",mountpoint="/"}"#;
const DATA_READ_ONLY: &str = r#"node_filesystem_readonly{job="node",instance="web-1:9100",device="/dev/vdb1",fstype="xfs",mountpoint="/mnt/data"}"#;
const BOOT_READ_ONLY: &str = r#"node_filesystem_readonly{job="node",instance="web-1:9100",device="/dev/vda15",fstype="vfat",mountpoint="/boot/efi"}"#;
const IMAGE_READ_ONLY: &str =
    r#"node_filesystem_readonly{job="node",instance="web-1:9100",device="/dev/loop1",fstype="squashfs",mountpoint="/opt/image"}"#;

fn read_only() -> Alert {
    Alert {
        name: "HostFilesystemReadOnly",
        expr: r#"node_filesystem_readonly{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs",mountpoint!~"/(boot|media|snap|usr)(/.*)?"} == 1"#.to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: "{{ $labels.mountpoint }} on {{ $labels.instance }} ({{ $labels.device }}) cannot be written to".to_owned(),
        description: "Every write fails with EROFS: databases stop at their next commit, and logs say nothing since they cannot be written."
            .to_owned(),
        meaning: "Linux remounts a file system read-only when it finds it damaged (`errors=remount-ro`). Mounts that are read-only on purpose stand \
                  below /boot, /media, /snap or /usr and are left out.",
        causes: &[
            "The disk or the provider's storage network returned an error.",
            "The journal is damaged after a power cut.",
            "Somebody mounted it so for maintenance and forgot it.",
        ],
        queries: &[("Since when", "node_filesystem_readonly"), ("Was the device busy before", "rate(node_disk_io_time_seconds_total[2m])")],
        actions: &[
            "`dmesg -T | grep -iE 'remount|I/O error|EXT4-fs error'`: with I/O errors, fail over first and repair later.",
            "Stop what writes there, unmount it and run `fsck -n`, then `fsck`; the root file system needs the rescue system.",
            "`mount -o remount,rw` only if the log shows no error at all.",
        ],
        page: Page::Graph("node_filesystem_readonly"),
        examples: vec![
            Example::new("it is remounted, and repaired", &[(READ_ONLY, "0x3 1x9 0x20")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(ROOT, "/ on web-1:9100 (/dev/vda1) cannot be written to"))
                .quiet_at(seconds(210)),
            Example::new("a data volume is remounted", &[(DATA_READ_ONLY, "0x3 1x20")]).quiet_at(seconds(105)).fires_at(
                seconds(120),
                Firing::new(
                    &[("job", "node"), ("instance", "web-1:9100"), ("device", "/dev/vdb1"), ("fstype", "xfs"), ("mountpoint", "/mnt/data")],
                    "/mnt/data on web-1:9100 (/dev/vdb1) cannot be written to",
                ),
            ),
            Example::flapping("a snapshot freezes it for half a minute, twice", &[(READ_ONLY, "0x3 1x2 0 1x2 0x20")])
                .quiet_at(seconds(90))
                .quiet_at(seconds(150)),
            Example::missing("the file system is unmounted", &[(READ_ONLY, "0x3 stale")]).quiet_at(minutes(5)),
            Example::new("the boot partition is read-only on purpose", &[(BOOT_READ_ONLY, "1x20")]).quiet_at(minutes(5)),
            Example::new("an image cannot be written to, wherever it is mounted", &[(IMAGE_READ_ONLY, "1x20")]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}
