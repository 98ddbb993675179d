//! The fixtures against the real programs that they run.

use std::fs;
use std::time::Duration;

use it::alertmanager::Alertmanager;
use it::faults::{Fault, FaultProxy};
use it::http::{self, Response};
use it::page;
use it::peer::Peer;
use it::prometheus::Prometheus;
use it::redis::Redis;
use it::resp::{Connection, Reply};
use it::server::Server;
use it::sink::Sink;
use it::{PATIENCE, port, promtool, wait};

#[test]
fn redis_keeps_its_port_across_restarts() {
    let mut redis = Redis::start();
    redis.must(&["SET", "key", "value"]);

    redis.restart();

    assert_eq!(redis.send(&["GET", "key"]), Reply::Nil);
    assert_eq!(redis.send(&["EVAL", "return {1,'two'}", "0"]), Reply::List(vec![Reply::Integer(1), Reply::Text("two".to_owned())]));
}

#[test]
fn redis_asks_for_its_password() {
    let redis = Redis::with_password("secret");

    let unauthenticated = Connection::open(redis.port()).unwrap().send(&["PING"]).unwrap();

    assert!(matches!(unauthenticated, Reply::Error(error) if error.starts_with("NOAUTH")));
    assert_eq!(redis.send(&["PING"]), Reply::Text("PONG".to_owned()));
}

#[test]
fn redis_users_have_their_rights_only() {
    let redis = Redis::start();
    redis.user("monitor", "secret", "+info");
    let mut connection = Connection::open(redis.port()).unwrap();
    connection.send(&["AUTH", "monitor", "secret"]).unwrap();

    assert!(matches!(connection.send(&["INFO", "server"]).unwrap(), Reply::Text(_)));
    assert!(matches!(connection.send(&["CONFIG", "GET", "*"]).unwrap(), Reply::Error(error) if error.starts_with("NOPERM")));
}

#[test]
fn replica_is_linked() {
    let redis = Redis::start();

    let _replica = redis.replica();

    assert!(redis.info("connected_slaves") >= 1.0);
}

#[test]
fn frozen_redis_accepts_and_is_silent() {
    let mut redis = Redis::start();
    redis.program.freeze();

    let mut connection = redis.connect().unwrap();

    redis.program.thaw();
    assert_eq!(connection.send(&["PING"]).unwrap(), Reply::Text("PONG".to_owned()));
}

#[test]
fn proxy_carries_redis() {
    let redis = Redis::start();
    let proxy = FaultProxy::start(redis.port());
    let mut connection = Connection::open(proxy.port()).unwrap();
    assert_eq!(connection.send(&["PING"]).unwrap(), Reply::Text("PONG".to_owned()));

    proxy.set(Fault::Cut(2));

    assert!(connection.send(&["PING"]).is_err());
}

#[test]
fn peer_page_is_read_by_the_oracle() {
    let redis = Redis::start();
    let peer = Peer::redis(&redis);

    let page = page::text(&peer.scrape().text()).unwrap();

    assert_eq!(page.value("redis_up", &[]), Some(1.0));
}

#[test]
fn exercised_redis_has_something_of_everything() {
    let redis = Redis::start();
    redis.exercise();

    let page = page::text(&Peer::redis(&redis).scrape().text()).unwrap();

    for name in ["redis_slowlog_length", "redis_last_slow_execution_duration_seconds", "redis_commands_failed_calls_total"] {
        assert!(page.samples().any(|sample| sample.name == name && sample.value > 0.0), "{name}");
    }
    assert_eq!(page.value("redis_db_keys_expiring", &[("db", "db0")]), Some(1.0));
    assert_eq!(page.value("redis_db_keys", &[("db", "db1")]), Some(1.0));
    assert!(page.values_of("redis_latency_spike_last", "event_name").contains("command"));
}

#[test]
fn promtool_complains_line_by_line() {
    assert_eq!(promtool::check_metrics("# HELP a_total Things\n# TYPE a_total counter\na_total 1\n"), Vec::<String>::new());
    assert_eq!(promtool::check_metrics("# HELP a Things\n# TYPE a counter\na 1\n"), ["a counter metrics should have \"_total\" suffix"]);
}

#[test]
fn keep_alive_serves_many_requests() {
    let server = Server::start(|request| Response { status: 200, headers: request.headers, body: request.body });
    let mut connection = http::Connection::open(server.port()).unwrap();

    for body in [b"one".as_slice(), b"two"] {
        let response = connection.send("POST", "/", &[("X-Test", "yes")], body).unwrap();
        assert_eq!((response.header("x-test"), response.body.as_slice()), (Some("yes"), body));
    }
}

#[test]
fn prometheus_scrapes_and_answers() {
    let server = Server::start(|_| Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain; version=0.0.4".to_owned())],
        body: b"# TYPE answer gauge\nanswer{of=\"all\"} 42\n".to_vec(),
    });
    let config = format!(
        "{{global: {{scrape_interval: 1s, scrape_timeout: 1s}}, scrape_configs: [{{job_name: test, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}]}}",
        server.port()
    );

    let prometheus = Prometheus::with_config(&config);

    prometheus.until_up(1);
    let series = wait::until("the series", PATIENCE, || prometheus.query("answer{of=~\"a.*\"}").pop());
    assert_eq!((series.0["job"].as_str(), series.1), ("test", 42.0));
    assert_eq!(prometheus.alerts(), Vec::<serde_json::Value>::new());
}

#[test]
fn alertmanager_posts_to_the_sink() {
    let sink = Sink::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("alertmanager.yml");
    let config =
        format!("{{route: {{receiver: hook, group_wait: 0s}}, receivers: [{{name: hook, webhook_configs: [{{url: '{}/hook'}}]}}]}}", sink.url());
    fs::write(&file, config).unwrap();
    let alertmanager = Alertmanager::start(&file, port::free());
    let alert = br#"[{"labels": {"alertname": "Test"}}]"#;

    http::Connection::open(alertmanager.port()).unwrap().send("POST", "/api/v2/alerts", &[("Content-Type", "application/json")], alert).unwrap();

    let post = sink.wait_for("the alert", PATIENCE, |post| post.statuses_of("Test").any(|status| status == "firing"));
    assert_eq!(post.path, "/hook");
    assert_eq!(alertmanager.alerts()[0]["status"]["state"], "active");
    wait::never("another alert arrived", Duration::from_millis(200), || {
        sink.posts().into_iter().find(|post| post.statuses_of("Other").next().is_some())
    });
}
