//! All backends, those that belong to no database too: walsenders, workers, the server's own processes.

use std::{borrow::Cow, collections::BTreeMap};

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::activity::sessions};

use super::{
    Collector, Server,
    activity::{ACTIVITY, Backend, greater},
};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// Closed labels only, so that no budget is needed.
#[derive(Debug)]
pub(super) struct Sessions;

impl Collector for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ACTIVITY.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        sessions::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut counts: BTreeMap<[Cow<'_, str>; 3], u64> = BTreeMap::new();
        let mut transactions: BTreeMap<Cow<'_, str>, Option<f64>> = BTreeMap::new();
        let (mut query, mut idle) = (0.0_f64, 0.0_f64);
        for row in rows {
            let backend = Backend::new(row)?;
            if !backend.present {
                continue;
            }
            if backend.is_client() {
                if backend.state == "active" {
                    query = query.max(backend.query.unwrap_or(0.0));
                } else if backend.is_idle_in_transaction() {
                    idle = idle.max(backend.unchanged.unwrap_or(0.0));
                }
                if backend.transaction.is_some() {
                    let longest = transactions.entry(backend.state.clone()).or_default();
                    *longest = greater(*longest, backend.transaction);
                }
            }
            *counts.entry([backend.kind, backend.state, backend.wait_class]).or_default() += 1;
        }
        for (labels, count) in &counts {
            samples.gauge(&sessions::COUNT, labels.each_ref().map(AsRef::as_ref), *count);
        }
        for (state, longest) in &transactions {
            samples.gauge(&sessions::LONGEST_TRANSACTION, [state], *longest);
        }
        samples.gauge(&sessions::LONGEST_QUERY, [], query);
        samples.gauge(&sessions::LONGEST_IDLE, [], idle);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::activity::backend, *};

    #[test]
    fn backends_without_database_are_counted() {
        let rows = [
            backend(&[("backend_type", "walsender"), ("state", "active"), ("pid", "1")]),
            backend(&[("backend_type", "checkpointer"), ("wait_event_type", "Activity"), ("pid", "2")]),
            backend(&[
                ("datname", "shop"),
                ("backend_type", "client backend"),
                ("state", "idle in transaction"),
                ("pid", "3"),
                ("transaction", "9"),
                ("unchanged", "7"),
            ]),
            backend(&[("datname", "empty")]),
        ];
        let mut samples = Samples::default();

        Sessions.read(&rows, &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_sessions{backend_type=\"checkpointer\",state=\"\",wait_event_type=\"Activity\"} 1\n\
             pg_sessions{backend_type=\"client backend\",state=\"idle in transaction\",wait_event_type=\"\"} 1\n\
             pg_sessions{backend_type=\"walsender\",state=\"active\",wait_event_type=\"\"} 1\n\
             pg_sessions_longest_transaction_seconds{state=\"idle in transaction\"} 9\n\
             pg_sessions_longest_query_seconds 0\npg_sessions_longest_idle_in_transaction_seconds 7\n"
        );
    }
}
