use api_metrics::{MetricsLayer, metrics_page::Open, webhook};
use axum::body::Body;
use clap::Parser;
use exporter_core::Registry;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::config::Config;

pub(super) struct Fixture {
    app: Router,
    pub(super) shared: Arc<App>,
}

impl Fixture {
    pub(super) fn new(flags: &[&str]) -> Self {
        let local = (!flags.iter().any(|flag| flag.starts_with("--web.listen-address"))).then_some(&"--web.listen-address=127.0.0.1:0");
        let config = Config::parse_from(["selextract-api"].iter().chain(local).chain(flags));
        let registry = Registry::default();
        let app = Arc::new(App::new(&config, &registry).unwrap());
        let shown = Arc::clone(&app);
        let exposition = Exposition::new(registry.clone()).with_collect(move |samples| {
            shown.business.collect(samples);
            shown.security.collect(samples);
        });
        let webhook = webhook::router(&registry, None, app.alerts.clone());
        let layer = MetricsLayer::builder().exclude(["/metrics"]).build(&registry);
        Self { app: router(&app, exposition, Box::new(Open), webhook).layer(layer), shared: app }
    }

    async fn answer(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4711))));
        self.app.clone().oneshot(request).await.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let answer = self.answer(request).await;
        let status = answer.status().as_u16();
        (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    pub(super) async fn post(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, body) = self.send(request).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        self.send(Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()).await
    }

    async fn user(&self, email: &str) -> (String, String) {
        assert_eq!(self.post("/register", "", json!({ "email": email, "password": "long enough" })).await.0, 201);
        let (status, session) = self.post("/login", "", json!({ "email": email, "password": "long enough" })).await;
        assert_eq!(status, 200);
        (session["id"].as_str().unwrap().to_owned(), session["token"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn user_registers_works_and_is_counted() {
    let api = Fixture::new(&[]);
    let (id, token) = api.user("ada@example.com").await;
    let again = json!({ "email": "ada@example.com", "password": "long enough" });
    assert_eq!(api.post("/register", "", again).await.0, 409);
    assert_eq!(api.post("/login", "", json!({ "email": "ada@example.com", "password": "wrong" })).await.0, 401);
    let (status, task) = api.post("/tasks", &token, json!({ "task_type": "export" })).await;
    assert_eq!((status, &task["status"]), (202, &json!("queued")));
    let path = format!("/internal/tasks/{}/completion", task["id"].as_str().unwrap());
    let report =
        json!({ "status": "succeeded", "runtime_seconds": 2.5, "units": 3, "proxy_requests": [{ "provider": "mobile", "failure": "banned" }] });
    assert_eq!((api.post(&path, "", report.clone()).await.0, api.post(&path, "", report).await.0), (204, 409));
    assert_eq!(api.post("/units/consume", &token, json!({ "units": 7, "task_type": "export" })).await, (200, json!({ "units": 40.0 })));
    assert_eq!(api.post("/units/consume", &token, json!({ "units": 700, "task_type": "export" })).await.0, 402);
    assert_eq!(api.post("/units/purchase", &token, json!({ "units": 100, "plan": "team" })).await, (200, json!({ "units": 140.0 })));
    for _ in 0..2 {
        assert!(api.get(&format!("/users/{id}"), &token).await.1.contains("140"));
    }
    let page = api.get("/metrics", "").await.1;
    for line in [
        "selextract_user_registrations_total 1",
        "selextract_failed_login_attempts_total{ip_address=\"other\"} 1",
        "selextract_tasks_created_total{task_type=\"export\",user_id=\"other\"} 1",
        "selextract_tasks_completed_total{task_type=\"export\",status=\"succeeded\"} 1",
        "selextract_compute_units_consumed_total{user_id=\"other\",task_type=\"export\"} 10",
        "selextract_proxy_failures_total{proxy_provider=\"mobile\",failure_type=\"banned\"} 1",
        "selextract_revenue_total{currency=\"EUR\",plan=\"team\"} 5",
        "selextract_cache_requests_total{cache_type=\"user\",result=\"hit\"} 1",
        "http_requests_total{method=\"POST\",endpoint=\"/login\",status_code=\"401\"} 1",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line} is not in {page}");
    }
}

#[tokio::test]
async fn nobody_sees_what_is_another_s() {
    let api = Fixture::new(&[]);
    let (ada, token) = api.user("ada@example.com").await;
    let (_, other) = api.user("eve@example.com").await;
    let task = api.post("/tasks", &token, json!({ "task_type": "export" })).await.1["id"].as_str().unwrap().to_owned();
    assert_eq!(api.get(&format!("/tasks/{task}"), &token).await.0, 200);
    // The second time it comes from the cache.
    for _ in 0..2 {
        assert_eq!((api.get(&format!("/users/{ada}"), &other).await.0, api.get(&format!("/tasks/{task}"), &other).await.0), (403, 404));
    }
    assert_eq!((api.get(&format!("/users/{ada}"), "guess").await.0, api.post("/tasks", "", json!({ "task_type": "export" })).await.0), (401, 401));
}

#[tokio::test]
async fn nonsense_is_refused() {
    let api = Fixture::new(&[]);
    let (_, token) = api.user("ada@example.com").await;
    for units in [json!(-1), json!(0), json!(1e300), json!("many"), Value::Null] {
        let (status, _) = api.post("/units/consume", &token, json!({ "units": units, "task_type": "export" })).await;
        assert!((400..=422).contains(&status) && status != 402, "{units} {status}");
    }
    assert_eq!(api.post("/register", "", json!({ "email": "nobody", "password": "long enough" })).await.0, 400);
    assert_eq!(api.post("/register", "", json!({ "email": "a@b.example", "password": "short" })).await.0, 400);
    assert_eq!(api.post("/tasks", &token, json!({ "task_type": "mining" })).await.0, 422);
    assert_eq!((api.get("/test-endpoint?status=503", "").await.0, api.get("/test-endpoint?status=42", "").await.0), (503, 400));
    assert_eq!((api.get("/test-endpoint", "").await.0, api.get("/health", "").await.0), (200, 200));
}

#[tokio::test]
async fn limits_hold_for_each_client() {
    let api = Fixture::new(&["--rate-limit=3", "--trusted-proxies=1"]);
    let guess = |from: &str| {
        let request = Request::post("/login").header("x-forwarded-for", from).header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from(r#"{"email":"a@b.example","password":"guess"}"#)).unwrap()
    };
    for expected in [401, 401, 401, 429] {
        assert_eq!(api.send(guess("203.0.113.7")).await.0, expected);
    }
    let refused = api.answer(guess("203.0.113.7")).await;
    assert_eq!((refused.status().as_u16(), refused.headers()[header::RETRY_AFTER].to_str().unwrap()), (429, "60"));
    assert_eq!(api.send(guess("203.0.113.8")).await.0, 401);
    let page = api.get("/metrics", "").await.1;
    assert!(page.contains("selextract_rate_limit_violations_total{endpoint=\"/login\",ip_address=\"other\"} 2\n"), "{page}");
}

#[tokio::test]
async fn alerts_are_shown() {
    let api = Fixture::new(&[]);
    let notification = json!({ "version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "alerts": [
        { "status": "firing", "labels": { "alertname": "ApiDown", "severity": "critical" }, "startsAt": "2026-11-23T14:00:00Z", "endsAt": "" }] });
    assert_eq!(api.post("/internal/alerts", "", notification).await.0, 200);
    assert!(api.get("/alerts", "").await.1.contains("<td>ApiDown</td>"));
    let json = api.send(Request::get("/alerts").header(header::ACCEPT, "application/json").body(Body::empty()).unwrap()).await.1;
    assert!(json.starts_with("[{\"receiver\":\"r\",\"status\":\"firing\""), "{json}");
}

#[tokio::test]
async fn reports_need_a_token_unless_nobody_else_gets_here() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "CANARY").unwrap();
    let with_token = format!("--worker.token-file={}", file.display());
    let report = json!({ "status": "succeeded" });
    // Who reports comes from loopback, as every request does behind a proxy on the same machine.
    for (flags, token, expected) in [
        (&["--web.listen-address=:8000"][..], "", 401),
        (&["--web.listen-address=127.0.0.1:8000"], "", 404),
        (&[with_token.as_str()], "", 401),
        (&[with_token.as_str()], "CANARY", 404),
    ] {
        let api = Fixture::new(flags);
        assert_eq!(api.post("/internal/tasks/none/completion", token, report.clone()).await.0, expected, "{flags:?} {token}");
    }
}

#[tokio::test]
async fn address_in_the_header_is_nobody_s_without_a_trusted_proxy() {
    let api = Fixture::new(&["--simulate", "--rate-limit=1"]);
    let mut statuses = Vec::new();
    for from in ["203.0.113.7", "203.0.113.8"] {
        let request = Request::post("/login").header("x-forwarded-for", from).header(header::CONTENT_TYPE, "application/json");
        statuses.push(api.send(request.body(Body::from(r#"{"email":"a@b.example","password":"guess"}"#)).unwrap()).await.0);
    }
    assert_eq!(statuses, [401, 429], "both come from one address");
}
