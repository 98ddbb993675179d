//! The statements that took the most time, from the extension `pg_stat_statements`.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::statements::{self, budget},
};

use super::{
    Collector, Server, Statements,
    budgeted::{Budgeted, Members},
};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// Most statements by default, as upstream.
pub(crate) const LIMIT: u32 = 100;

/// No statement has this for its number.
const MEMBERS: Members = Members { key: &["user", "datname", "queryid"], work: &["seconds"], label: "queryid" };

/// Off by default: the extension may not be there. The texts of statements, which the server keeps in a file, are not read.
///
/// All statements are read, as the server counts them all in one function anyway; one more than the limit is shown, the sum of
/// the others.
#[derive(Debug)]
pub(super) struct StatStatements {
    statements: Statements,
    budgeted: Budgeted,
}

impl StatStatements {
    pub(super) fn new(statements: &Statements) -> Self {
        let limit = usize::try_from(statements.limit).unwrap_or(usize::MAX).saturating_add(1);
        Self { statements: statements.clone(), budgeted: Budgeted::new(statements::ALL, &MEMBERS, limit) }
    }
}

impl Collector for StatStatements {
    fn name(&self) -> &'static str {
        "stat_statements"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn is_default(&self) -> bool {
        false
    }

    fn extension(&self) -> Option<&'static str> {
        Some("pg_stat_statements")
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        // Without the extension the server says what is missing.
        let view = server.qualified("pg_stat_statements", "pg_stat_statements").unwrap_or_else(|| "pg_stat_statements".to_owned());
        let (read, write) =
            if server.is_at_least(17) { ("shared_blk_read_time", "shared_blk_write_time") } else { ("blk_read_time", "blk_write_time") };
        let databases = excluded("d.datname", &self.statements.excluded_databases);
        let users = excluded("pg_get_userbyid(s.userid)", &self.statements.excluded_users);
        Some(
            format!(
                "SELECT pg_get_userbyid(s.userid) AS user, d.datname, s.queryid::text AS queryid, sum(s.calls)::int8 AS calls,
                    sum(s.total_exec_time) / 1000 AS seconds, sum(s.rows)::int8 AS rows,
                    sum(s.{read}) / 1000 AS read_seconds, sum(s.{write}) / 1000 AS write_seconds
                FROM {view}(false) s JOIN pg_database d ON d.oid = s.dbid
                WHERE s.queryid IS NOT NULL{databases}{users}
                GROUP BY s.userid, d.datname, s.queryid"
            )
            .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        statements::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let others = self.budgeted.send(&[], rows, samples)?;
        samples.gauge(&budget::OTHER, [], others);
        samples.counter(&budget::EVICTIONS, [], self.budgeted.evictions());
        Ok(())
    }
}

/// The beginnings of the texts, which the server reads from a file: in the background only.
#[derive(Debug)]
pub(crate) struct StatementTexts {
    statements: Statements,
}

impl StatementTexts {
    pub(crate) fn new(statements: &Statements) -> Self {
        Self { statements: statements.clone() }
    }
}

impl Collector for StatementTexts {
    fn name(&self) -> &'static str {
        "stat_statements_texts"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn extension(&self) -> Option<&'static str> {
        Some("pg_stat_statements")
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        let (length, limit) = (self.statements.query_length?, self.statements.limit);
        let view = server.qualified("pg_stat_statements", "pg_stat_statements")?;
        Some(
            format!(
                "SELECT queryid::text AS queryid, left(min(query), {length}) AS query FROM {view}(true) WHERE queryid IS NOT NULL
                GROUP BY queryid ORDER BY sum(total_exec_time) DESC, queryid LIMIT {limit}"
            )
            .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        &[]
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        for row in rows {
            samples.counter(&statements::QUERY, [&row.text("queryid")?, &row.text("query")?], true);
        }
        Ok(())
    }
}

/// A condition that leaves out some names.
fn excluded(column: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!(" AND {column} NOT IN ({})", names.join(", "))
}

/// Text as SQL, whatever `standard_conforming_strings` is.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: u32, statements: &Statements) -> String {
        let server = Server { version, extensions: [("pg_stat_statements".to_owned(), "my \"schema\"".to_owned())].into() };
        StatStatements::new(statements).request(&server).unwrap().into_owned()
    }

    #[test]
    fn statement_follows_version_and_flags() {
        let sql = request(150_000, &Statements { limit: 7, excluded_databases: vec!["o'hara".to_owned()], ..Statements::default() });
        assert!(sql.contains("FROM \"my \"\"schema\"\"\".pg_stat_statements(false) s"), "{sql}");
        assert!(sql.contains("AND d.datname NOT IN (E'o\\'hara')"), "{sql}");
        assert!(sql.contains("s.blk_read_time"), "{sql}");
        assert!(request(170_000, &Statements::default()).contains("s.shared_blk_read_time"));
    }

    #[test]
    fn rows_become_series() {
        let row =
            Row::from([("user", Some("me")), ("datname", Some("shop")), ("queryid", Some("-5")), ("calls", Some("2")), ("seconds", Some("0.5"))]);
        let mut samples = Samples::default();
        StatStatements::new(&Statements::default()).read(&[row], &mut samples).unwrap();
        assert_eq!(
            samples.text(),
            "pg_stat_statements_calls_total{user=\"me\",datname=\"shop\",queryid=\"-5\"} 2\n\
             pg_stat_statements_seconds_total{user=\"me\",datname=\"shop\",queryid=\"-5\"} 0.5\n\
             pg_stat_statements_other 0\npg_stat_statements_budget_evictions_total 0\n"
        );
    }

    #[test]
    fn statements_past_the_limit_are_summed() {
        let row = |query, seconds| {
            Row::from([("user", Some("me")), ("datname", Some("shop")), ("queryid", Some(query)), ("calls", Some("2")), ("seconds", Some(seconds))])
        };
        let mut samples = Samples::default();
        let mut statements = StatStatements::new(&Statements { limit: 1, ..Statements::default() });
        statements.read(&[row("1", "0.5"), row("2", "2.5"), row("3", "0.25")], &mut samples).unwrap();
        let text = samples.text();
        assert!(text.contains("pg_stat_statements_seconds_total{user=\"me\",datname=\"shop\",queryid=\"2\"} 2.5\n"), "{text}");
        assert!(text.contains("pg_stat_statements_calls_total{user=\"\",datname=\"\",queryid=\"other\"} 4\n"), "{text}");
        assert!(text.contains("pg_stat_statements_seconds_total{user=\"\",datname=\"\",queryid=\"other\"} 0.75\n"), "{text}");
        assert!(text.contains("pg_stat_statements_other 2\n"), "{text}");
    }
}
