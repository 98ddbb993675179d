use std::{
    future::pending,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use metric_catalogue::redis::exporter::EXPORTER;
use tokio::time::sleep;

use super::*;
use crate::{
    encode::Format,
    registry::Registry,
    web_config::{Web, pki::Pki},
};

metric_catalogue::catalogue! {
    /// What the first collector reads
    FIRST: Gauge = "test_first" [];
    /// What the second collector reads
    SECOND: Gauge = "test_second" [];
    /// What the exporter counts itself
    COUNTED: Counter = "test_counted_total" ["name"];
}

/// Does in each flight what the test says, and counts flights.
#[derive(Debug, Default)]
struct Scripted {
    steps: Vec<Step>,
    flights: Arc<AtomicU64>,
    registry: Registry,
}

#[derive(Clone, Debug)]
enum Step {
    Reach,
    Expect(&'static str),
    Read(&'static str, &'static metric_catalogue::Metric<metric_catalogue::Gauge, 0>),
    Error(&'static str),
    Panic(&'static str),
    Wait(Duration),
    Hang,
    Fail(Reason),
    Defect,
}

impl Source for Scripted {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        self.flights.fetch_add(1, Ordering::Relaxed);
        for step in self.steps.clone() {
            match step {
                Step::Reach => flight.reached(),
                Step::Expect(collector) => flight.expect(collector),
                Step::Read(collector, metric) => flight.read(collector, |samples| {
                    samples.gauge(metric, [], 1.0);
                    Ok::<(), String>(())
                }),
                Step::Error(collector) => flight.failed(collector, "NOPERM"),
                Step::Panic(collector) => flight.read::<String>(collector, |samples| {
                    samples.gauge(&SECOND, [], 1.0);
                    panic!("a defect");
                }),
                Step::Wait(time) => sleep(time).await,
                Step::Hang => pending().await,
                Step::Fail(reason) => return Err(Failure::new(reason, "as the test says")),
                Step::Defect => panic!("a defect"),
            }
        }
        Ok(())
    }

    fn registry(&self) -> Registry {
        self.registry.clone()
    }
}

fn runner(steps: &[Step]) -> (Arc<Runner<Scripted>>, Arc<AtomicU64>) {
    let flights = Arc::new(AtomicU64::new(0));
    let source = Scripted { steps: steps.to_vec(), flights: Arc::clone(&flights), registry: Registry::default() };
    (Arc::new(Runner::new(source, &EXPORTER, Arc::default(), Pool::default())), flights)
}

fn text(page: &Page) -> String {
    String::from_utf8(page.encoded(Format::Text, false).0.to_vec()).unwrap()
}

fn has(page: &str, line: &str) -> bool {
    page.lines().any(|found| found == line)
}

fn in_ms(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

#[tokio::test(start_paused = true)]
async fn collector_error_costs_its_own_families() {
    let (runner, _) = runner(&[Step::Reach, Step::Read("first", &FIRST), Step::Error("second")]);
    let page = text(&*runner.page(in_ms(1000)).await);
    for line in [
        "test_first 1",
        "redis_up 1",
        "redis_exporter_collector_success{collector=\"first\"} 1",
        "redis_exporter_collector_success{collector=\"second\"} 0",
    ] {
        assert!(has(&page, line), "{line} is missing in\n{page}");
    }
    assert!(!page.contains("redis_up_reason") && !page.contains("last_success_timestamp_seconds{collector=\"second\"}"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn collector_panic_costs_its_own_families() {
    let (runner, _) = runner(&[Step::Reach, Step::Read("first", &FIRST), Step::Panic("second")]);
    for _ in 0..2 {
        let page = text(&*runner.page(in_ms(1000)).await);
        assert!(has(&page, "test_first 1") && !page.contains("test_second"), "{page}");
        assert!(has(&page, "redis_exporter_collector_success{collector=\"second\"} 0"), "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrived_before_the_deadline_is_kept() {
    let steps = [Step::Reach, Step::Expect("first"), Step::Expect("second"), Step::Read("first", &FIRST), Step::Hang];
    let (runner, _) = runner(&steps);
    let started = Instant::now();
    let page = text(&*runner.page(in_ms(700)).await);
    assert_eq!(started.elapsed().as_millis(), 700);
    for line in ["test_first 1", "redis_up 1", "redis_exporter_collector_success{collector=\"second\"} 0"] {
        assert!(has(&page, line), "{line} is missing in\n{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn silent_target_is_a_timeout() {
    let (runner, _) = runner(&[Step::Hang]);
    let page = text(&*runner.page(in_ms(500)).await);
    assert!(has(&page, "redis_up 0") && has(&page, "redis_up_reason{reason=\"timeout\"} 1"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn failure_gives_its_reason() {
    let (runner, _) = runner(&[Step::Fail(Reason::Refused)]);
    let page = text(&*runner.page(in_ms(500)).await);
    assert!(has(&page, "redis_up 0") && has(&page, "redis_up_reason{reason=\"refused\"} 1"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn panic_of_the_source_is_contained() {
    let (runner, _) = runner(&[Step::Defect]);
    for _ in 0..2 {
        let page = text(&*runner.page(in_ms(500)).await);
        assert!(has(&page, "redis_up 0") && has(&page, "redis_up_reason{reason=\"internal\"} 1"), "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_scrapes_share_one_flight() {
    let (runner, flights) = runner(&[Step::Reach, Step::Wait(Duration::from_millis(100)), Step::Read("first", &FIRST)]);
    let scrapes: Vec<_> = (0..64)
        .map(|_| {
            tokio::spawn({
                let runner = Arc::clone(&runner);
                async move { runner.page(in_ms(1000)).await }
            })
        })
        .collect();
    let mut pages = Vec::new();
    for scrape in scrapes {
        pages.push(scrape.await.unwrap());
    }
    assert_eq!(flights.load(Ordering::Relaxed), 1);
    assert!(pages.iter().all(|page| Arc::ptr_eq(page, &pages[0])));

    runner.page(in_ms(1000)).await;
    assert_eq!(flights.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn earliest_deadline_holds_for_all() {
    let (runner, flights) = runner(&[Step::Hang]);
    let patient = tokio::spawn({
        let runner = Arc::clone(&runner);
        async move { runner.page(in_ms(10_000)).await }
    });
    sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    runner.page(in_ms(200)).await;
    assert_eq!(started.elapsed().as_millis(), 200);
    patient.await.unwrap();
    assert_eq!((started.elapsed().as_millis(), flights.load(Ordering::Relaxed)), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn flight_ends_when_nobody_waits() {
    let (runner, flights) = runner(&[Step::Reach, Step::Wait(Duration::from_secs(5)), Step::Read("first", &FIRST)]);
    let abandoned = tokio::time::timeout(Duration::from_millis(100), runner.page(in_ms(10_000))).await;
    assert!(abandoned.is_err());
    let started = Instant::now();
    let page = text(&*runner.page(in_ms(6_000)).await);
    // A flight of its own, from the start: it did not join the abandoned one, nor wait for it.
    assert_eq!((started.elapsed().as_millis(), flights.load(Ordering::Relaxed)), (5_000, 2));
    assert!(has(&page, "test_first 1"));
}

#[tokio::test(start_paused = true)]
async fn own_metrics_are_all_in_the_catalogue() {
    // Some are there with a web configuration only.
    let pki = Pki::new();
    let path = pki.write("web.yml", "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n");
    let limits = Arc::new(Limits::new(Web::start(Some(&path)).unwrap()));
    let source = Scripted { steps: vec![Step::Reach, Step::Read("first", &FIRST)], ..Scripted::default() };
    let page = text(&*Runner::new(source, &EXPORTER, limits, Pool::default()).page(in_ms(1000)).await);
    let known: Vec<_> = EXPORTER.metrics().chain(metric_catalogue::process::ALL.iter().copied()).map(|metric| metric.name).collect();
    for name in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).filter(|name| *name != "test_first") {
        assert!(known.contains(&name), "{name} is not in the catalogue");
    }
    for name in EXPORTER.metrics().map(|metric| metric.name).filter(|name| *name != "redis_up_reason") {
        assert!(page.contains(&format!("# TYPE {name} ")), "{name} is missing");
    }
}

#[tokio::test]
async fn events_past_a_full_family_are_seen_on_the_page() {
    let registry = Registry::with_limit(1);
    for name in ["first", "second", "third"] {
        registry.counter(&COUNTED).add([name], 1);
    }
    let source = Scripted { steps: vec![Step::Reach], registry, ..Scripted::default() };
    let runner = Runner::new(source, &EXPORTER, Arc::default(), Pool::default());
    for _ in 0..2 {
        let page = runner.page(Instant::now() + Duration::from_secs(5)).await;
        let page = text(&page);
        assert!(has(&page, "redis_exporter_samples_dropped_total{reason=\"series_limit\"} 2"), "{page}");
    }
}
