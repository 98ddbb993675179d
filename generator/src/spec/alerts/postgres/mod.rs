//! Alerts about `PostgreSQL`.
//!
//! All families that they read are collected by default but one: `pg_stat_statements_*` wants the extension and
//! `--collector.stat_statements`. Tables, indexes and sequences are those of the database that the exporter is connected to, and of
//! all others with `--collect-databases`.

mod blocks;
mod connections;
mod down;
mod locks;
mod replication;
mod restart;
mod schema;
mod statements;
mod vacuum;

use crate::spec::alert::Alert;

pub(crate) use down::DOWN;

pub(super) fn all() -> Vec<Alert> {
    let areas = [
        vec![down::alert()],
        connections::all(),
        statements::all(),
        locks::all(),
        replication::all(),
        vacuum::all(),
        blocks::all(),
        schema::all(),
        vec![restart::alert()],
    ];
    areas.into_iter().flatten().collect()
}

/// Labels of the server of the examples.
const POSTGRES: &[(&str, &str)] = &[("job", "postgres"), ("instance", "postgres-exporter:9187")];
