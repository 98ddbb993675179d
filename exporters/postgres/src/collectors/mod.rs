//! What is asked of the server, and what the answers mean.
//!
//! A collector is pure: it names its statement and turns rows into samples. Collectors with the same statement share one
//! answer, so that a view is read once for all who need it. A statement that runs on every version asks for all columns of a
//! view (`v.*`): the catalogue picks those that it knows, and a column that this version lacks leaves its metrics out.

use std::{borrow::Cow, collections::BTreeMap, fmt::Debug, sync::Arc};

use exporter_core::Samples;
use metric_catalogue::Definition;

use crate::{
    mapping,
    names::Names,
    row::{Row, RowError},
    status::Right,
};

mod activity;
mod budget;
mod budgeted;
mod buffercache_summary;
mod database;
mod index_use;
mod lock_waits;
mod locks;
mod long_running_transactions;
mod process_idle;
mod progress;
mod replication_slots;
mod rest;
mod roles;
mod server;
mod sessions;
mod settings;
mod stat_activity;
mod stat_activity_autovacuum;
mod stat_io;
mod stat_replication;
mod stat_slru;
mod stat_statements;
mod stat_subscription;
mod statio_user_indexes;
mod tables;
mod writers;
mod xmin_horizon;

pub(crate) use stat_statements::{LIMIT, StatementTexts};

/// One part of a page.
pub(crate) trait Collector: Debug + Send + Sync {
    /// What the flag `--collector.<name>` calls it.
    fn name(&self) -> &'static str;

    /// Whether it runs unless the flag says otherwise.
    fn is_default(&self) -> bool {
        true
    }

    /// Whether it reads the database it is connected to, and has to be asked of each.
    fn is_per_database(&self) -> bool {
        false
    }

    /// The extension that it needs.
    fn extension(&self) -> Option<&'static str> {
        None
    }

    /// What the role needs to be shown all of it; without, the server answers in part.
    fn right(&self) -> Option<Right> {
        None
    }

    /// Its statement, or nothing where this server has nothing for it.
    fn request(&self, server: &Server) -> Option<Cow<'static, str>>;

    /// The metrics that columns are mapped to.
    fn metrics(&self) -> &'static [&'static Definition];

    /// Turns the answer into samples.
    ///
    /// # Errors
    /// A column is missing or not of its kind.
    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        mapping::send(self.metrics(), &[], rows, samples)
    }

    /// Whether it need not ask, since [`recall`](Self::recall) still knows.
    fn is_fresh(&self) -> bool {
        false
    }

    /// Adds the samples of the last answer again.
    fn recall(&self, _samples: &mut Samples) {}

    /// The server may be another one now.
    fn forget(&mut self) {}
}

/// What is known of the server when statements are chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Server {
    /// 150004 is 15.4.
    pub(crate) version: u32,
    /// Schema of each extension of the database.
    pub(crate) extensions: BTreeMap<String, String>,
}

impl Server {
    /// Whether the server is of this major version or a later one.
    pub(crate) const fn is_at_least(&self, major: u32) -> bool {
        self.version >= major * 10_000
    }

    /// An extension's object with its schema, if the database has the extension.
    pub(crate) fn qualified(&self, extension: &str, object: &str) -> Option<String> {
        self.extensions.get(extension).map(|schema| format!("\"{}\".{object}", schema.replace('"', "\"\"")))
    }
}

/// Schemas of the extensions of the connected database.
pub(crate) const EXTENSIONS: &str = "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace";

/// The answer to [`EXTENSIONS`].
pub(crate) fn schemas(rows: &[Row]) -> BTreeMap<String, String> {
    let text = |row: &Row, name| row.text(name).map(Cow::into_owned).unwrap_or_default();
    rows.iter().map(|row| (text(row, "extname"), text(row, "nspname"))).collect()
}

/// What the flags say to single collectors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// `host:port`, for the label `server`.
    pub(crate) server: String,
    /// Databases that the database collector leaves out.
    pub(crate) excluded_databases: Vec<String>,
    /// Most tables of a database by name; 0 is no limit.
    pub(crate) table_budget: usize,
    /// Most application names.
    pub(crate) application_budget: usize,
    /// For `stat_statements`.
    pub(crate) statements: Statements,
    /// Leaves out what upstream calls default metrics.
    pub(crate) without_static: bool,
    /// Names that are known only at run time.
    pub(crate) names: Arc<Names>,
}

