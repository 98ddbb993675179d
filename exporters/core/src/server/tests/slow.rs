//! Clients that take their time. Each test waits for a real limit, so one test tries all clients of a kind at once.

use super::{client::*, *};

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

#[tokio::test]
async fn slow_handshakes_and_heads_are_cut_off() {
    let plain = Harness::quick().await;
    let secured = Harness::with(Pki::new(), TLS).await;
    let started = Instant::now();
    let head = b"GET /metrics HTTP/1.1\r\nHost: t".as_slice();
    let mut streams = Vec::new();
    for (server, begun) in [(&plain, b"".as_slice()), (&plain, head), (&secured, b""), (&secured, b"\x16\x03\x01\x02\x00\x01")] {
        let mut stream = server.connect().await;
        stream.write_all(begun).await.unwrap();
        streams.push(stream);
    }
    let mut slow = secured.secure(client(secured.pki(), &BOTH, None)).await.unwrap();
    slow.write_all(head).await.unwrap();
    for stream in &mut streams {
        assert_eq!(read_to_end(stream).await, "");
    }
    assert_eq!(read_to_end(&mut slow).await, "");
    assert!(started.elapsed() >= Duration::from_secs(4), "cut off too early");
    assert_eq!((plain.hits("head_timeout"), secured.hits("head_timeout"), secured.hits("tls_handshake_timeout")), (2, 1, 2));
    plain.drained().await;
    secured.drained().await;
}

#[tokio::test]
async fn slow_readers_are_cut_off() {
    // Some 50 MB: more than the socket buffers of both ends hold.
    let target = || Target { series: 20_000, takes: Duration::ZERO };
    let plain = Harness::start(target()).await;
    let secured = Harness::with_target(target(), Pki::new(), TLS).await;
    let requests = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n".repeat(8);
    let (mut stream, mut other) = (plain.connect().await, plain.connect().await);
    stream.write_all(requests.as_bytes()).await.unwrap();
    other.write_all(requests.as_bytes()).await.unwrap();
    let mut slow = secured.secure(client(secured.pki(), &BOTH, None)).await.unwrap();
    slow.write_all(requests.as_bytes()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while (plain.hits("write_timeout"), secured.hits("write_timeout")) != (2, 1) {
        assert!(Instant::now() < deadline, "the stalled writes were not ended");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(plain.ask(&get("/-/healthy")).await.starts_with("HTTP/1.1 200"));
    assert!(is_served(&secured.ask_secured(client(secured.pki(), &BOTH, None), &get("/-/healthy")).await));
}
