//! The session of the kept connection: whose it is, what its role may, and what it was told.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use exporter_core::Failure;
use tokio::time::Instant;

use crate::{
    collectors::{EXTENSIONS, schemas},
    reply::{self, ReplyError},
    row::Row,
    status::Rights,
    target::MARK,
};

/// What the session of the kept connection was told, and what is known of it.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Which connection it is.
    pub(crate) connection: u64,
    /// When it was first used.
    pub(crate) since: Option<Instant>,
    pub(crate) statement_timeout: u128,
    /// Schema of each extension.
    pub(crate) extensions: Option<BTreeMap<String, String>>,
}

/// What a session says of itself.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// Whether what was asked of the session holds. A pooler that was told to ignore our parameters gives the session to others
    /// too, and what is set in it would reach them.
    pub(crate) is_ours: bool,
    pub(crate) rights: Rights,
}

/// Asks a new session who it is.
pub(crate) async fn greet(link: &Object) -> Result<Greeting, Failure> {
    let sql = format!(
        "SELECT current_setting('{MARK}', true) AS mark, current_user AS role,
            pg_has_role('pg_read_all_stats', 'USAGE') AS statistics, pg_has_role('pg_read_all_settings', 'USAGE') AS settings"
    );
    let rows = reply::unnamed(link, &sql).await.map_err(|error| error.failure())?;
    let first = rows.first();
    let text = |name| first.and_then(|row| row.text(name).ok()).unwrap_or_default().into_owned();
    let holds = |name| first.is_some_and(|row| row.number(name) == Ok(Some(1.0)));
    let rights = Rights { role: text("role"), statistics: holds("statistics"), settings: holds("settings") };
    Ok(Greeting { is_ours: text("mark") == "ours", rights })
}

/// Schema of each extension of the connected database.
pub(crate) async fn extensions(link: &Object, pooled: bool) -> Result<BTreeMap<String, String>, Failure> {
    let rows = ask(link, pooled, EXTENSIONS, None).await.map_err(|error| error.failure())?;
    Ok(schemas(&rows))
}

/// Tells the session how long a statement may take, and that statistics need not be consistent among each other.
pub(crate) const fn limits(version: u32) -> &'static str {
    if version >= 150_000 {
        "SELECT set_config('statement_timeout', $1, false), set_config('stats_fetch_consistency', 'none', false)"
    } else {
        "SELECT set_config('statement_timeout', $1, false)"
    }
}

/// Sends a statement: by name where the session is ours, without one behind a pooler.
pub(crate) async fn ask(link: &Object, pooled: bool, sql: &str, parameter: Option<&String>) -> Result<Vec<Row>, ReplyError> {
    if pooled { reply::unnamed(link, sql).await } else { reply::prepared(link, sql, parameter).await }
}
