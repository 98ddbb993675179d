//! The last alerts that came through the webhook, for people and programs.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api_metrics::webhook::{Alert, AlertHandler, Notification, Status};
use serde::Serialize;

/// Alerts that are kept.
const KEPT: usize = 1_000;

/// An alert as it came.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Received {
    receiver: String,
    #[serde(flatten)]
    alert: Alert,
}

/// The newest first.
#[derive(Debug, Default)]
pub(crate) struct Alerts(Mutex<VecDeque<Received>>);

/// What the webhook's router hands notifications to.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlertStore(Arc<Alerts>);

impl AlertHandler for AlertStore {
    async fn receive(&self, notification: Notification) -> Result<(), String> {
        let mut kept = self.0.lock();
        for alert in notification.alerts {
            kept.push_front(Received { receiver: notification.receiver.clone(), alert });
        }
        kept.truncate(KEPT);
        Ok(())
    }
}

impl Alerts {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AlertStore {
    pub(crate) fn list(&self) -> Vec<Received> {
        self.0.lock().iter().cloned().collect()
    }

    /// A page without scripts; every text from outside is escaped.
    pub(crate) fn html(&self) -> String {
        let mut page = String::from(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Alerts</title></head>\n<body>\n<h1>Alerts</h1>\n\
             <table>\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Alert</th><th scope=\"col\">Severity</th>\
             <th scope=\"col\">Summary</th><th scope=\"col\">Since</th><th scope=\"col\">Until</th></tr></thead>\n<tbody>\n",
        );
        let alerts = self.0.lock();
        for Received { alert, .. } in &*alerts {
            let label = |name: &str| escaped(alert.labels.get(name).map_or("", String::as_str));
            let summary = escaped(alert.annotations.get("summary").map_or("", String::as_str));
            let until = if alert.status == Status::Resolved { escaped(&alert.ends_at) } else { String::new() };
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{summary}</td><td>{}</td><td>{until}</td></tr>",
                alert.status.as_str(),
                label("alertname"),
                label("severity"),
                escaped(&alert.starts_at),
            );
        }
        if alerts.is_empty() {
            page.push_str("<tr><td colspan=\"6\">None received since the service started</td></tr>\n");
        }
        page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
        page
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(name: &str) -> Notification {
        Notification::read(
            format!(
                r#"{{"version":"4","groupKey":"g","status":"firing","receiver":"r","alerts":[
                {{"status":"firing","labels":{{"alertname":"{name}"}},"startsAt":"s","endsAt":"e"}}]}}"#
            )
            .as_bytes(),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn last_thousand_are_kept_newest_first() {
        let alerts = AlertStore::default();
        for number in 0..1_010 {
            alerts.receive(notification(&format!("A{number}"))).await.unwrap();
        }
        let list = alerts.list();
        assert_eq!((list.len(), list[0].alert.labels["alertname"].as_str()), (1_000, "A1009"));
    }

    #[tokio::test]
    async fn markup_in_labels_is_inert() {
        let alerts = AlertStore::default();
        assert!(alerts.html().contains("None received"));
        alerts.receive(notification("<script>alert(1)</script>")).await.unwrap();
        let page = alerts.html();
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"));
    }
}
