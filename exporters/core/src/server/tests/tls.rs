//! Secured connections: versions, suites, and the same limits as without.

use rustls::{
    CipherSuite, NamedGroup,
    version::{TLS12, TLS13},
};

use super::{client::*, *};

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let server = Harness::with(Pki::new(), TLS).await;
    for version in BOTH {
        let stream = server.secure(client(server.pki(), &[version], None)).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()), "HTTP/2 is not offered");
        assert!(is_served(&server.ask_secured(client(server.pki(), &[version], None), &get("/metrics")).await));
    }
}

#[tokio::test]
async fn versions_outside_the_bounds_are_refused() {
    for (bounds, spoken) in [
        ("min_version: TLS10\n", [true, true]),
        ("min_version: TLS13\n", [false, true]),
        ("max_version: TLS12\n", [true, false]),
        ("cipher_suites: [TLS_AES_128_GCM_SHA256]\n", [false, true]),
    ] {
        let server = Harness::with(Pki::new(), &format!("{TLS}  {bounds}")).await;
        for (version, spoken) in BOTH.into_iter().zip(spoken) {
            let answer = server.ask_secured(client(server.pki(), &[version], None), &get("/metrics")).await;
            assert_eq!(is_served(&answer), spoken, "{bounds}{version:?}");
        }
        assert_eq!(server.refused("tls_handshake"), u64::from(spoken.contains(&false)), "{bounds}");
    }
}

#[tokio::test]
async fn suites_and_curves_are_the_configured_ones() {
    let server = Harness::with(
        Pki::new(),
        &format!("{TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n  curve_preferences: [CurveP384]\n"),
    )
    .await;
    let stream = server.secure(client(server.pki(), &BOTH, None)).await.unwrap();
    let connection = stream.get_ref().1;
    // The client would rather have AES.
    assert_eq!(connection.negotiated_cipher_suite().unwrap().suite(), CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    assert_eq!(connection.negotiated_key_exchange_group().unwrap().name(), NamedGroup::secp384r1);
}

#[tokio::test]
async fn plain_request_to_a_secured_port_is_refused() {
    let server = Harness::with(Pki::new(), TLS).await;
    let answer = server.ask(&get("/metrics")).await;
    assert!(!answer.contains("HTTP"), "{answer}");
    assert_eq!(server.refused("tls_handshake"), 1);
    server.drained().await;
}

#[tokio::test]
async fn session_is_never_resumed() {
    let server = Harness::with(Pki::new(), TLS).await;
    for version in [&TLS12, &TLS13] {
        let client = client(server.pki(), &[version], None);
        for _ in 0..3 {
            let mut stream = server.secure(client.clone()).await.unwrap();
            stream.write_all(get("/-/healthy").as_bytes()).await.unwrap();
            assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 200"));
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
        }
    }
}

#[tokio::test]
async fn long_head_over_tls_is_refused() {
    let server = Harness::with(Pki::new(), TLS).await;
    let long = format!("GET /metrics HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10));
    let answer = server.ask_secured(client(server.pki(), &BOTH, None), &long).await;
    assert!(answer.as_ref().is_ok_and(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 431")) || answer.is_err(), "{answer:?}");
    assert!(is_served(&server.ask_secured(client(server.pki(), &BOTH, None), &get("/metrics")).await));
    server.drained().await;
}

#[tokio::test]
async fn table_full_of_handshakes_makes_room_for_a_scrape() {
    let server = Harness::with(Pki::new(), TLS).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(server.connect().await);
    }
    assert!(is_served(&server.ask_secured(client(server.pki(), &BOTH, None), &get("/metrics")).await));
    assert!(server.server.connections.open() <= 256);
    assert!(server.hits("connections") >= 44, "{}", server.hits("connections"));
    drop(silent);
    server.drained().await;
}

#[tokio::test]
async fn three_hundred_secured_connections_leave_room_for_a_scrape() {
    let server = Harness::with(Pki::new(), TLS).await;
    let config = client(server.pki(), &BOTH, None);
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(server.secure(config.clone()).await.unwrap());
    }
    assert!(is_served(&server.ask_secured(config, &get("/metrics")).await));
    assert!(server.server.connections.open() <= 256);
    drop(idle);
    server.drained().await;
}

#[tokio::test]
async fn half_closed_clients_leave_nothing_behind() {
    let plain = Harness::quick().await;
    let secured = Harness::with(Pki::new(), TLS).await;
    let (mut left, mut secured_left) = (Vec::new(), Vec::new());
    for request in [String::new(), "GET /met".to_owned(), get("/metrics")] {
        let mut stream = plain.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        left.push(stream);
        let mut stream = secured.secure(client(secured.pki(), &BOTH, None)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        secured_left.push(stream);
        // In the middle of the handshake.
        let mut stream = secured.connect().await;
        stream.shutdown().await.unwrap();
        left.push(stream);
    }
    plain.drained().await;
    secured.drained().await;
    assert_eq!(plain.own::<u64>("redis_exporter_http_connections"), Some(0));
}
