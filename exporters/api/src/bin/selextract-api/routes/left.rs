//! Clients that leave before they are answered: what they have changed is counted.

use std::{net::TcpListener, time::Duration};

use futures_util::FutureExt;
use serde_json::json;
use tokio::time::timeout;

use super::{tests::Fixture, *};
use crate::task::{PlanKind, TaskKind};

/// The wait for a store that does not answer, several times over.
const DEADLINE: Duration = Duration::from_mins(1);

/// A store that takes connections and says nothing, and its address.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("redis://{}/0", listener.local_addr().unwrap());
    (listener, address)
}

impl Fixture {
    /// A user who is logged in, and their token.
    async fn logged_in(&self) -> (String, String) {
        let store = &self.shared.store;
        let id = store.register("ada@example.com", "hash", PlanKind::Free).await.unwrap().unwrap();
        store.open_session(&id, &identity::hashed("token")).await.unwrap();
        (id, "token".to_owned())
    }

    async fn until(&self, lines: &[&str]) {
        let waited = timeout(DEADLINE, async {
            loop {
                let page = self.get("/metrics", "").await.1;
                if lines.iter().all(|line| page.contains(&format!("{line}\n"))) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(waited.await.is_ok(), "{lines:?} are not in {}", self.get("/metrics", "").await.1);
    }
}

#[tokio::test]
async fn what_has_changed_is_counted_while_the_cache_is_silent() {
    let (_listener, address) = silent();
    let api = Fixture::new(&["--redis.addr", &address]);
    let (id, token) = api.logged_in().await;
    let task = api.shared.store.create_task(&id, TaskKind::Export).await.unwrap();
    let report = json!({ "status": "succeeded", "units": 3, "proxy_requests": [{ "provider": "mobile", "failure": "banned" }] });
    let consumed = json!({ "units": 7, "task_type": "export" });
    let bought = json!({ "units": 100, "plan": "team" });
    // Each is under way when its client leaves.
    assert!(api.post(&format!("/internal/tasks/{}/completion", task.id), "", report).now_or_never().is_none());
    assert!(api.post("/units/consume", &token, consumed).now_or_never().is_none());
    assert!(api.post("/units/purchase", &token, bought).now_or_never().is_none());
    api.until(&[
        "selextract_tasks_completed_total{task_type=\"export\",status=\"succeeded\"} 1",
        "selextract_compute_units_consumed_total{user_id=\"other\",task_type=\"export\"} 10",
        "selextract_revenue_total{currency=\"EUR\",plan=\"team\"} 5",
        "selextract_proxy_failures_total{proxy_provider=\"mobile\",failure_type=\"banned\"} 1",
        "http_requests_total{method=\"POST\",endpoint=\"/units/consume\",status_code=\"499\"} 1",
        "selextract_active_connections 0",
    ])
    .await;
}

#[tokio::test]
async fn task_that_cannot_be_queued_is_counted_while_the_broker_is_silent() {
    let (_listener, address) = silent();
    let api = Fixture::new(&["--celery.broker-url", &address]);
    let (_, token) = api.logged_in().await;
    assert!(api.post("/tasks", &token, json!({ "task_type": "export" })).now_or_never().is_none());
    api.until(&[
        "selextract_tasks_created_total{task_type=\"export\",user_id=\"other\"} 1",
        "selextract_tasks_completed_total{task_type=\"export\",status=\"failed\"} 1",
    ])
    .await;
}

#[tokio::test]
async fn guess_is_counted_though_nobody_waits_for_its_answer() {
    let api = Fixture::new(&[]);
    let guess = api.post("/login", "", json!({ "email": "ada@example.com", "password": "guess" }));
    // It is being computed on another thread.
    assert!(guess.now_or_never().is_none());
    api.until(&["selextract_failed_login_attempts_total{ip_address=\"other\"} 1"]).await;
}
