//! The session of the kept connection: whose it is, what its role may, and what it was told.

use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock, time::Duration};

use deadpool_postgres::Object;
use exporter_core::Failure;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Statement, types::Type};

use crate::{
    collectors::{EXTENSIONS, schemas},
    given_up::GivenUp,
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
    /// What it says of itself.
    pub(crate) identity: Option<String>,
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
    pub(crate) identity: Option<String>,
}

/// What tells a session in `pg_stat_activity` from all others of a server, also from a later one with the same process number.
pub(crate) const IDENTITY: &str = "concat(pid, ' ', extract(epoch FROM backend_start))";

/// How long to wait between looks for sessions that were given up.
const WAITS: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(80), Duration::from_millis(200)];

/// Asks a new session who it is.
pub(crate) async fn greet(link: &Object) -> Result<Greeting, Failure> {
    let sql = format!(
        "SELECT current_setting('{MARK}', true) AS mark, current_user AS role,
            pg_has_role('pg_read_all_stats', 'USAGE') AS statistics, pg_has_role('pg_read_all_settings', 'USAGE') AS settings,
            (SELECT {IDENTITY} FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS identity"
    );
    let rows = reply::unnamed(link, &sql).await.map_err(|error| error.failure())?;
    let first = rows.first();
    let text = |name| first.and_then(|row| row.text(name).ok()).unwrap_or_default().into_owned();
    let holds = |name| first.is_some_and(|row| row.number(name) == Ok(Some(1.0)));
    let rights = Rights { role: text("role"), statistics: holds("statistics"), settings: holds("settings") };
    Ok(Greeting { is_ours: text("mark") == "ours", rights, identity: first.and_then(identity_of) })
}

/// What a session says of itself.
pub(crate) async fn identity(client: &Client) -> Result<Option<String>, ReplyError> {
    let rows = reply::unnamed(client, &format!("SELECT {IDENTITY} AS identity FROM pg_stat_activity WHERE pid = pg_backend_pid()")).await?;
    Ok(rows.first().and_then(identity_of))
}

fn identity_of(row: &Row) -> Option<String> {
    row.text("identity").ok().filter(|identity| !identity.is_empty()).map(Cow::into_owned)
}

/// Looks which of the sessions that were given up are still there, and ends them, as a role may always do to its own. The inner
/// result is an error if too many stay.
pub(crate) async fn end(given_up: &GivenUp, link: &Object) -> Result<Result<(), Failure>, ReplyError> {
    let mut waits = WAITS.into_iter();
    loop {
        let suspects = given_up.suspects();
        if suspects.is_empty() {
            return Ok(Ok(()));
        }
        let survivors = format!(
            "SELECT {IDENTITY} AS identity, pg_terminate_backend(pid) AS told FROM pg_stat_activity
            WHERE {IDENTITY} = ANY ($1) AND usename = current_user"
        );
        let rows = reply::typed(link, &survivors, &suspects, Type::TEXT_ARRAY).await?;
        let ended = given_up.retain(&rows.iter().filter_map(identity_of).collect::<Vec<_>>());
        match waits.next() {
            Some(wait) if ended.is_err() => sleep(wait).await,
            _ => return Ok(ended),
        }
    }
}

/// Schema of each extension of the connected database.
pub(crate) async fn extensions(link: &Object, pooled: bool) -> Result<BTreeMap<String, String>, Failure> {
    let rows = ask(link, pooled, EXTENSIONS, &OnceLock::new(), None).await.map_err(|error| error.failure())?;
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
pub(crate) async fn ask(
    link: &Object,
    pooled: bool,
    sql: &str,
    name: &OnceLock<Statement>,
    parameter: Option<&String>,
) -> Result<Vec<Row>, ReplyError> {
    if pooled { reply::unnamed(link, sql).await } else { reply::prepared(link, sql, name, parameter).await }
}
