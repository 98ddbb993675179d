//! What one exporter bears, measured from outside: `cargo bench -p celery-exporter --bench load`.
//!
//! A real Redis, the release binary, and events in the form in which workers publish them: lists of twelve, of 1,000 names of
//! tasks and 50 workers, each task with an id of its own, sent, received, started and ended, one in twenty by failing. Prints
//! figures and asserts only that nothing was lost.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement that cannot be taken has failed; its result is what it prints"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use publish::{LIST_TASKS, OF_TASK, answers, at_rate, command, list, mark, name, publish};
use support::{Application, Exporter, free_port, redis, wait};

mod publish;
#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

/// One measurement, against a broker on a port.
type Part = fn(u16, &Path);

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let _server = redis(port, directory.path(), &["--client-output-buffer-limit", "pubsub 32mb 8mb 60"]);
    // A name after `--` runs that part only; cargo itself adds `--bench`.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let parts: [(&str, Part); 8] = [
        ("sustained", sustained),
        ("peer", peer_names),
        ("adversarial", adversarial),
        ("paced", paced),
        ("burst", burst),
        ("outage", outage),
        ("flower", beside_flower),
        ("confined", confined),
    ];
    for (_, part) in parts.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        part(port, directory.path());
    }
}

fn start(port: u16, directory: &Path) -> Exporter {
    start_with(port, directory, &[])
}

fn start_with(port: u16, directory: &Path, flags: &[&str]) -> Exporter {
    let url = format!("--broker-url=redis://127.0.0.1:{port}/0");
    let exporter = Exporter::start(&[&[url.as_str(), "--inspect-interval=0"], flags].concat(), directory);
    wait("the broker is reached", Duration::from_secs(10), || exporter.value("celery_up") == Some(1.0));
    exporter
}

/// As fast as it goes: a million tasks, three events each.
fn sustained(port: u16, directory: &Path) {
    let exporter = start(port, directory);
    let (resident, before) = (exporter.value("process_resident_memory_bytes").unwrap(), exporter.value("process_cpu_seconds_total").unwrap());
    let tasks = 1_000_200;
    let started = Instant::now();
    publish(port, tasks, name);
    counted(&exporter, 1_000_200);
    let (took, page) = (started.elapsed().as_secs_f64(), exporter.page());
    let cpu = page["process_cpu_seconds_total"] - before;
    let events = 4_000_800.0;
    println!("sustained: {:.0} events/s of wall time, {:.0} events/s of processor time", events / took, events / cpu);
    println!("memory: {:.1} MiB before, {:.1} MiB after 1,000,000 tasks", resident / MIB, page["process_resident_memory_bytes"] / MIB);
    scrapes("idle, 1,000 names", &exporter);
    println!("memory: {:.1} MiB after these scrapes", exporter.value("process_resident_memory_bytes").unwrap() / MIB);
}

/// The same in the peer's names, with a label for the host and one for the queue.
fn peer_names(port: u16, directory: &Path) {
    let exporter = start_with(port, directory, &["--metrics.names=danihodovic"]);
    let (before, started) = (exporter.value("process_cpu_seconds_total").unwrap(), Instant::now());
    publish(port, 200_100, name);
    counted(&exporter, 200_100);
    let (took, page) = (started.elapsed().as_secs_f64(), exporter.page());
    let cpu = page["process_cpu_seconds_total"] - before;
    println!("peer's names: {:.0} events/s of wall time, {:.0} events/s of processor time", 800_400.0 / took, 800_400.0 / cpu);
    println!("memory: {:.1} MiB in the peer's names", page["process_resident_memory_bytes"] / MIB);
    scrapes("idle, the peer's names", &exporter);
}

/// Every task has a name of its own, as long as names may be.
fn adversarial(port: u16, directory: &Path) {
    let exporter = start(port, directory);
    publish(port, 100_200, |task| format!("{task:09}{}", "x".repeat(291)));
    counted(&exporter, 100_200);
    scrapes("adversarial names", &exporter);
    println!("memory: {:.1} MiB after 100,000 names of 300 bytes", exporter.value("process_resident_memory_bytes").unwrap() / MIB);
}

/// Twenty thousand events a second, and scrapes meanwhile.
fn paced(port: u16, directory: &Path) {
    let exporter = start(port, directory);
    publish(port, 30_000, name);
    counted(&exporter, 30_000);
    let before = exporter.page();
    let (tasks, rate, over) = (99_990, 20_000, AtomicBool::new(false));
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let achieved = at_rate(port, tasks, rate);
            over.store(true, Ordering::Relaxed);
            achieved
        });
        std::thread::sleep(Duration::from_secs(1));
        scrapes_while("at 20,000 events/s, 1,000 names", &exporter, || !over.load(Ordering::Relaxed));
        println!("achieved: {:.0} of {rate} events/s", publisher.join().unwrap());
    });
    counted(&exporter, 129_990);
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(0.0));
    to_the_page(port, &exporter);
    let after = exporter.page();
    let lag = |page: &support::Page, edge: &str| page.get(&format!("celery_event_lag_seconds_bucket{{le=\"{edge}\"}}")).copied().unwrap_or_default();
    let all = lag(&after, "+Inf") - lag(&before, "+Inf");
    for edge in ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25"] {
        println!("lag at 20,000 events/s: {:.3} % within {edge} s", (lag(&after, edge) - lag(&before, edge)) / all * 100.0);
    }
}

