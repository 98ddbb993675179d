//! Tasks for Celery workers, as Celery's own clients put them into Redis: message protocol 2 in kombu's envelope.
//!
//! <https://docs.celeryq.dev/en/stable/internals/protocol.html>

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use exporter_core::{Secret, SecretFile};
use redis::{
    AsyncCommands, Client, IntoConnectionInfo, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde_json::{Value, json};

use crate::{config::Config, error::ApiError, identity, outage::Outage, task::TaskKind};

/// Name under which the worker knows a kind of task is this and the kind.
const TASK_PREFIX: &str = "selextract.tasks.";

/// Longest wait for an answer of Redis.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Sends tasks.
#[derive(Clone)]
pub(crate) struct Celery {
    connection: ConnectionManager,
    queue: String,
    database: i64,
    outage: Outage,
}

impl std::fmt::Debug for Celery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Celery").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Celery {
    pub(crate) fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.celery_broker_url else { return Ok(None) };
        let (connection, database) = lazily("--celery.broker-url", url, config)?;
        Ok(Some(Self { connection, queue: config.celery_queue.clone(), database, outage: Outage::new("broker") }))
    }

    /// Puts a task into its queue, and says so to those who listen to events.
    pub(crate) async fn send(&self, id: &str, kind: TaskKind, user: &str) -> Result<(), ApiError> {
        let name = format!("{TASK_PREFIX}{}", kind.as_str());
        let message = message(id, &name, &json!([id, user]), &self.queue).to_string();
        let event = event(id, &name, &self.queue).to_string();
        let channel = format!("/{}.celeryev/task.sent", self.database);
        let mut connection = self.connection.clone();
        let sent = connection.lpush::<_, _, ()>(&self.queue, message).await;
        self.outage.watch(sent).map_err(|error| ApiError::Unavailable(error.to_string()))?;
        // The task is on its way whether or not anybody hears of it.
        let _ = connection.publish::<_, _, ()>(channel, event).await;
        Ok(())
    }
}

/// A connection that is made when it is first used, and again whenever it was lost.
pub(crate) fn lazily(flag: &str, address: &Secret, config: &Config) -> anyhow::Result<(ConnectionManager, i64)> {
    let expected = || format!("{flag}: expected redis://[user@]host[:port][/database], or rediss:// for TLS");
    let mut info = address.reveal().into_connection_info().map_err(|_| anyhow::anyhow!(expected()))?;
    if info.redis_settings().password().is_none()
        && let Some(file) = &config.redis_password_file
    {
        let password = SecretFile::from(file.clone()).read().with_context(|| "--redis.password-file".to_owned())?;
        if !password.reveal().is_empty() {
            let settings = info.redis_settings().clone().set_password(password.reveal());
            info = info.set_redis_settings(settings);
        }
    }
    let database = info.redis_settings().db();
    let client = match &config.tls_ca_file {
        Some(file) => {
            let root_cert = Some(std::fs::read(file).with_context(|| format!("--tls.ca-file {}", file.display()))?);
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
        }
        None => Client::open(info),
    };
    let client = client.map_err(|_| anyhow::anyhow!(expected()))?;
    let settings = ConnectionManagerConfig::new().set_response_timeout(Some(TIMEOUT)).set_connection_timeout(Some(TIMEOUT)).set_number_of_retries(1);
    Ok((ConnectionManager::new_lazy_with_config(client, settings)?, database))
}

/// A task in its envelope.
fn message(id: &str, name: &str, arguments: &Value, queue: &str) -> Value {
    let embedded = json!({ "callbacks": null, "errbacks": null, "chain": null, "chord": null });
    let body = json!([arguments, {}, embedded]).to_string();
    json!({
        "body": BASE64_STANDARD.encode(body),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py", "task": name, "id": id, "root_id": id, "parent_id": null, "group": null, "group_index": null, "shadow": null,
            "eta": null, "expires": null, "retries": 0, "timelimit": [null, null], "argsrepr": arguments.to_string(), "kwargsrepr": "{}",
            "origin": "selextract-api", "ignore_result": true, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {},
        },
        "properties": {
            "correlation_id": id, "reply_to": identity::uuid(), "delivery_mode": 2, "priority": 0, "body_encoding": "base64",
            "delivery_info": { "exchange": "", "routing_key": queue }, "delivery_tag": identity::uuid(),
        },
    })
}

/// `task-sent` in its envelope, as a client with `task_send_sent_event` publishes it.
fn event(id: &str, name: &str, queue: &str) -> Value {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let body = json!({
        "type": "task-sent", "uuid": id, "root_id": id, "parent_id": null, "name": name, "args": "()", "kwargs": "{}", "retries": 0,
        "eta": null, "expires": null, "queue": queue, "exchange": "", "routing_key": queue, "hostname": "selextract-api",
        "timestamp": timestamp, "utcoffset": 0, "pid": std::process::id(), "clock": 1,
    });
    json!({
        "body": BASE64_STANDARD.encode(body.to_string()),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": { "hostname": "selextract-api" },
        "properties": {
            "delivery_mode": 1, "priority": 0, "body_encoding": "base64", "delivery_tag": identity::uuid(),
            "delivery_info": { "exchange": "celeryev", "routing_key": "task.sent" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_has_the_form_of_protocol_2() {
        let message = message("u1", "selextract.tasks.export", &json!(["u1", "ada"]), "celery");
        let body: Value = serde_json::from_slice(&BASE64_STANDARD.decode(message["body"].as_str().unwrap()).unwrap()).unwrap();
        assert_eq!(body[0], json!(["u1", "ada"]));
        assert_eq!(body[2]["chord"], Value::Null);
        assert_eq!(
            (&message["headers"]["task"], &message["properties"]["delivery_info"]["routing_key"]),
            (&json!("selextract.tasks.export"), &json!("celery"))
        );
    }
}
