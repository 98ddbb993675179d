use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use exporter_core::{Format, SecretFile};
use tower::ServiceExt;

use super::*;

/// Counts what it is given; fails while told to.
#[derive(Clone, Default)]
struct Sink(Arc<(AtomicU64, AtomicBool)>);

impl AlertHandler for Sink {
    async fn receive(&self, notification: Notification) -> Result<(), String> {
        if self.0.1.load(Ordering::Relaxed) {
            return Err("the store is gone".to_owned());
        }
        self.0.0.fetch_add(u64::try_from(notification.alerts.len()).unwrap(), Ordering::Relaxed);
        Ok(())
    }
}

struct Fixture {
    _directory: tempfile::TempDir,
    registry: Registry,
    sink: Sink,
    app: Router,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        std::fs::write(&path, "CANARY\n").unwrap();
        let (registry, sink) = (Registry::default(), Sink::default());
        let credentials = Credentials::basic("alertmanager".to_owned(), SecretFile::from(path));
        let app = Router::new().nest("/internal/alerts", router(&registry, Some(credentials), sink.clone()));
        Self { _directory: directory, registry, sink, app }
    }

    async fn post_as(&self, credentials: &str, body: impl Into<Body>) -> StatusCode {
        let request = http::Request::post("/internal/alerts")
            .header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(credentials)))
            .body(body.into())
            .unwrap();
        self.app.clone().oneshot(request).await.unwrap().status()
    }

    async fn post(&self, body: impl Into<Body>) -> StatusCode {
        self.post_as("alertmanager:CANARY", body).await
    }

    fn page(&self) -> String {
        let mut out = Vec::new();
        self.registry.encode(Format::Text, &mut out);
        String::from_utf8(out).unwrap()
    }
}

/// As Alertmanager 0.25 sends it.
fn notification(alertname: &str, status: &str, ends_at: &str) -> String {
    format!(
        r#"{{"receiver":"webhook","status":"{status}","alerts":[{{"status":"{status}","labels":{{"alertname":"{alertname}","severity":"critical","service":"redis"}},
        "annotations":{{"summary":"gone"}},"startsAt":"2026-11-23T14:00:00.000Z","endsAt":"{ends_at}","generatorURL":"http://prometheus:9090/graph","fingerprint":"4f1"}}],
        "groupLabels":{{"alertname":"{alertname}"}},"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"http://alertmanager:9093","version":"4",
        "groupKey":"{{}}/{{severity=\"critical\"}}:{{alertname=\"{alertname}\"}}","truncatedAlerts":0}}"#
    )
}

#[tokio::test]
async fn notification_is_taken_once() {
    let fixture = Fixture::new();
    assert_eq!(fixture.post(notification("RedisDown", "firing", "0001-01-01T00:00:00Z")).await, StatusCode::OK);
    // Sent again; its end, which Alertmanager guesses, has moved.
    assert_eq!(fixture.post(notification("RedisDown", "firing", "2026-11-23T15:00:00Z")).await, StatusCode::OK);
    assert_eq!(fixture.post(notification("RedisDown", "resolved", "2026-11-23T15:00:00Z")).await, StatusCode::OK);
    assert_eq!(fixture.sink.0.0.load(Ordering::Relaxed), 2);
    let page = fixture.page();
    for status in ["firing", "resolved"] {
        let series = format!("selextract_alerts_received_total{{alertname=\"RedisDown\",severity=\"critical\",status=\"{status}\"}} 1\n");
        assert!(page.contains(&series), "{page}");
    }
}

#[tokio::test]
async fn what_could_not_be_taken_is_taken_when_it_comes_again() {
    let fixture = Fixture::new();
    fixture.sink.0.1.store(true, Ordering::Relaxed);
    assert_eq!(fixture.post(notification("RedisDown", "firing", "")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!fixture.page().contains("RedisDown"));
    fixture.sink.0.1.store(false, Ordering::Relaxed);
    assert_eq!(fixture.post(notification("RedisDown", "firing", "")).await, StatusCode::OK);
    assert_eq!(fixture.sink.0.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused_and_counted() {
    let fixture = Fixture::new();
    assert_eq!(fixture.post_as("alertmanager:wrong", notification("A", "firing", "")).await, StatusCode::UNAUTHORIZED);
    let unnamed = http::Request::post("/internal/alerts").body(Body::from(notification("A", "firing", ""))).unwrap();
    assert_eq!(fixture.app.clone().oneshot(unnamed).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    for nonsense in [String::new(), "{}".to_owned(), notification("A", "lost", ""), notification("A", "firing", "").replace("\"4\"", "\"5\"")] {
        assert_eq!(fixture.post(nonsense).await, StatusCode::BAD_REQUEST);
    }
    assert_eq!(fixture.post(vec![b' '; BODY_BYTES + 1]).await, StatusCode::PAYLOAD_TOO_LARGE);
    let page = fixture.page();
    for (reason, count) in [("auth", 2), ("malformed", 4), ("too_large", 1)] {
        assert!(page.contains(&format!("selextract_alert_webhook_rejected_total{{reason=\"{reason}\"}} {count}\n")), "{page}");
    }
    assert_eq!(fixture.sink.0.0.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_arrive_is_not_waited_for() {
    let fixture = Fixture::new();
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(fixture.post(never).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn names_are_bounded() {
    let fixture = Fixture::new();
    for alert in 0..NAMES + 50 {
        fixture.post(notification(&format!("Alert{alert}"), "firing", "")).await;
    }
    let page = fixture.page();
    assert!(page.contains("selextract_alerts_received_total{alertname=\"_OTHER\",severity=\"critical\",status=\"firing\"} 50\n"));
    assert_eq!(page.lines().filter(|line| line.starts_with("selextract_alerts_received_total{")).count(), NAMES + 1);
}
