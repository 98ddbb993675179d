//! Recordings about Redis.

use metric_catalogue::redis::exporter::EXPORTER;

use super::Recording;
use crate::spec::duration::Duration;

/// The window from which long windows are built: twenty scrapes, so that one lost scrape moves it by a twentieth.
const WINDOW: Duration = Duration::minutes(5);

pub(super) fn all() -> Vec<Recording> {
    vec![Recording { name: "instance:redis_up:avg5m", expr: format!("avg_over_time({}[{WINDOW}])", EXPORTER.up.name()) }]
}
