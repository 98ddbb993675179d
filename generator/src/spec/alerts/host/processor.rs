//! Processors: how busy they are, and how much waits for them.

use super::{HOST, INSTANCE};
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static CPU_HIGH: Threshold =
    Threshold::share("HOST_CPU_HIGH", 0.8, "Past four fifths, queues in front of the processors double the API's response times");

static LOAD_HIGH: Threshold = Threshold::number(
    "HOST_LOAD_HIGH",
    2.0,
    64.0,
    "Two processes per processor means that each of them waits as long as it runs; builds and backups stay below",
);

pub(super) fn all() -> Vec<Alert> {
    vec![cpu_high(), load_high()]
}

const IDLE: &str = r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="0",mode="idle"}"#;
const USER: &str = r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="0",mode="user"}"#;

/// The drill `stress --cpu 4 --timeout 300s` must fire it. After the start of full load the two-minute rate passes 80 % at
/// second 96, up to 15 s later for the scrape and 15 s for the evaluation, so by second 126; it holds until at least
/// second 309. What is left are 183 s, hence three minutes and not the four of the other resource alerts.
fn cpu_high() -> Alert {
    Alert {
        name: "HostCpuHigh",
        expr: r#"1 - sum by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))
  / (sum by (instance) (rate(node_cpu_seconds_total[2m])) > 0)
  > HOST_CPU_HIGH"#
            .to_owned(),
        thresholds: vec![&CPU_HIGH],
        lasting: minutes(3),
        summary: "Processors of {{ $labels.instance }} are {{ $value | humanizePercentage }} busy".to_owned(),
        description: "Requests and tasks wait for a processor, so the API answers later and queues grow.".to_owned(),
        meaning: "Over two minutes, all processors together had less than a fifth of their time to spare, and that went on for three minutes. Time \
                  spent waiting for disks counts as busy here, since nothing else ran in it.",
        causes: &[
            "More Celery workers or API processes than processors, all with work.",
            "One program in a loop: `user` time of a single processor at 100 %.",
            "The provider gives the time to another machine: mode `steal`.",
        ],
        queries: &[("Time by mode", "sum by (instance, mode) (rate(node_cpu_seconds_total[2m]))"), ("Processes that wait", "node_load1")],
        actions: &[
            "`top -o %CPU` on the host: is it one process or all of them?",
            "One process: `docker stats --no-stream` gives its container, that container's log the reason.",
            "All of them: lower the workers' `--concurrency`, or move workers to another machine.",
            "Mode `steal` above a tenth: ask the provider for another host.",
        ],
        page: Page::Graph(r#"1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))"#),
        examples: vec![
            Example::new("the drill: five minutes of full load", &[(IDLE, "0+15x20 300+0x19 300+15x40"), (USER, "0+0x20 15+15x19 300+0x40")])
                .quiet_at(seconds(570))
                .fires_at(seconds(585), Firing::new(INSTANCE, "Processors of web-1:9100 are 100% busy"))
                .quiet_at(minutes(12)),
            Example::new("a little above the threshold", &[(IDLE, "0+2.7x60"), (USER, "0+12.3x60")])
                .quiet_at(seconds(180))
                .fires_at(seconds(195), Firing::new(INSTANCE, "Processors of web-1:9100 are 82% busy")),
            Example::new(
                "a quarter of a minute of rest in each two minutes",
                &[(IDLE, "0x7 15x7 30x7 45x7"), (USER, "0+15x7 105+15x7 210+15x7 315+15x7")],
            )
            .quiet_at(seconds(180))
            .fires_at(seconds(195), Firing::new(INSTANCE, "Processors of web-1:9100 are 87.5% busy")),
            Example::new(
                "its counters stand still for half a minute",
                &[(IDLE, "0+1.5x20 30x2 31.5+1.5x30"), (USER, "0+13.5x20 270x2 283.5+13.5x30")],
            )
            .fires_at(minutes(7), Firing::new(INSTANCE, "Processors of web-1:9100 are 90% busy")),
            Example::at_threshold("exactly four fifths", &[(IDLE, "0+3x60"), (USER, "0+12x60")]).quiet_at(minutes(10)),
            Example::flapping(
                "two minutes of load, and again",
                &[(IDLE, "0+15x20 300+0x7 315+15x10 465+0x7 480+15x20"), (USER, "0+0x20 15+15x7 120+0x10 135+15x7 240+0x20")],
            )
            .quiet_at(seconds(435))
            .quiet_at(seconds(720)),
            Example::missing("nothing is known of the processors", &[]).quiet_at(minutes(10)),
        ],
        ..Alert::owned_by(Service::Host)
    }
    .same_with("comparator > 0 to >= 0", "without any time the idle share is 0 / 0, and 1 - NaN is above nothing")
}

const CPUS: &str = r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="0",mode="idle"}"#;
const SECOND_CPU: &str = r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="1",mode="idle"}"#;
const BUSY: &str = r#"node_cpu_seconds_total{job="node",instance="web-1:9100",cpu="0",mode="user"}"#;
const LOAD: &str = r#"node_load5{job="node",instance="web-1:9100"}"#;

fn load_high() -> Alert {
    Alert {
        name: "HostLoadHigh",
        expr: r#"node_load5 / on (job, instance) count by (job, instance) (node_cpu_seconds_total{mode="idle"}) > HOST_LOAD_HIGH"#.to_owned(),
        thresholds: vec![&LOAD_HIGH],
        lasting: minutes(4),
        summary: r#"{{ $labels.instance }} has {{ printf "%.1f" $value }} processes for each processor"#.to_owned(),
        description: "Programs stand in line for processors or disks: everything on the host gets slow, logins included.".to_owned(),
        meaning: "The five-minute load average is more than twice the number of processors. Linux counts processes that wait for a disk as well, so \
                  a high load with idle processors is a disk or network mount that does not answer.",
        causes: &[
            "A disk or NFS mount hangs: processes in state D.",
            "A burst of short processes, such as a cron job that starts itself before its last run has ended.",
            "Memory is short and the host swaps.",
        ],
        queries: &[
            ("Load over one, five and fifteen minutes", "node_load1 or node_load5 or node_load15"),
            ("Share of time that disks were busy", "rate(node_disk_io_time_seconds_total[2m])"),
        ],
        actions: &[
            "`ps -eo state,pid,wchan:32,cmd | grep '^[DR]'` shows who runs and who waits, and for what.",
            "Many in state D: `iostat -x 5` for the disk, `mount | grep nfs` for a mount that hangs.",
            "Many in state R: see which parent starts them with `pstree -ap`.",
        ],
        page: Page::Graph("node_load5"),
        examples: vec![
            Example::new(
                "load rises over four, and falls",
                &[(LOAD, "1x3 4.2x19 1x20"), (CPUS, "0+7x50"), (BUSY, "0+8x50"), (SECOND_CPU, "0+15x50")],
            )
            .quiet_at(seconds(285))
            .fires_at(seconds(300), Firing::new(HOST, "web-1:9100 has 2.1 processes for each processor"))
            .quiet_at(seconds(360)),
            Example::at_threshold("exactly two for each", &[(LOAD, "4x40"), (CPUS, "0+15x50"), (SECOND_CPU, "0+15x50")]).quiet_at(minutes(8)),
            Example::flapping("it comes and goes", &[(LOAD, "1x3 5x14 1 5x14 1x10"), (CPUS, "0+15x50"), (SECOND_CPU, "0+15x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("the number of processors is not known", &[(LOAD, "9x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}
