//! The Redis exporter while its target misbehaves: the page is there in time, says what is wrong, keeps what is unaffected, and is
//! right again at the next scrape.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use it::exporter::{Exporter, SCRAPE_TIMEOUT_HEADER};
use it::faults::{Fault, FaultProxy};
use it::page::Page;
use it::redis::Redis;
use it::resp::Reply;
use it::{PATIENCE, http, port, wait};
use metric_catalogue::exporter::REASONS;

/// What Prometheus would wait for: the page must be there before, half a second of it being the exporter's margin.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(2);

/// An exporter that reads a server through a proxy.
struct Watched {
    redis: Redis,
    proxy: FaultProxy,
    exporter: Exporter,
}

impl Watched {
    fn start() -> Self {
        let redis = Redis::start();
        redis.exercise();
        Self::of(redis, &[], &[])
    }

    fn of(redis: Redis, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let proxy = FaultProxy::start(redis.port());
        let address = format!("redis://127.0.0.1:{}", proxy.port());
        let exporter = Exporter::start("redis-exporter", &[&["--redis.addr", &address], arguments].concat(), environment);
        Self { redis, proxy, exporter }
    }

    /// One scrape: in time, and over at most one new connection.
    fn scrape(&self) -> Page {
        let (start, accepted) = (Instant::now(), self.proxy.accepted());
        let page = self.exporter.scrape_within(SCRAPE_TIMEOUT);
        assert!(start.elapsed() < SCRAPE_TIMEOUT, "the page took {:?}", start.elapsed());
        assert!(self.proxy.accepted() <= accepted + 1, "more than one connection in a scrape");
        assert!(self.proxy.open() <= 1, "more than one connection at a time");
        assert_says_one_thing(&page);
        page
    }

    /// Sets a fault on the exporter's warm connection, scrapes, takes the fault away and scrapes again.
    fn scrape_during(&self, fault: Fault) -> Page {
        assert_up(&self.scrape());
        self.proxy.set(fault);
        let page = self.scrape();
        self.proxy.set(Fault::Pass);
        assert_up(&self.scrape());
        page
    }
}

/// Up and no reason, or down and one from the closed set; and what needs no target is there either way.
fn assert_says_one_thing(page: &Page) {
    let up = page.value("redis_up", &[]).expect("redis_up is on every page");
    let reasons = page.values_of("redis_up_reason", "reason");
    assert_eq!(reasons.len(), usize::from(up < 0.5), "redis_up is {up} for {reasons:?}");
    assert!(reasons.iter().all(|reason| REASONS.contains(reason)), "{reasons:?}");
    for name in ["redis_exporter_build_info", "redis_exporter_collections_total", "process_resident_memory_bytes"] {
        assert!(page.family(name).is_some(), "{name} is missing");
    }
}

fn assert_up(page: &Page) {
    assert_eq!((page.value("redis_up", &[]), page.values_of("redis_up_reason", "reason").first()), (Some(1.0), None));
    assert!(page.family("redis_memory_used_bytes").is_some());
}

fn assert_down(page: &Page, reason: &str) {
    assert_eq!(page.value("redis_up", &[]), Some(0.0));
    assert_eq!(page.value("redis_up_reason", &[("reason", reason)]), Some(1.0), "{:?}", page.values_of("redis_up_reason", "reason"));
    // Unknown is absent, never 0.
    assert!(page.family("redis_memory_used_bytes").is_none());
}

#[test]
fn refused_connection_is_refused() {
    assert_down(&Watched::start().scrape_during(Fault::Refuse), "refused");
}

#[test]
fn target_may_come_after_the_exporter() {
    let port = port::free();
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &format!("redis://127.0.0.1:{port}")], &[]);
    assert_down(&exporter.scrape_within(SCRAPE_TIMEOUT), "refused");
    assert_eq!(http::get(exporter.port(), "/-/ready", &[]).unwrap().status, 503);
    let redis = Redis::start_on(port);

    assert_up(&exporter.scrape_within(SCRAPE_TIMEOUT));

    assert_eq!(http::get(exporter.port(), "/-/ready", &[]).unwrap().status, 200);
    drop(redis);
}

#[test]
fn killed_server_is_refused_and_found_again() {
    let mut redis = Redis::start();
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);
    assert_up(&exporter.scrape());
    redis.program.kill();

    assert_down(&exporter.scrape_within(SCRAPE_TIMEOUT), "refused");

    redis.restart();
    assert_up(&exporter.scrape_within(SCRAPE_TIMEOUT));
}

#[test]
fn frozen_server_times_out() {
    let mut watched = Watched::start();
    assert_up(&watched.scrape());
    watched.redis.program.freeze();
    assert_down(&watched.scrape(), "timeout");
    assert_down(&watched.scrape(), "timeout");

    watched.redis.program.thaw();

    assert_up(&watched.scrape());
}

