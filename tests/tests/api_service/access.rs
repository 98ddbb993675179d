//! Who may read and who may post: bearer token, basic authentication, and a real Alertmanager that logs in to the webhook.

use std::fs;
use std::path::Path;

use it::alertmanager::Alertmanager;
use it::http::{self, Connection};
use it::{PATIENCE, port, wait};
use serde_json::{Value, json};

use crate::service::Service;

/// "CANARY" at the cost that `htpasswd` makes by itself, so that a flood of wrong ones takes a while.
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuu3gB5vg8ubR/JfKxBj.fQoPOqGRy5VCW";

/// `prometheus:CANARY`, and the same in small letters.
const RIGHT: &str = "Basic cHJvbWV0aGV1czpDQU5BUlk=";
const WRONG: &str = "Basic cHJvbWV0aGV1czpjYW5hcnk=";

fn status(service: &Service, path: &str, authorization: Option<&str>) -> u16 {
    let header = authorization.map(|value| ("authorization", value));
    http::get(service.port, path, header.as_slice()).expect("the service answers").status
}

#[test]
fn web_configuration_guards_the_page_and_a_flood_does_not_keep_the_scraper_out() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("web.yml");
    fs::write(&file, format!("basic_auth_users:\n  prometheus: {HASH}\n")).unwrap();
    let service = Service::start(&[format!("--web.config.file={}", file.display())]);
    for path in ["/metrics", "/alerts"] {
        assert_eq!((status(&service, path, None), status(&service, path, Some(WRONG))), (401, 401), "{path}");
        assert_eq!(status(&service, path, Some(RIGHT)), 200, "{path}");
    }
    // Everything else is as open as before.
    assert_eq!(status(&service, "/health", None), 200);
    let flood: Vec<_> = (0..40)
        .map(|_| {
            let mut connection = Connection::open(service.port).unwrap();
            connection.ask("GET", "/metrics", &[("authorization", WRONG)], b"").unwrap();
            connection
        })
        .collect();
    assert_eq!((status(&service, "/metrics", Some(RIGHT)), status(&service, "/health", None)), (200, 200));
    drop(flood);
}

#[test]
fn token_guards_the_page() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("token");
    fs::write(&file, "CANARY\n").unwrap();
    let service = Service::start(&[format!("--metrics.token-file={}", file.display())]);
    for (authorization, expected) in [(None, 401), (Some("Bearer canary"), 401), (Some("Bearer CANARY"), 200)] {
        assert_eq!(status(&service, "/metrics", authorization), expected, "{authorization:?}");
    }
}

fn configuration(directory: &Path, api: u16, password: &Path) -> std::path::PathBuf {
    let file = directory.join("alertmanager.yml");
    let text = format!(
        "route: {{receiver: api, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
         receivers:\n- name: api\n  webhook_configs:\n  - url: http://127.0.0.1:{api}/internal/alerts\n    send_resolved: true\n    \
         http_config: {{basic_auth: {{username: pager, password_file: {}}}}}\n",
        password.display()
    );
    fs::write(&file, text).unwrap();
    file
}

/// What is shown under `/alerts`.
fn shown(service: &Service) -> Vec<Value> {
    let answer = http::get(service.port, "/alerts", &[("accept", "application/json")]).expect("the service answers");
    serde_json::from_slice(&answer.body).expect("alerts in JSON")
}

#[test]
fn alerts_of_a_real_alertmanager_are_shown() {
    let files = tempfile::tempdir().unwrap();
    let (password, wrong) = (files.path().join("password"), files.path().join("wrong"));
    fs::write(&password, "CANARY: with a colon\n").unwrap();
    fs::write(&wrong, "guess").unwrap();
    let service = Service::start(&["--webhook.user=pager".to_owned(), format!("--webhook.password-file={}", password.display())]);
    let alert = json!([{ "labels": { "alertname": "ApiDown", "severity": "critical", "instance": "api:8000" },
                         "annotations": { "summary": "<b>gone</b>" }, "generatorURL": "http://127.0.0.1/graph" }]);
    let send = |alertmanager: &Alertmanager, alert: &Value| {
        let mut connection = Connection::open(alertmanager.port()).unwrap();
        let answer = connection.send("POST", "/api/v2/alerts", &[("content-type", "application/json")], alert.to_string().as_bytes());
        assert_eq!(answer.unwrap().status, 200);
    };

    let stranger = Alertmanager::start(&configuration(files.path(), service.port, &wrong), port::free());
    send(&stranger, &alert);
    wait::until("the stranger to be refused", PATIENCE, || {
        (service.sum("selextract_alert_webhook_rejected_total", &["reason=\"auth\""]) > 0.5).then_some(())
    });
    drop(stranger);
    assert_eq!(shown(&service).len(), 0);

    let alertmanager = Alertmanager::start(&configuration(files.path(), service.port, &password), port::free());
    send(&alertmanager, &alert);
    let firing = wait::until("the alert to be shown", PATIENCE, || shown(&service).into_iter().next());
    assert_eq!((&firing["status"], &firing["receiver"], &firing["labels"]["alertname"]), (&json!("firing"), &json!("api"), &json!("ApiDown")));
    let mut resolved = alert;
    resolved[0]["endsAt"] = json!("2020-01-01T00:00:00Z");
    resolved[0]["startsAt"] = json!("2019-01-01T00:00:00Z");
    send(&alertmanager, &resolved);
    wait::until("the end to be shown", PATIENCE, || shown(&service).iter().any(|alert| alert["status"] == "resolved").then_some(()));
    let count = |status: &str| service.sum("selextract_alerts_received_total", &["ApiDown", "critical", status]);
    assert!((count("firing") - 1.0).abs() < f64::EPSILON && (count("resolved") - 1.0).abs() < f64::EPSILON);
    let page = http::get(service.port, "/alerts", &[]).unwrap().text();
    assert!(page.contains("&lt;b&gt;gone&lt;/b&gt;") && !page.contains("<b>gone"), "{page}");
}

#[test]
fn open_webhook_is_warned_of_where_others_reach_it() {
    let warned = |flags: &[String]| Service::start(flags).program.log().contains("Anybody who reaches this service may post alerts");
    assert!(!warned(&[]));
    let files = tempfile::tempdir().unwrap();
    let password = files.path().join("password");
    fs::write(&password, "CANARY").unwrap();
    let everywhere = |port: u16| format!("--web.listen-address=0.0.0.0:{port}");
    let (open, guarded) = (port::free(), port::free());
    let service = Service::start_at(open, &[everywhere(open)]);
    assert!(service.program.log().contains("Anybody who reaches this service may post alerts"));
    let service = Service::start_at(guarded, &[everywhere(guarded), format!("--webhook.password-file={}", password.display())]);
    assert!(!service.program.log().contains("Anybody who reaches"));
}
