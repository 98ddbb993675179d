//! A configuration or a certificate that changes, and health checks of what results.

use super::{client::*, *};
use crate::{healthcheck, web_config::pki::Wanted};

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

const SUCCESS: &str = "redis_exporter_web_config_reload_success";

const EXPIRY: &str = "redis_exporter_web_certificate_expiry_timestamp_seconds";

fn user(password: &str) -> String {
    format!("basic_auth_users:\n  alice: {}\n", bcrypt::hash(password, 4).unwrap())
}

fn login(password: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let login = STANDARD.encode(format!("alice:{password}"));
    get("/metrics").replace("\r\n\r\n", &format!("\r\nAuthorization: Basic {login}\r\n\r\n"))
}

/// Asks until the answer begins so.
async fn until(server: &Harness, request: &str, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = server.ask(request).await;
        if answer.starts_with(expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn changed_file_holds_without_a_signal() {
    let server = Harness::with(Pki::new(), &user("first")).await;
    assert!(server.ask(&login("first")).await.starts_with("HTTP/1.1 200"));
    server.pki().write("web.yml", &user("second"));
    until(&server, &login("second"), "HTTP/1.1 200").await;
    assert!(server.ask(&login("first")).await.starts_with("HTTP/1.1 401"), "what was remembered is forgotten");
    server.pki().write("web.yml", "");
    until(&server, &get("/metrics"), "HTTP/1.1 200").await;
}

#[tokio::test]
async fn broken_new_file_keeps_the_old_one() {
    let server = Harness::with(Pki::new(), &user("first")).await;
    let page = || server.own::<f64>(SUCCESS);
    assert_eq!(page(), Some(1.0));
    let since: f64 = server.own("redis_exporter_web_config_last_reload_success_timestamp_seconds").unwrap();
    for broken in ["basic_auth_users: {alice: wonder}\n", "basic_auth_users: [", "tls_server_config: {cert_file: nowhere.pem}\n"] {
        server.configure(broken);
        assert_eq!(page(), Some(0.0), "{broken}");
        assert!(server.ask(&login("first")).await.starts_with("HTTP/1.1 200"));
        assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 401"));
    }
    fs_remove(&server);
    assert_eq!(page(), Some(0.0));
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 401"));
    assert_eq!(server.own::<f64>("redis_exporter_web_config_last_reload_success_timestamp_seconds"), Some(since));
    server.configure(&user("second"));
    assert_eq!(page(), Some(1.0));
    assert!(server.ask(&login("second")).await.starts_with("HTTP/1.1 200"));
    assert!(server.own::<f64>("redis_exporter_web_config_last_reload_success_timestamp_seconds").unwrap() > since);
}

fn fs_remove(server: &Harness) {
    std::fs::remove_file(server.pki().path("web.yml")).unwrap();
    server.server.limits.web().reload();
}

#[tokio::test]
async fn changed_certificate_is_shown_to_new_connections() {
    let server = Harness::with(Pki::new(), TLS).await;
    let config = client(server.pki(), &BOTH, None);
    let shown = async || {
        let stream = server.secure(config.clone()).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let before = shown().await;
    let mut kept = server.secure(config.clone()).await.unwrap();
    // The key does not fit until it is written too: meanwhile the old pair holds.
    let new = server.pki().identity("new", Wanted { dns: &["localhost"], ..Wanted::default() });
    server.pki().write("server.pem", &new.certificate_pem);
    server.server.limits.web().reload();
    assert_eq!((shown().await, server.own::<f64>(SUCCESS)), (before, Some(0.0)));
    server.pki().write("server.key", &new.key_pem);
    let deadline = Instant::now() + Duration::from_secs(10);
    while shown().await != new.certificate {
        assert!(Instant::now() < deadline, "the new certificate is not shown");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.own::<f64>(SUCCESS), Some(1.0));
    // Who is connected already is answered, and told to connect anew.
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    let answer = read_to_end(&mut kept).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn expiry_of_the_certificate_is_on_the_page() {
    let pki = Pki::new();
    pki.identity("old", Wanted { dns: &["localhost"], expired: true, ..Wanted::default() });
    let server = Harness::with(pki, "tls_server_config:\n  cert_file: old.pem\n  key_file: old.key\n").await;
    assert_eq!(server.own::<f64>(EXPIRY), Some(1_609_459_200.0));
    let refused = server.secure(client(server.pki(), &BOTH, None)).await.unwrap_err().to_string();
    assert!(refused.contains("expired"), "{refused}");
    server.configure(TLS);
    assert!(server.own::<f64>(EXPIRY).unwrap() > 1_700_000_000.0);
    server.configure("");
    assert_eq!(server.own::<f64>(EXPIRY), None);
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 200"), "TLS can be taken away too");
    assert_eq!(Harness::quick().await.own::<f64>(SUCCESS), None);
}

/// The health check of an exporter that was started with the configuration of `server`.
async fn health(server: &Harness) -> io::Result<()> {
    let (address, path) = (server.address.to_string().parse().unwrap(), server.pki().path("web.yml"));
    tokio::task::spawn_blocking(move || healthcheck::ask(&address, Some(&path))).await.unwrap()
}

#[tokio::test]
async fn health_check_needs_no_login_and_no_certificate() {
    let clients = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n";
    for yaml in [
        String::new(),
        user("x"),
        TLS.to_owned(),
        format!("{TLS}{}", user("x")),
        format!("{TLS}{clients}"),
        format!("{TLS}{clients}  max_version: TLS12\n"),
        format!("{TLS}{clients}  min_version: TLS13\n{}", user("x")),
        "rate_limit:\n  interval: 1h\n  burst: 1\n".to_owned(),
    ] {
        let server = Harness::with(Pki::new(), &yaml).await;
        for _ in 0..3 {
            health(&server).await.expect(&yaml);
        }
        // The file is broken now, and the exporter goes on with the last good one.
        server.pki().write("web.yml", "tls_server_config: {}: {}");
        health(&server).await.expect(&yaml);
        assert_eq!(server.refused("login"), 0);
    }
}

#[tokio::test]
async fn health_check_notices_who_does_not_answer() {
    let server = Harness::with(Pki::new(), TLS).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let path = server.pki().path("web.yml");
    let ask = move || {
        let (address, path) = (address.to_string().parse().unwrap(), path.clone());
        tokio::task::spawn_blocking(move || healthcheck::ask(&address, Some(&path)))
    };
    let silent = ask();
    let accepted = listener.accept().await.unwrap();
    assert!(silent.await.unwrap().is_err(), "it hangs");
    drop((accepted, listener));
    assert!(ask().await.unwrap().is_err(), "nobody listens");
}