#[test]
fn silent_server_times_out() {
    assert_down(&Watched::start().scrape_during(Fault::Freeze), "timeout");
}

#[test]
fn late_reply_times_out() {
    assert_down(&Watched::start().scrape_during(Fault::Delay(SCRAPE_TIMEOUT * 5)), "timeout");
}

#[test]
fn slow_reply_within_the_deadline_is_read() {
    assert_up(&Watched::start().scrape_during(Fault::Delay(Duration::from_millis(100))));
}

#[test]
fn dripping_reply_times_out() {
    assert_down(&Watched::start().scrape_during(Fault::Drip(50)), "timeout");
}

#[test]
fn reset_connection_is_closed() {
    assert_down(&Watched::start().scrape_during(Fault::Reset(0)), "closed");
}

#[test]
fn reply_cut_in_the_middle_costs_what_is_missing() {
    let watched = Watched::start();
    for offset in [0, 1, 2, 7, 100, 1000, 3000, 5000, 6000, 8000] {
        let page = watched.scrape_during(Fault::Cut(offset));

        if page.value("redis_up", &[]) == Some(0.0) {
            assert_down(&page, "closed");
        } else {
            // The first replies were whole, and a later one was not (if the page needs that many bytes at all).
            assert!(page.samples().any(|sample| sample.name.starts_with("redis_") && !sample.name.starts_with("redis_exporter_")), "at {offset}");
        }
    }
}

#[test]
fn reply_cut_at_once_is_closed() {
    assert_down(&Watched::start().scrape_during(Fault::Cut(0)), "closed");
}

#[test]
fn garbage_is_a_protocol_error() {
    let watched = Watched::start();
    for garbage in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b"\xff\xfe\x00\x01\r\n", b"$-7\r\n", b":12x\r\n"] {
        assert_down(&watched.scrape_during(Fault::Garbage(garbage.to_vec())), "protocol");
    }
}

#[test]
fn reply_without_an_end_times_out() {
    let watched = Watched::start();
    assert_down(&watched.scrape_during(Fault::Garbage(b"*999999999999\r\n".to_vec())), "timeout");
    assert_down(&watched.scrape_during(Fault::Garbage(b"$500000\r\n".to_vec())), "timeout");
}

#[test]
fn reply_of_another_type_is_a_protocol_error() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    // One integer for each of however many replies are awaited.
    watched.proxy.set(Fault::Garbage(b":1\r\n".repeat(64)));

    let page = watched.scrape();

    assert!(page.family("redis_memory_used_bytes").is_none());
    watched.proxy.set(Fault::Pass);
    assert_up(&watched.scrape());
}

#[test]
fn wrong_password_is_an_authentication_error() {
    let redis = Redis::with_password("right");
    let watched = Watched::of(redis, &[], &[("REDIS_PASSWORD", "wrong")]);

    assert_down(&watched.scrape(), "auth");

    watched.redis.must(&["CONFIG", "SET", "requirepass", "wrong"]);
    assert_up(&watched.scrape());
}

#[test]
fn missing_password_is_an_authentication_error() {
    let watched = Watched::of(Redis::with_password("right"), &[], &[]);

    assert_down(&watched.scrape(), "auth");
}

#[test]
fn changed_password_file_counts_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    fs::write(&file, "before\n").unwrap();
    let watched = Watched::of(Redis::with_password("before"), &["--redis.password-file", file.to_str().unwrap()], &[]);
    assert_up(&watched.scrape());
    watched.redis.must(&["CONFIG", "SET", "requirepass", "after"]);
    watched.proxy.set(Fault::Refuse);
    watched.proxy.set(Fault::Pass);
    assert_down(&watched.scrape(), "auth");

    fs::write(&file, "after\n").unwrap();

    assert_up(&watched.scrape());
}

#[test]
fn right_password_is_used_and_never_shown() {
    let watched = Watched::of(Redis::with_password("CANARY-5f3a"), &[], &[("REDIS_PASSWORD", "CANARY-5f3a")]);
    assert_up(&watched.scrape());
    watched.scrape_during(Fault::Refuse);

    assert!(!watched.exporter.program.log().contains("CANARY-5f3a"));
    assert!(!watched.exporter.get(&[]).unwrap().text().contains("CANARY-5f3a"));
}

/// Rights that a collector needs, each with a family that goes without it and one that stays.
const RIGHTS: &[(&str, &str)] =
    &[("config|get", "redis_config_maxclients"), ("slowlog|len", "redis_slowlog_length"), ("latency|latest", "redis_latency_spike_last")];

