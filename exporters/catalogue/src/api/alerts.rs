//! Alerts as the webhook receives them from Alertmanager.

/// States in which an alert is sent.
pub const STATUSES: &[&str] = &["firing", "resolved"];

/// Why a notification was not taken.
pub const REJECTIONS: &[&str] = &["auth", "malformed", "too_large"];

crate::catalogue! {
    /// Alerts received from Alertmanager; a notification sent again is not counted again
    RECEIVED: Counter = "selextract_alerts_received_total" ["alertname", "severity", "status"] closed(&[("status", STATUSES)]);
    /// Requests to the webhook that were not taken
    REJECTED: Counter = "selextract_alert_webhook_rejected_total" ["reason"] closed(&[("reason", REJECTIONS)]);
}
