//! Memory of the host.

use super::HOST;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static EXHAUSTED: Threshold =
    Threshold::share("HOST_MEMORY_EXHAUSTED", 0.9, "With less than a tenth left, one burst of workers is enough for the kernel to end processes");

static HIGH: Threshold = Threshold::share("HOST_MEMORY_HIGH", 0.8, "From four fifths on, the page cache is too small for the database's working set");

static OOM_KILLS: Threshold = Threshold::number("HOST_OOM_KILLS", 0.0, 1000.0, "Each one has ended a program that somebody relied on");

const AVAILABLE: &str = r#"node_memory_MemAvailable_bytes{job="node",instance="web-1:9100"}"#;
const TOTAL: &str = r#"node_memory_MemTotal_bytes{job="node",instance="web-1:9100"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![exhausted(), high(), oom_kill()]
}

fn exhausted() -> Alert {
    Alert {
        name: "HostMemoryExhausted",
        expr: "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > HOST_MEMORY_EXHAUSTED".to_owned(),
        thresholds: vec![&EXHAUSTED],
        lasting: minutes(4),
        severity: Severity::Critical,
        summary: "{{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is taken".to_owned(),
        description: "The kernel is about to end processes of its choice, most likely the database or a worker with a task in hand.".to_owned(),
        meaning: "What programs hold and cannot give back is over nine tenths of the machine's memory. Page cache is not in it: MemAvailable counts \
                  it as free, so closing files or dropping caches changes nothing.",
        causes: &[
            "A worker that leaks: its resident size grows with each task and falls only when it restarts.",
            "PostgreSQL with a large `work_mem` times many sorting connections.",
            "A container without `mem_limit`.",
        ],
        queries: &[("What is still available", "node_memory_MemAvailable_bytes"), ("How Redis' share grew", "redis_memory_used_rss_bytes")],
        actions: &[
            "`docker stats --no-stream --format '{{.MemUsage}} {{.Name}}' | sort -hr | head`: restart the largest that can bear it.",
            "`ps -eo rss,pid,cmd --sort=-rss | head` for what runs outside containers.",
            "Set Celery's `--max-memory-per-child` if workers lead the list.",
        ],
        page: Page::Graph("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
        examples: vec![
            Example::new("a leak takes it, a restart gives it back", &[(AVAILABLE, "500x3 90x19 500x20"), (TOTAL, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(HOST, "91% of the memory of web-1:9100 is taken"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly nine tenths", &[(AVAILABLE, "100x40"), (TOTAL, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("a batch job comes and goes", &[(AVAILABLE, "500x3 50x14 500 50x14 500x10"), (TOTAL, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("the total is not known", &[(AVAILABLE, "1x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

fn high() -> Alert {
    Alert {
        name: "HostMemoryHigh",
        expr: "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > HOST_MEMORY_HIGH".to_owned(),
        thresholds: vec![&HIGH],
        lasting: minutes(4),
        summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory in use".to_owned(),
        description: "There is little left to cache files in, so reads that were served from memory now go to the disk.".to_owned(),
        meaning: "Programs hold more than four fifths of the memory. Nothing fails yet; the next deployment or batch may be what makes it fail.",
        causes: &[
            "The machine was sized for fewer workers than run on it now.",
            "A deployment that starts the new containers before it stops the old ones.",
            "Slow growth over days: compare with the same hour last week.",
        ],
        queries: &[
            ("In use, over a week", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
            ("The same, a week ago", "1 - node_memory_MemAvailable_bytes offset 1w / node_memory_MemTotal_bytes offset 1w"),
        ],
        actions: &[
            "Look at the week's graph: a step points to a deployment, a slope to a leak.",
            "A step: compare the number of containers of `docker ps` with what the release should run.",
            "A slope: note the slope, plan a restart before it reaches nine tenths, and profile the process that grows.",
        ],
        page: Page::Graph("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
        examples: vec![
            Example::new("use rises, and falls", &[(AVAILABLE, "500x3 180x19 500x20"), (TOTAL, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(HOST, "web-1:9100 has 82% of its memory in use"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(AVAILABLE, "200x40"), (TOTAL, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("deployments one after the other", &[(AVAILABLE, "500x3 100x14 500 100x14 500x10"), (TOTAL, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("what is available is not known", &[(TOTAL, "1000x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}

const KILLS: &str = r#"node_vmstat_oom_kill{job="node",instance="web-1:9100"}"#;

fn oom_kill() -> Alert {
    Alert {
        name: "HostOomKill",
        expr: "increase(node_vmstat_oom_kill[10m]) > HOST_OOM_KILLS".to_owned(),
        thresholds: vec![&OOM_KILLS],
        lasting: seconds(30),
        summary: r#"The kernel of {{ $labels.instance }} has ended about {{ printf "%.0f" $value }} processes for want of memory"#.to_owned(),
        description: "Whatever the ended process had in hand is lost; if it was the database, it now recovers.".to_owned(),
        meaning: "In the last ten minutes the kernel chose a process and ended it to get memory back. That can happen inside one container that \
                  reached its own limit while the host has plenty: the kernel's log tells which.",
        causes: &[
            "A container reached its `mem_limit` (the log says `CONSTRAINT_MEMCG`).",
            "The whole machine was full (`CONSTRAINT_NONE`): HostMemoryExhausted came before.",
        ],
        queries: &[("When it happened", "increase(node_vmstat_oom_kill[2m])"), ("Memory around that time", "node_memory_MemAvailable_bytes")],
        actions: &[
            "`dmesg -T | grep -A1 oom-kill` names the victim, its container and its size.",
            "A container at its own limit: raise the limit if the size is legitimate, else treat it as a leak.",
            "Check that the victim runs again: `docker ps --filter status=exited`.",
        ],
        page: Page::Graph("increase(node_vmstat_oom_kill[10m])"),
        examples: vec![
            Example::new("two processes are ended", &[(KILLS, "3x40 5x60")])
                .quiet_at(seconds(630))
                .fires_at(seconds(645), Firing::new(HOST, "The kernel of web-1:9100 has ended about 2 processes for want of memory"))
                .still_at(minutes(19))
                .quiet_at(minutes(22)),
            Example::at_threshold("none is", &[(KILLS, "3x80")]).quiet_at(minutes(15)),
            Example::flapping("the machine restarts, and counts from nothing", &[(KILLS, "3x40 0x60")]).quiet_at(seconds(645)).quiet_at(minutes(22)),
            Example::missing("the kernel does not count", &[]).quiet_at(minutes(15)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}
