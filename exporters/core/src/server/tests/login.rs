//! Users, rate and headers.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

fn users(cost: u32) -> String {
    format!("basic_auth_users:\n  alice: {}\n", bcrypt::hash("wonder", cost).unwrap())
}

fn with_login(path: &str, user: &str, password: &str) -> String {
    let login = STANDARD.encode(format!("{user}:{password}"));
    get(path).replace("\r\n\r\n", &format!("\r\nAuthorization: Basic {login}\r\n\r\n"))
}

#[tokio::test]
async fn only_users_with_their_password_are_answered() {
    let yaml = users(4);
    let hash = yaml.trim().rsplit(' ').next().unwrap().to_owned();
    let server = Harness::with(Pki::new(), &yaml).await;
    // Twice: the second time from memory, if it was right.
    for _ in 0..2 {
        for (user, password, status) in [
            ("alice", "wonder", 200),
            ("alice", "wrong", 401),
            ("alice", "", 401),
            ("alice", hash.as_str(), 401),
            ("alice", &format!("{hash}wonder"), 401),
            ("bob", "wonder", 401),
            ("", "", 401),
            ("Alice", "wonder", 401),
        ] {
            let answer = server.ask(&with_login("/metrics", user, password)).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{user} {password} {answer}");
        }
    }
    assert_eq!(server.refused("login"), 14);
}

#[tokio::test]
async fn every_path_asks_for_a_login() {
    let server = Harness::with(Pki::new(), &users(4)).await;
    for path in ["/metrics", "/", "/-/healthy", "/-/ready", "/nowhere"] {
        let answer = server.ask(&get(path)).await;
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Basic realm="), "{path} {answer}");
    }
    assert_eq!(server.refused("login"), 0, "a request without a login is none");
    for header in ["Bearer abc", "Basic", "Basic %%%", "Digest x"] {
        let answer = server.ask(&get("/metrics").replace("\r\n\r\n", &format!("\r\nAuthorization: {header}\r\n\r\n"))).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{header} {answer}");
    }
    assert_eq!(server.refused("login"), 4);
}

#[tokio::test]
async fn login_flood_does_not_delay_an_authenticated_scrape() {
    // Each wrong login takes a while: they would need minutes.
    let server = Harness::with(Pki::new(), &users(8)).await;
    assert!(server.ask(&with_login("/metrics", "alice", "wonder")).await.starts_with("HTTP/1.1 200"));
    let mut flood = Vec::new();
    for _ in 0..200 {
        let mut stream = server.connect().await;
        let wrong = with_login("/metrics", "alice", "wrong").replace("Connection: close\r\n", "");
        stream.write_all(wrong.repeat(50).as_bytes()).await.unwrap();
        flood.push(stream);
    }
    for _ in 0..50 {
        assert!(server.ask(&with_login("/metrics", "alice", "wonder")).await.starts_with("HTTP/1.1 200"));
    }
    assert!(server.refused("login") < 1_000, "the scrapes waited for the flood: {}", server.refused("login"));
}

#[tokio::test]
async fn full_table_of_waiting_logins_makes_room() {
    let server = Harness::with(Pki::new(), &users(8)).await;
    assert!(server.ask(&with_login("/metrics", "alice", "wonder")).await.starts_with("HTTP/1.1 200"));
    let mut flood = Vec::new();
    for _ in 0..300 {
        let mut stream = server.connect().await;
        stream.write_all(with_login("/metrics", "alice", "wrong").as_bytes()).await.unwrap();
        flood.push(stream);
    }
    assert!(server.ask(&with_login("/metrics", "alice", "wonder")).await.starts_with("HTTP/1.1 200"));
    assert!(server.refused("login") < 250, "the scrape waited for the flood");
}

#[tokio::test]
async fn first_login_from_another_address_waits_for_one_computation() {
    let server = Harness::with(Pki::new(), &users(8)).await;
    let mut flood = Vec::new();
    for _ in 0..200 {
        let mut stream = server.connect().await;
        stream.write_all(with_login("/metrics", "nobody", "wrong").as_bytes()).await.unwrap();
        flood.push(stream);
    }
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(with_login("/metrics", "alice", "wonder").as_bytes()).await.unwrap();
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert!(server.refused("login") < 100, "the login waited for the flood: {}", server.refused("login"));
}

#[tokio::test]
async fn requests_past_the_rate_are_told_to_come_back() {
    let server = Harness::with(Pki::new(), "rate_limit:\n  interval: 1h\n  burst: 3\n").await;
    for status in ["200", "200", "200", "429", "429"] {
        let answer = server.ask(&get("/-/healthy")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert_eq!(server.hits("rate"), 2);
}

#[tokio::test]
async fn rate_comes_before_the_login() {
    let server = Harness::with(Pki::new(), &format!("{}rate_limit:\n  interval: 1h\n  burst: 1\n", users(4))).await;
    assert!(server.ask(&with_login("/metrics", "alice", "wrong")).await.starts_with("HTTP/1.1 401"));
    assert!(server.ask(&with_login("/metrics", "alice", "wonder")).await.starts_with("HTTP/1.1 429"));
}

#[tokio::test]
async fn headers_are_on_every_answer() {
    let yaml = format!(
        "{}http_server_config:\n  http2: true\n  headers:\n    Strict-Transport-Security: max-age=31536000\n    X-Content-Type-Options: nosniff\n    \
         X-Frame-Options: deny\n    X-XSS-Protection: 0\n    Content-Security-Policy: default-src 'none'\n",
        users(4)
    );
    let server = Harness::with(Pki::new(), &yaml).await;
    for request in [get("/metrics"), with_login("/metrics", "alice", "wonder"), with_login("/nowhere", "alice", "wonder")] {
        let answer = server.ask(&request).await;
        for header in [
            "strict-transport-security: max-age=31536000\r\n",
            "x-content-type-options: nosniff\r\n",
            "x-frame-options: deny\r\n",
            "x-xss-protection: 0\r\n",
            "content-security-policy: default-src 'none'\r\n",
        ] {
            assert_eq!(answer.matches(header).count(), 1, "{header}{answer}");
        }
    }
}