/// Which statements of `pg_stat_statements` are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statements {
    /// Most of them.
    pub(crate) limit: u32,
    /// How much of their texts is shown, if any.
    pub(crate) query_length: Option<u32>,
    /// Not those of these databases.
    pub(crate) excluded_databases: Vec<String>,
    /// Nor those of these users.
    pub(crate) excluded_users: Vec<String>,
}

/// Every collector, in the order in which statements are sent: the dearest last, since a slow one delays those behind it.
pub(crate) fn all(options: &Options) -> Vec<Box<dyn Collector>> {
    vec![
        Box::new(server::Server::new(&options.server, options.without_static)),
        Box::new(server::Postmaster),
        Box::new(server::Replication),
        Box::new(server::StatArchiver),
        Box::new(server::StatWalReceiver),
        Box::new(writers::StatBgwriter),
        Box::new(writers::StatCheckpointer),
        Box::new(writers::StatWal),
        Box::new(database::StatDatabase),
        Box::new(database::Conflicts::new(&options.server)),
        Box::new(database::Database::new(&options.excluded_databases)),
        Box::new(database::Wraparound),
        Box::new(stat_activity::StatActivity::new(options.application_budget)),
        Box::new(sessions::Sessions),
        Box::new(long_running_transactions::LongRunningTransactions),
        Box::new(process_idle::ProcessIdle),
        Box::new(stat_activity_autovacuum::StatActivityAutovacuum),
        Box::new(locks::Locks),
        Box::new(lock_waits::LockWaits),
        Box::new(xmin_horizon::XminHorizon),
        Box::new(stat_replication::StatReplication),
        Box::new(replication_slots::ReplicationSlots),
        Box::new(stat_subscription::StatSubscription),
        Box::new(progress::StatProgressVacuum),
        Box::new(progress::Progress),
        Box::new(roles::Roles),
        Box::new(stat_slru::StatSlru),
        Box::new(stat_io::StatIo),
        Box::new(settings::Settings::new(&options.names)),
        Box::new(buffercache_summary::BuffercacheSummary),
        Box::new(index_use::IndexUse),
        Box::new(statio_user_indexes::StatioUserIndexes::new(options.table_budget)),
        Box::new(tables::Tables::stat(options.table_budget)),
        Box::new(tables::Tables::statio(options.table_budget)),
        Box::new(tables::Tables::size(options.table_budget)),
        Box::new(stat_statements::StatStatements::new(&options.statements)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let all = all(&Options::default());
        let names: BTreeSet<_> = all.iter().map(|collector| collector.name()).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn default_statements_fit_one_flight() {
        for version in [140_000, 150_000, 160_000, 170_000, 180_000] {
            let server = Server { version, ..Server::default() };
            let statements: BTreeSet<_> = all(&Options::default())
                .iter()
                .filter(|collector| collector.is_default())
                .filter_map(|collector| collector.request(&server))
                .collect();
            assert!(statements.len() <= 18, "{version}: {}", statements.len());
        }
    }

    /// A row in which every column that the collector asks for is NULL.
    fn empty_row(collector: &mut dyn Collector) -> Row {
        let source = |metric: &Definition| metric.source.and_then(|source| source.split_once(' ')).map(|(_, column)| column);
        let columns = collector.metrics().iter().flat_map(|metric| metric.labels.iter().copied().chain(source(metric)));
        let mut names: BTreeSet<String> = columns.map(ToOwned::to_owned).collect();
        loop {
            let row = Row::Text(names.iter().map(|name| (name.clone(), None)).collect());
            match collector.read(&[row], &mut Samples::default()) {
                Err(RowError::Missing(name)) => assert!(names.insert(name)),
                _ => return Row::Text(names.into_iter().map(|name| (name, None)).collect()),
            }
        }
    }

    #[test]
    fn null_everywhere_is_read() {
        for mut collector in all(&Options::default()) {
            let row = empty_row(collector.as_mut());
            let read = collector.read(&[row], &mut Samples::default());
            assert!(read.is_ok(), "{}: {read:?}", collector.name());
        }
    }

    #[test]
    fn no_answer_is_no_sample() {
        for mut collector in all(&Options::default()) {
            let mut samples = Samples::default();
            let read = collector.read(&[], &mut samples);
            assert!(read.is_ok(), "{}: {read:?}", collector.name());
        }
    }
}