/// From the moment in which an event is published to that in which a scrape shows it, at the same rate: a task of a name of
/// its own, and one scrape after the other.
fn to_the_page(port: u16, exporter: &Exporter) {
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        scope.spawn(|| at_rate(port, 49_980, 20_000));
        std::thread::sleep(Duration::from_millis(500));
        let marks = (0..50).map(|number| {
            let published = mark(port, number);
            let series = format!("celery_task_received_total{{task_name=\"mark_{number}\"}} 1\n");
            wait("the marked event is on the page", Duration::from_secs(10), || exporter.text().contains(&series));
            published.elapsed().as_secs_f64() * 1e3
        });
        marks.collect()
    });
    times.sort_by(f64::total_cmp);
    println!("event to page at 20,000 events/s, scrapes included: median {:.0} ms, worst of 50 {:.0} ms", times[25], times[49]);
}

/// How long it takes until an event is counted once a broker that was killed listens again: a client in Python publishes all
/// the time, as soon as it is connected itself.
fn outage(_: u16, directory: &Path) {
    let port = free_port();
    let mut server = redis(port, directory, &[]);
    let exporter = start(port, directory);
    let broker = format!("redis://127.0.0.1:{port}/0");
    let application =
        Application { python: support::python(), broker, directory: directory.to_owned(), sent_events: true, transport_options: "{}".to_owned() };
    let _client = application.run("pulse.py", &[]);
    let counted = || exporter.value("celery_events_total{type=\"task-received\"}").unwrap();
    wait("the client publishes", Duration::from_secs(30), || counted() > 0.5);
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            server.signal("KILL");
            std::thread::sleep(Duration::from_secs(2));
            let before = counted();
            server = redis(port, directory, &[]);
            let back = Instant::now();
            wait("events are counted again", Duration::from_secs(30), || counted() > before);
            back.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("outage: an event is counted {:.2} s after the broker listens again (median of 5), {:.2} s at most", times[2], times[4]);
}

/// Flower, the exporter in Python that is a package, with the same events in the same run.
fn beside_flower(port: u16, directory: &Path) {
    const TASKS: u32 = 20_100;
    let flower_port = free_port();
    let mut command = Command::new(support::environment("venv-flower", "benches/requirements.txt"));
    command.current_dir(directory).args(["-m", "celery", "--broker", &format!("redis://127.0.0.1:{port}/0"), "flower"]);
    command.args([&format!("--port={flower_port}"), "--address=127.0.0.1", "--logging=error", "--inspect_timeout=100"]);
    let flower = support::Program::start(&mut command, &directory.join("flower.log"));
    let subscribers = || support::command(port, &[b"PUBLISH", b"/0.celeryev/none", b"{}"]);
    wait("flower listens to events", Duration::from_mins(1), || subscribers() == ":1" && TcpStream::connect(("127.0.0.1", flower_port)).is_ok());
    let theirs = measured(port, flower_port, TASKS, &|page| {
        page.iter()
            .filter(|(series, _)| series.starts_with("flower_events_total{") && series.contains("task-succeeded"))
            .map(|(_, value)| value)
            .sum()
    });
    drop(flower);
    let exporter = start(port, directory);
    let ours = measured(port, exporter.port(), TASKS, &|page| page.get("celery_events_total{type=\"task-succeeded\"}").copied().unwrap_or_default());
    println!("| {} events | ours | flower | ours / flower |\n|---|---|---|---|", u64::from(TASKS) * OF_TASK);
    for (what, our, their) in [
        ("events per second", ours[0], theirs[0]),
        ("events per second of processor time", ours[1], theirs[1]),
        ("resident memory (MiB)", ours[2], theirs[2]),
        ("median scrape (ms)", ours[3], theirs[3]),
    ] {
        println!("| {what} | {our:.1} | {their:.1} | {:.3} |", our / their);
    }
}

/// Events per second of wall and of processor time, MiB, and the median of 20 scrapes in milliseconds.
fn measured(port: u16, page_port: u16, tasks: u32, counted: &dyn Fn(&support::Page) -> f64) -> [f64; 4] {
    let page = || support::series(&support::get(page_port));
    let (before, begun) = (page()["process_cpu_seconds_total"], Instant::now());
    publish(port, u64::from(tasks), name);
    wait("every event is counted", Duration::from_mins(3), || counted(&page()) >= f64::from(succeeding(tasks)));
    let (wall, after) = (begun.elapsed().as_secs_f64(), page());
    let mut times: Vec<f64> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            support::get(page_port);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let events = f64::from(tasks) * 4.0;
    [events / wall, events / (after["process_cpu_seconds_total"] - before), after["process_resident_memory_bytes"] / MIB, times[10]]
}