#[test]
fn missing_right_costs_its_families_only() {
    for (right, lost) in RIGHTS {
        let redis = Redis::start();
        redis.exercise();
        redis.user("monitor", "secret", "+@all ~* &*");
        let watched = Watched::of(redis, &[], &[("REDIS_USER", "monitor"), ("REDIS_PASSWORD", "secret")]);
        assert!(watched.scrape().family(lost).is_some(), "{lost} is not on the page with all rights");

        watched.redis.must(&["ACL", "SETUSER", "monitor", &format!("-{right}")]);
        let page = watched.scrape();

        assert_up(&page);
        assert!(page.family(lost).is_none(), "{lost} without the right to {right}");
        let failed = page.samples().filter(|sample| sample.name == "redis_exporter_collector_success" && sample.value < 0.5).count();
        assert_eq!(failed, 1, "collectors that failed without the right to {right}");
    }
}

#[test]
fn missing_info_right_is_said_at_every_scrape() {
    let redis = Redis::start();
    redis.user("monitor", "secret", "+@all -info ~* &*");
    let watched = Watched::of(redis, &[], &[("REDIS_USER", "monitor"), ("REDIS_PASSWORD", "secret")]);
    for _ in 0..3 {
        let page = watched.scrape();
        assert_eq!(page.value("redis_up", &[]), Some(1.0));
        assert!(page.family("redis_memory_used_bytes").is_none());
        assert_eq!(page.value("redis_exporter_collector_success", &[("collector", "info")]), Some(0.0));
        assert!(page.value("redis_slowlog_length", &[]).is_some(), "what may be read is missing");
    }

    watched.redis.must(&["ACL", "SETUSER", "monitor", "+info"]);
    // A refused command may be left alone for a minute on a connection that works.
    watched.proxy.set(Fault::Refuse);
    watched.proxy.set(Fault::Pass);
    assert_up(&watched.scrape());
}

#[test]
fn user_without_any_right_still_shows_that_the_server_is_up() {
    let redis = Redis::start();
    redis.user("monitor", "secret", "-@all ~* &*");
    let mut watched = Watched::of(redis, &[], &[("REDIS_USER", "monitor"), ("REDIS_PASSWORD", "secret")]);
    for _ in 0..3 {
        let page = watched.scrape();
        assert_eq!(page.value("redis_up", &[]), Some(1.0));
        assert_eq!(page.value("redis_exporter_collector_success", &[("collector", "info")]), Some(0.0));
    }
    watched.redis.program.freeze();
    assert_down(&watched.scrape(), "timeout");
    watched.redis.program.thaw();
    assert_eq!(watched.scrape().value("redis_up", &[]), Some(1.0));
}

#[test]
fn scrapes_that_meet_share_one_connection() {
    let watched = Watched::start();
    watched.proxy.set(Fault::Delay(Duration::from_millis(200)));

    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_up(&watched.exporter.scrape_within(SCRAPE_TIMEOUT)));
        }
    });

    assert_eq!(watched.proxy.accepted(), 1);
}

#[test]
fn scrapers_that_leave_cost_nothing() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    let files = watched.exporter.program.open_files();
    watched.proxy.set(Fault::Freeze);
    let leave = || {
        let mut connection = http::Connection::open(watched.exporter.port()).unwrap();
        connection.ask("GET", "/metrics", &[(SCRAPE_TIMEOUT_HEADER, "10")], b"").unwrap();
    };

    (0..60).for_each(|_| leave());

    wait::until("the connections to be closed", PATIENCE, || (watched.exporter.program.open_files() <= files).then_some(()));
    watched.proxy.set(Fault::Pass);
    assert_up(&watched.scrape());
}

#[test]
fn server_in_loading_is_starting() {
    let redis = Redis::start();
    redis.exercise();
    let watched = Watched::of(redis, &[], &[]);
    assert_up(&watched.scrape());
    watched.proxy.set(Fault::Garbage(b"-LOADING Redis is loading the dataset in memory\r\n".repeat(64)));

    assert_down(&watched.scrape(), "starting");
}

#[test]
fn server_without_a_free_connection_says_so() {
    let redis = Redis::start();
    redis.must(&["CONFIG", "SET", "maxclients", "1"]);
    let held = redis.connect();
    let watched = Watched::of(redis, &[], &[]);
    wait::until("the only connection to be taken", PATIENCE, || {
        let mut other = watched.redis.connect().ok()?;
        matches!(other.send(&["PING"]), Ok(Reply::Error(_)) | Err(_)).then_some(())
    });

    assert_down(&watched.scrape(), "too_many_connections");

    drop(held);
    wait::until("the connection to be free", PATIENCE, || (watched.scrape().value("redis_up", &[]) == Some(1.0)).then_some(()));
}
