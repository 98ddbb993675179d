//! Databases: one statement for activity, conflicts, limits and age.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::{database, stat_database, stat_database_conflicts},
};

use super::{Collector, Server};
use crate::{
    mapping,
    row::{Row, RowError},
};

/// The row for shared objects has no name and no entry in `pg_database`.
const DATABASES: &str = "
    SELECT s.*, c.*, d.datconnlimit, d.datallowconn, age(d.datfrozenxid) AS frozen_age, mxid_age(d.datminmxid) AS multixact_age
    FROM pg_stat_database s
        LEFT JOIN pg_database d ON d.oid = s.datid
        LEFT JOIN pg_stat_database_conflicts c ON c.datid = d.oid";

/// `pg_stat_database`.
#[derive(Debug)]
pub(super) struct StatDatabase;

impl Collector for StatDatabase {
    fn name(&self) -> &'static str {
        "stat_database"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(DATABASES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_database::ALL
    }
}

/// `pg_stat_database_conflicts`.
#[derive(Debug)]
pub(super) struct Conflicts {
    server: String,
}

impl Conflicts {
    pub(super) fn new(server: &str) -> Self {
        Self { server: server.to_owned() }
    }
}

impl Collector for Conflicts {
    fn name(&self) -> &'static str {
        "stat_database_conflicts"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(DATABASES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_database_conflicts::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        mapping::send(self.metrics(), &[("server", &self.server)], rows, samples)
    }
}

/// `pg_database`, without the databases that are left out by flag; sizes come from the background.
#[derive(Debug)]
pub(super) struct Database {
    excluded: Vec<String>,
}

impl Database {
    pub(super) fn new(excluded: &[String]) -> Self {
        Self { excluded: excluded.to_vec() }
    }
}

impl Collector for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(DATABASES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        database::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let included = |row: &&Row| row.text("datname").is_ok_and(|name| !self.excluded.iter().any(|excluded| *excluded == name));
        mapping::send(self.metrics(), &[], rows.iter().filter(included), samples)
    }
}

/// Age under upstream's names.
#[derive(Debug)]
pub(super) struct Wraparound;

impl Collector for Wraparound {
    fn name(&self) -> &'static str {
        "database_wraparound"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(DATABASES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        database::wraparound::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [Row; 2] {
        let shop = Row::from([
            ("datid", Some("5")),
            ("datname", Some("shop")),
            ("deadlocks", Some("2")),
            ("checksum_failures", None),
            ("blk_read_time", Some("250")),
            ("confl_lock", Some("1")),
            ("datconnlimit", Some("-1")),
        ]);
        let shared = Row::from([
            ("datid", Some("0")),
            ("datname", None),
            ("deadlocks", Some("0")),
            ("checksum_failures", None),
            ("blk_read_time", None),
            ("confl_lock", None),
            ("datconnlimit", None),
        ]);
        [shop, shared]
    }

    #[test]
    fn null_column_leaves_its_series_out() {
        let mut samples = Samples::default();
        StatDatabase.read(&rows(), &mut samples).unwrap();
        assert_eq!(
            samples.text(),
            "pg_stat_database_deadlocks{datid=\"5\",datname=\"shop\"} 2\npg_stat_database_blk_read_time{datid=\"5\",datname=\"shop\"} 250\n\
             pg_stat_database_blk_read_seconds_total{datid=\"5\",datname=\"shop\"} 0.25\n\
             pg_stat_database_deadlocks{datid=\"0\",datname=\"\"} 0\n"
        );
    }

    #[test]
    fn conflicts_bear_the_server() {
        let mut samples = Samples::default();
        Conflicts::new("db:5432").read(&rows(), &mut samples).unwrap();
        assert_eq!(samples.text(), "pg_stat_database_conflicts_confl_lock{server=\"db:5432\",datid=\"5\",datname=\"shop\"} 1\n");
    }

    #[test]
    fn excluded_database_is_left_out() {
        let mut samples = Samples::default();
        Database::new(&[]).read(&rows(), &mut samples).unwrap();
        assert_eq!(samples.text(), "pg_database_connection_limit{datname=\"shop\"} -1\n");
        let mut samples = Samples::default();
        Database::new(&["shop".to_owned()]).read(&rows(), &mut samples).unwrap();
        assert_eq!(samples.text(), "");
    }
}
