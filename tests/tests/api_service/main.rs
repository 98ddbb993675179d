//! selextract-api with real stores behind it: what its routes say has happened is in `PostgreSQL`, Redis and the queue, and its page
//! counts it, also while the stores are gone.

mod access;
mod service;
mod state;
mod tls;
mod worker;

use std::time::Duration;

use it::postgres_server::PostgresServer;
use it::redis::Redis;
use it::resp::Reply;
use it::{PATIENCE, wait};
use serde_json::json;

use service::Service;
use worker::Worker;

const KINDS: [&str; 4] = ["web_scrape", "data_extraction", "change_monitoring", "export"];

/// Of `selextract_active_users`, which is read every 15 seconds.
const READ_AGAIN: Duration = Duration::from_mins(1);

fn flags(postgres: &PostgresServer, redis: &Redis) -> Vec<String> {
    vec![
        format!("--postgres.dsn={}", PostgresServer::dsn(postgres.port(), "postgres", "postgres")),
        format!("--redis.addr={}/1", redis.address()),
        format!("--celery.broker-url={}/0", redis.address()),
    ]
}

fn integer(redis: &Redis, command: &[&str]) -> i64 {
    match redis.connect().and_then(|mut connection| {
        connection.send(&["SELECT", "1"])?;
        connection.send(command)
    }) {
        Ok(Reply::Integer(number)) => number,
        other => panic!("{command:?}: {other:?}"),
    }
}