/// Within the limits that the product gives it: a tenth of a processor and 128 MB, in control groups of version 1.
fn confined(port: u16, directory: &Path) {
    let groups = [("cpu", "cpu.cfs_quota_us", "10000"), ("memory", "memory.limit_in_bytes", "134217728")];
    let path = |group: &str| Path::new("/sys/fs/cgroup").join(group).join("celery-exporter-load");
    if groups.iter().any(|(group, _, _)| std::fs::create_dir_all(path(group)).is_err()) {
        return println!("confined: not measured, control groups cannot be made here");
    }
    for rate in [5_000, 10_000, 20_000, 30_000, 40_000, 60_000, 80_000, 120_000] {
        let exporter = start(port, directory);
        for (group, file, value) in groups {
            std::fs::write(path(group).join(file), value).unwrap();
            std::fs::write(path(group).join("cgroup.procs"), exporter.program().id().to_string()).unwrap();
        }
        let tasks = u64::from(rate) / OF_TASK * 10 / 30 * 30;
        let achieved = at_rate(port, tasks, rate);
        std::thread::sleep(Duration::from_secs(3));
        let page = exporter.page();
        println!(
            "confined to 0.1 processor, {achieved:.0} of {rate} events/s for 10 s: {} of {} tasks counted, {} reconnects, {:.1} MiB",
            page["celery_events_total{type=\"task-received\"}"],
            tasks,
            page["celery_broker_reconnects_total"],
            page["process_resident_memory_bytes"] / MIB
        );
    }
    for (group, _, _) in groups {
        let _ = std::fs::remove_dir(path(group));
    }
}

/// Sixty thousand events as fast as the server takes them.
fn burst(port: u16, directory: &Path) {
    let exporter = start(port, directory);
    let mut bytes = Vec::new();
    let sent = (0..15_000).step_by(LIST_TASKS).map(|task| list(task, name)).map(|message| command(&message, &mut bytes)).count();
    let started = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut reader = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || answers(&mut reader, sent));
        stream.write_all(&bytes).unwrap();
    });
    println!("burst: 60,000 events published in {:.2} s", started.elapsed().as_secs_f64());
    counted(&exporter, 15_000);
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(0.0));
    println!(
        "burst: all counted after {:.2} s, reconnects {}",
        started.elapsed().as_secs_f64(),
        exporter.value("celery_broker_reconnects_total").unwrap()
    );
}

const MIB: f64 = 1_048_576.0;

/// Of so many tasks, those that do not fail.
const fn succeeding(tasks: u32) -> u32 {
    tasks - tasks.div_ceil(publish::FAILS)
}

/// Waits until so many tasks are counted, and not one more or less.
fn counted(exporter: &Exporter, tasks: u32) {
    let ended = || {
        let page = exporter.page();
        ["succeeded", "failed"].map(|end| page.get(&format!("celery_events_total{{type=\"task-{end}\"}}")).copied().unwrap_or_default())
    };
    wait("every event is counted", Duration::from_mins(2), || ended().iter().sum::<f64>() >= f64::from(tasks));
    let [succeeded, failed] = ended();
    assert!((succeeded - f64::from(succeeding(tasks))).abs() < 0.5 && (failed - f64::from(tasks.div_ceil(publish::FAILS))).abs() < 0.5);
}

/// How long scrapes take, from the request to the last byte, without compression and as Prometheus asks.
fn scrapes(what: &str, exporter: &Exporter) {
    scrapes_while(what, exporter, || true);
}

/// The same, and not for longer than something lasts.
fn scrapes_while(what: &str, exporter: &Exporter, lasts: impl Fn() -> bool) {
    for encoding in ["identity", "gzip"] {
        scrapes_in(encoding, what, exporter, &lasts);
    }
}

/// The answer to a scrape, head and all.
fn asked(port: u16, encoding: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn scrapes_in(encoding: &str, what: &str, exporter: &Exporter, lasts: &dyn Fn() -> bool) {
    let processor = || exporter.value("process_cpu_seconds_total").unwrap();
    let (mut bytes, before) = (0, processor());
    let mut times: Vec<f64> = (0..200)
        .take_while(|_| lasts())
        .map(|_| {
            let started = Instant::now();
            bytes = asked(exporter.port(), encoding).len();
            std::thread::sleep(Duration::from_millis(5));
            started.elapsed().as_secs_f64() * 1e3 - 5.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let count = times.len();
    let each = (processor() - before) / f64::from(u32::try_from(count + 1).unwrap()) * 1e3;
    println!(
        "scrape ({encoding}), {what}: median {:.1} ms, p99 {:.1} ms of {count}, {each:.1} ms of processor time for all work meanwhile, {bytes} bytes",
        times[count / 2],
        times[count * 99 / 100]
    );
}
