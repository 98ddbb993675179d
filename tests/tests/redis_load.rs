//! Many scrapers beside many slow clients: no scrape is lost, and nothing stays behind.
//!
//! Five seconds of it; with `LONG=1` a minute.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use it::exporter::{Exporter, PROMETHEUS_ACCEPT};
use it::http::Connection;
use it::redis::Redis;
use it::{PATIENCE, wait};

const SCRAPERS: usize = 50;
const SLOW_CLIENTS: usize = 200;

fn duration() -> Duration {
    Duration::from_secs(if std::env::var_os("LONG").is_some() { 60 } else { 5 })
}

/// One client that wastes the exporter's time, in one of four ways, until it is cut off or told to stop.
fn waste(port: u16, way: usize, stop: &AtomicBool) {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let mut buffer = [0; 64];
    let head = b"GET /metrics HTTP/1.1\r\nHost: slow\r\nX-Padding: ";
    let mut bytes = head.iter().chain([b'x'].iter().cycle());
    while !stop.load(Ordering::Relaxed) {
        let going = match way {
            // Says nothing at all.
            0 => !matches!(stream.read(&mut buffer), Ok(0)),
            // Sends a head byte by byte.
            1 => {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(&[*bytes.next().expect("an endless head")]).is_ok()
            }
            // Asks, and reads a few bytes of the answer at a time.
            2 => {
                thread::sleep(Duration::from_millis(50));
                stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: slow\r\n\r\n").is_ok() && !matches!(stream.read(&mut buffer), Ok(0))
            }
            // Asks, and closes its own side.
            _ => {
                let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: slow\r\n\r\n");
                let _ = stream.shutdown(std::net::Shutdown::Write);
                !matches!(stream.read(&mut buffer), Ok(0) | Err(_))
            }
        };
        if !going {
            return;
        }
    }
}

#[test]
fn no_scrape_is_lost_beside_slow_clients() {
    let redis = Redis::start();
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);
    let _ = exporter.scrape();
    let files = exporter.program.open_files();
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let end = Instant::now() + duration();

    thread::scope(|scope| {
        for client in 0..SLOW_CLIENTS {
            let (stop, port) = (&stop, exporter.port());
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    waste(port, client % 4, stop);
                }
            });
        }
        let scrapers: Vec<_> = (0..SCRAPERS)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < end {
                        let mut connection = Connection::open(exporter.port()).expect("a connection");
                        let headers = [("Accept", PROMETHEUS_ACCEPT), ("Accept-Encoding", "gzip"), ("X-Prometheus-Scrape-Timeout-Seconds", "10")];
                        let response = connection.send("GET", "/metrics", &headers, b"").expect("an answer");
                        assert_eq!(response.status, 200, "{}", response.text());
                        assert!(response.text().contains("\nredis_up 1\n"));
                        answered.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(200));
                    }
                })
            })
            .collect();
        let lost = scrapers.into_iter().filter_map(|scraper| scraper.join().err()).count();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(lost, 0, "scrapers that lost a scrape");
    });

    assert!(answered.into_inner() >= u64::try_from(SCRAPERS).expect("a count"));
    wait::until("descriptors to be back where they were", PATIENCE, || (exporter.program.open_files() <= files + 2).then_some(()));
    // A flight that nobody waits for any more is dropped with its connection, so there were several, one after the other.
    assert_eq!(exporter.scrape().value("redis_connected_clients", &[]), Some(1.0));
}