#[test]
fn task_runs_on_a_worker_and_its_end_is_counted() {
    let (postgres, redis) = (PostgresServer::start(&[]), Redis::start());
    let service = Service::start(&flags(&postgres, &redis));
    assert_eq!((service.register("ada@example.com"), service.register("ada@example.com")), (201, 409));
    let ada = service.log_in("ada@example.com").unwrap();
    // Of the rate limit; it is there for a minute.
    assert!(integer(&redis, &["TTL", "limit:/login:127.0.0.1"]) > 0);
    let create = |kind: &str| {
        let (status, task) = service.post("/tasks", Some(&ada), &json!({ "task_type": kind }));
        assert_eq!(status, 202, "{task}");
        task["id"].as_str().unwrap().to_owned()
    };
    // Nobody takes them yet: they are in the queue, as Celery's own client would put them there.
    let tasks = KINDS.map(create);
    assert_eq!(redis.send(&["LLEN", "celery"]), Reply::Integer(4));

    let _worker = Worker::start(&format!("{}/0", redis.address()), service.port, &service.token);

    for task in &tasks {
        wait::until("the task to end", PATIENCE * 2, || {
            let (status, task) = service.get(&format!("/tasks/{task}"), &ada);
            (status == 200 && task["status"] != "queued").then_some(task)
        });
    }
    let ended = postgres.sql("postgres", "SELECT count(*) FROM tasks WHERE status IN ('succeeded', 'failed') AND runtime_seconds > 0");
    assert_eq!(ended, "4");
    for kind in KINDS {
        let task_type = format!("task_type=\"{kind}\"");
        assert!((service.sum("selextract_tasks_created_total", &[&task_type]) - 1.0).abs() < f64::EPSILON, "{kind}");
        assert!((service.sum("selextract_tasks_completed_total", &[&task_type]) - 1.0).abs() < f64::EPSILON, "{kind}");
        assert!((service.sum("selextract_task_execution_duration_seconds_count", &[&task_type]) - 1.0).abs() < f64::EPSILON, "{kind}");
    }
    assert!(service.sum("selextract_proxy_requests_total", &[]) >= 4.0);
    let spent = service.sum("selextract_compute_units_consumed_total", &[]);
    let left: f64 = postgres.sql("postgres", "SELECT units FROM users").parse().unwrap();
    assert!(spent > 0.0 && (left + spent - 50.0).abs() < 1e-9, "{spent} of 50 spent, {left} left");
    // A report that comes again, or from somebody else, counts nothing.
    let report = json!({ "status": "succeeded" });
    assert_eq!(service.post(&format!("/internal/tasks/{}/completion", tasks[0]), None, &report).0, 401);

    // The second reading comes from the cache, whose entry is in Redis.
    let path = format!("/users/{}", ada.id);
    assert_eq!((service.get(&path, &ada).0, service.get(&path, &ada).0), (200, 200));
    assert_eq!(integer(&redis, &["EXISTS", &format!("user:{}", ada.id)]), 1);
    let user = "cache_type=\"user\"";
    assert!(service.sum("selextract_cache_requests_total", &[user, "result=\"hit\""]) >= 1.0);
    assert!(service.sum("selextract_cache_requests_total", &[user, "result=\"miss\""]) >= 1.0);
    assert!(service.sum("selextract_database_pool_connections", &["state=\"idle\""]) >= 1.0);
    wait::until("the state to be read again", READ_AGAIN, || (service.sum("selextract_active_users", &["1h"]) > 0.5).then_some(()));
    assert!((service.sum("selextract_user_sessions_active", &[]) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn stores_that_fail_are_errors_and_the_page_stays() {
    let (mut postgres, mut redis) = (PostgresServer::start(&[]), Redis::start());
    let service = Service::start(&flags(&postgres, &redis));
    assert_eq!(service.register("ada@example.com"), 201);
    let ada = service.log_in("ada@example.com").unwrap();
    let path = format!("/users/{}", ada.id);

    postgres.kill();
    // Its sessions are gone a moment later.
    wait::until("PostgreSQL to be missed", PATIENCE, || (service.get(&path, &ada).0 == 503).then_some(()));
    assert_eq!(service.log_in("ada@example.com").unwrap_err(), 503);
    assert_eq!(service.register("eve@example.com"), 503);
    assert!((service.sum("http_requests_total", &["status_code=\"503\""]) - 3.0).abs() < f64::EPSILON);
    // That nobody could be asked is no wrong password.
    assert!(service.sum("selextract_failed_login_attempts_total", &[]) < 0.5);
    postgres.revive();
    wait::until("PostgreSQL to be used again", PATIENCE, || (service.get(&path, &ada).0 == 200).then_some(()));

    redis.program.kill();
    // Without the cache each reading is a miss, without its counters nobody is limited, and without a broker no task is taken.
    assert_eq!(service.get(&path, &ada).0, 200);
    let before = service.sum("http_requests_total", &["status_code=\"503\""]);
    assert_eq!(service.post("/tasks", Some(&ada), &json!({ "task_type": "export" })).0, 503);
    assert!((service.sum("http_requests_total", &["status_code=\"503\""]) - before - 1.0).abs() < f64::EPSILON);
    assert!((service.sum("selextract_tasks_completed_total", &["export", "failed"]) - 1.0).abs() < f64::EPSILON);
    assert_eq!(postgres.sql("postgres", "SELECT status FROM tasks"), "failed");
    redis.restart();
    wait::until("Redis to be used again", PATIENCE, || {
        (service.post("/tasks", Some(&ada), &json!({ "task_type": "export" })).0 == 202).then_some(())
    });
    // The cache and the counters have a connection of their own, which comes back in its own time.
    wait::until("the cache to be used again", PATIENCE, || {
        service.get(&path, &ada);
        service.program.log().lines().any(|line| line.contains("Answers again") && line.contains("service=redis")).then_some(())
    });
    assert_eq!(redis.send(&["LLEN", "celery"]), Reply::Integer(1));
    assert!(service.sum("selextract_active_connections", &[]).abs() < f64::EPSILON);
    // Each outage is said when it begins and when it ends, not at each request.
    let log = service.program.log();
    for service in ["postgresql", "redis", "broker"] {
        let lines = |said: &str| log.lines().filter(|line| line.contains(said) && line.contains(&format!("service={service}"))).count();
        assert_eq!((lines("Does not answer"), lines("Answers again")), (1, 1), "{service}: {log}");
    }
}

#[test]
fn simulated_traffic_comes_about() {
    let (postgres, redis) = (PostgresServer::start(&[]), Redis::start());
    let mut flags = flags(&postgres, &redis);
    flags.extend(["--simulate", "--simulate.rate=200", "--simulate.day=10s", "--simulate.seed=7"].map(str::to_owned));
    let service = Service::start(&flags);
    let enough = |family: &str, labels: &[&str], least: f64| service.sum(family, labels) >= least;
    wait::until("traffic of every kind", READ_AGAIN, || {
        let seen = enough("selextract_failed_login_attempts_total", &[], 3.0)
            && enough("selextract_tasks_created_total", &[], 10.0)
            && enough("selextract_compute_units_consumed_total", &[], 10.0)
            && enough("selextract_revenue_total", &["EUR"], 0.1)
            && enough("http_requests_total", &["status_code=\"500\""], 1.0)
            && enough("http_requests_total", &["endpoint=\"unmatched\""], 1.0);
        seen.then_some(())
    });
    let rows = |table: &str| postgres.sql("postgres", &format!("SELECT count(*) FROM {table}")).parse::<u32>().unwrap();
    assert!(rows("users") >= 3 && rows("sessions") >= 3 && rows("tasks") >= 10);
    assert!(integer(&redis, &["DBSIZE"]) >= 3);
    let Reply::Integer(queued) = redis.send(&["LLEN", "celery"]) else { panic!("a queue is a list") };
    assert!(queued >= 10, "{queued}");
}
