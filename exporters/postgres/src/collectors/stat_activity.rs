//! Sessions by database, state, user, application and wait event.

use std::{borrow::Cow, collections::BTreeMap};

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::activity::stat_activity};

use super::{
    Collector, Server,
    activity::{ACTIVITY, Backend, greater},
    budget::Budget,
};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// The states that every database shows, with 0 where no session is in it.
const STATES: [&str; 6] = ["active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call", "disabled"];

/// What stands for application names past the budget.
const OTHER: &str = "other";

/// Clients choose their application names, so only so many are shown.
#[derive(Debug)]
pub(super) struct StatActivity {
    limit: usize,
    budget: Budget,
}

impl StatActivity {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, budget: Budget::default() }
    }

    fn choose(&mut self, rows: &[Row]) -> Result<(), RowError> {
        let mut applications: BTreeMap<Cow<'_, str>, f64> = BTreeMap::new();
        for row in rows {
            *applications.entry(row.text("application_name")?).or_default() += 1.0;
        }
        let candidates: Vec<(&str, f64)> = applications.iter().map(|(name, count)| (&**name, *count)).collect();
        self.budget.choose(self.limit, &candidates);
        Ok(())
    }
}

impl Collector for StatActivity {
    fn name(&self) -> &'static str {
        "stat_activity"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ACTIVITY.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_activity::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        self.choose(rows)?;
        let mut groups: BTreeMap<[Cow<'_, str>; 7], (u64, Option<f64>)> = BTreeMap::new();
        let mut seen: BTreeMap<Cow<'_, str>, [bool; STATES.len()]> = BTreeMap::new();
        for row in rows {
            let backend = Backend::new(row)?;
            if backend.database.is_empty() {
                continue;
            }
            let states = seen.entry(backend.database.clone()).or_default();
            let Some((state, _)) = states.iter_mut().zip(STATES).find(|(_, state)| *state == backend.state) else { continue };
            *state = true;
            let application = row.text("application_name")?;
            let application = if self.budget.contains(&application) { application } else { OTHER.into() };
            let labels =
                [backend.database, backend.state, row.text("usename")?, application, backend.kind, backend.wait_class, row.text("wait_event")?];
            let (count, longest) = groups.entry(labels).or_default();
            *count += 1;
            *longest = greater(*longest, backend.transaction);
        }
        for (labels, (count, longest)) in &groups {
            let labels = labels.each_ref().map(AsRef::as_ref);
            samples.gauge(&stat_activity::COUNT, labels, *count);
            samples.gauge(&stat_activity::MAX_TX_DURATION, labels, longest.unwrap_or(0.0).max(0.0));
        }
        for (database, states) in &seen {
            for (_, state) in states.iter().zip(STATES).filter(|(seen, _)| !**seen) {
                let labels = [database, state, "", "", "", "", ""];
                samples.gauge(&stat_activity::COUNT, labels, 0_u64);
                samples.gauge(&stat_activity::MAX_TX_DURATION, labels, 0_u64);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::activity::backend, *};

    fn client(application: &'static str, transaction: &'static str) -> Row {
        backend(&[
            ("datname", "shop"),
            ("state", "active"),
            ("usename", "me"),
            ("application_name", application),
            ("backend_type", "client backend"),
            ("wait_event_type", "Lock"),
            ("wait_event", "relation"),
            ("pid", "1"),
            ("transaction", transaction),
        ])
    }

    fn read(limit: usize, rows: &[Row]) -> String {
        let mut samples = Samples::default();
        StatActivity::new(limit).read(rows, &mut samples).unwrap();
        samples.text()
    }

    #[test]
    fn sessions_are_grouped_and_states_filled() {
        let text = read(0, &[client("web", "2.5"), client("web", "1.5"), backend(&[("datname", "idle")])]);
        assert!(text.contains(
            "pg_stat_activity_count{datname=\"shop\",state=\"active\",usename=\"me\",application_name=\"web\",backend_type=\"client backend\",\
             wait_event_type=\"Lock\",wait_event=\"relation\"} 2\n"
        ));
        assert!(text.contains("wait_event=\"relation\"} 2.5\n"));
        let zeros = text.lines().filter(|line| line.starts_with("pg_stat_activity_count") && line.ends_with(" 0")).count();
        assert_eq!(zeros, 5 + 6);
    }

    #[test]
    fn names_past_the_budget_are_others() {
        let text = read(1, &[client("web", "1"), client("web", "1"), client("a", "1"), client("b", "3")]);
        assert!(text.contains("application_name=\"web\""));
        assert!(text.contains("application_name=\"other\",backend_type=\"client backend\",wait_event_type=\"Lock\",wait_event=\"relation\"} 2\n"));
        assert!(!text.contains("application_name=\"a\""));
    }
}
