//! The operating system: clock, descriptors, restarts.

use super::HOST;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static CLOCK_SKEWED: Threshold = Threshold::number(
    "HOST_CLOCK_SKEWED",
    0.05,
    10.0,
    "Fifty milliseconds is ten times what NTP keeps over the internet, and less than any timeout of ours",
);

static FILE_DESCRIPTORS_HIGH: Threshold =
    Threshold::share("HOST_FILE_DESCRIPTORS_HIGH", 0.8, "The rest is taken within minutes by a program that leaks them");

static REBOOT: Threshold =
    Threshold::number("HOST_REBOOT", 60.0, 600.0, "A clock that is set moves the boot time by seconds; a boot moves it by more than a minute");

pub(super) fn all() -> Vec<Alert> {
    vec![clock_skewed(), file_descriptors_high(), rebooted()]
}

const OFFSET: &str = r#"node_timex_offset_seconds{job="node",instance="web-1:9100"}"#;

fn clock_skewed() -> Alert {
    Alert {
        name: "HostClockSkewed",
        expr: "abs(node_timex_offset_seconds) > HOST_CLOCK_SKEWED".to_owned(),
        thresholds: vec![&CLOCK_SKEWED],
        lasting: minutes(4),
        summary: "The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}".to_owned(),
        description: "Tokens expire early or late, Celery runs tasks with an eta at the wrong time, and samples of this host lie beside the others."
            .to_owned(),
        meaning: "The kernel knows of an offset between its clock and the reference, and has not brought it below a twentieth of a second in four \
                  minutes. NTP slews half a millisecond per second, so a large step takes hours unless the daemon is allowed to jump.",
        causes: &[
            "The virtual machine was paused, or moved to another host.",
            "UDP port 123 to the time servers is blocked.",
            "Two daemons (chrony and systemd-timesyncd) that correct against each other.",
        ],
        queries: &[("Offset", "node_timex_offset_seconds"), ("Is it in step with a reference", "node_timex_sync_status")],
        actions: &[
            "`chronyc tracking` and `chronyc sources`, or `timedatectl timesync-status`.",
            "`chronyc makestep` sets it at once; stop Celery beat before, lest it runs schedules twice.",
            "Leave one daemon: `systemctl disable --now systemd-timesyncd` where chrony runs.",
        ],
        page: Page::Graph("node_timex_offset_seconds"),
        examples: vec![
            Example::new("it falls behind, and is set", &[(OFFSET, "0x3 -0.054x19 0x20")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(HOST, "The clock of web-1:9100 is off by 54ms"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly fifty milliseconds", &[(OFFSET, "0.05x40")]).quiet_at(minutes(8)),
            Example::flapping("it swings", &[(OFFSET, "0x3 0.2x14 0 -0.2x14 0x10")]).quiet_at(seconds(270)).quiet_at(seconds(510)),
            Example::missing("the kernel tells no offset", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

const ALLOCATED: &str = r#"node_filefd_allocated{job="node",instance="web-1:9100"}"#;
const MAXIMUM: &str = r#"node_filefd_maximum{job="node",instance="web-1:9100"}"#;

fn file_descriptors_high() -> Alert {
    Alert {
        name: "HostFileDescriptorsHigh",
        expr: "node_filefd_allocated / node_filefd_maximum > HOST_FILE_DESCRIPTORS_HIGH".to_owned(),
        thresholds: vec![&FILE_DESCRIPTORS_HIGH],
        lasting: minutes(4),
        summary: "{{ $value | humanizePercentage }} of the file descriptors of {{ $labels.instance }} are taken".to_owned(),
        description: "When they run out, no program of the host can open a file or accept a connection, not even a shell to look with.".to_owned(),
        meaning: "All processes together hold over four fifths of `fs.file-max`. A single process meets its own limit (`ulimit -n`) long before, so \
                  it is many processes, or one that runs with a very high limit.",
        causes: &[
            "Sockets that a program does not close: they stay in CLOSE_WAIT.",
            "Hundreds of containers on one machine.",
            "A `fs.file-max` lowered by a hardening guide.",
        ],
        queries: &[("In use", "node_filefd_allocated"), ("By Prometheus' own targets", "process_open_fds")],
        actions: &[
            "`for p in /proc/[0-9]*; do echo $(ls $p/fd 2>/dev/null | wc -l) $(cat $p/comm); done | sort -n | tail`.",
            "`ss -tanp state close-wait` for sockets that nobody closes; restart their owner.",
            "`sysctl -w fs.file-max=<double>` buys time.",
        ],
        page: Page::Graph("node_filefd_allocated / node_filefd_maximum"),
        examples: vec![
            Example::new("a leak takes them, a restart gives them back", &[(ALLOCATED, "500x3 820x19 500x20"), (MAXIMUM, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(HOST, "82% of the file descriptors of web-1:9100 are taken"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(ALLOCATED, "800x40"), (MAXIMUM, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("bursts of connections", &[(ALLOCATED, "500x3 900x14 500 900x14 500x10"), (MAXIMUM, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("the maximum is not known", &[(ALLOCATED, "900x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

const BOOT: &str = r#"node_boot_time_seconds{job="node",instance="web-1:9100"}"#;

fn rebooted() -> Alert {
    Alert {
        name: "HostRebooted",
        expr: "node_boot_time_seconds - min_over_time(node_boot_time_seconds[15m]) > HOST_REBOOT".to_owned(),
        thresholds: vec![&REBOOT],
        lasting: seconds(30),
        severity: Severity::Info,
        summary: "{{ $labels.instance }} has started anew".to_owned(),
        description: "Gaps in its graphs around now, and alerts that resolved by themselves, have this as their reason.".to_owned(),
        meaning: "The time at which the host started is not the one of a quarter of an hour ago. The alert ends by itself a quarter of an hour after the start; it \
                  is there so that the start is on record beside other alerts.",
        causes: &[
            "Unattended upgrades with `Automatic-Reboot`.",
            "The provider moved the machine, or its host failed.",
            "A kernel panic with `kernel.panic` set, so that it restarts by itself.",
        ],
        queries: &[("Starts over a month", "changes(node_boot_time_seconds[1d])"), ("Uptime", "node_time_seconds - node_boot_time_seconds")],
        actions: &[
            "`last -x reboot shutdown | head`: without a shutdown before the reboot it was no orderly one.",
            "`journalctl -b -1 -e` shows the last lines before it.",
            "`docker ps --filter status=exited`: is everything back that should be?",
        ],
        page: Page::Graph("node_time_seconds - node_boot_time_seconds"),
        examples: vec![
            Example::new("it starts anew", &[(BOOT, "1000x19 _x8 1090x80")])
                .quiet_at(seconds(435))
                .fires_at(seconds(450), Firing::new(HOST, "web-1:9100 has started anew"))
                .still_at(minutes(17))
                .quiet_at(minutes(20)),
            Example::at_threshold("its clock is set by a minute", &[(BOOT, "1000x19 1060x60")]).quiet_at(minutes(10)),
            Example::flapping("one scrape shows another time", &[(BOOT, "1000x19 1300 1000x60")]).quiet_at(seconds(300)).quiet_at(minutes(10)),
            Example::missing("it has just begun to be measured", &[(BOOT, "_x19 1000x60")]).quiet_at(minutes(10)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}
