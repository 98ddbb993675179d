//! A `PostgreSQL` server of its own for one test: Debian's 15, or the version whose programs are in the folder `POSTGRES_BIN`.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::program::{self, Program};
use crate::{PATIENCE, port, wait};

/// Where Debian puts the programs of the version that is tested by default.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";

/// The user that servers run as where the test runs as root, which they refuse.
pub const NOBODY: u32 = 65_534;

/// Settings of every server here: small, and careless about a crash of the machine.
const SETTINGS: [&str; 5] = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB", "max_wal_size=64MB"];

/// See the [module](self).
#[derive(Debug)]
pub struct PostgresServer {
    /// The postmaster.
    pub program: Program,
    port: u16,
}

/// A program that does not run as root.
pub fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = program::command(program);
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A directory that such a program may write to.
#[must_use]
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    if geteuid().is_root() {
        chown(directory.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a directory away");
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("our own directory");
    directory
}

fn server_program(name: &str) -> Command {
    let folder = env::var_os("POSTGRES_BIN").map_or_else(|| PathBuf::from(DEBIAN), PathBuf::from);
    let mut command = unprivileged(folder.join(name));
    command.env("TZ", "UTC");
    command
}

/// A killed server would leave its shared memory behind, of which a machine has only so many segments.
impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.program.exited().is_none() {
            self.program.quit(Duration::from_secs(10));
        }
    }
}

impl PostgresServer {
    /// Starts a fresh server. Its user is `postgres`, everybody is trusted.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        Self::start_encoded("UTF8", port::free(), settings)
    }

    /// Starts a fresh server whose databases are encoded that way, on that port.
    #[must_use]
    pub fn start_encoded(encoding: &str, port: u16, settings: &[&str]) -> Self {
        let directory = directory();
        let mut initdb = server_program("initdb");
        initdb.args(["-U", "postgres", "-A", "trust", "-E", encoding, "--locale=C", "-N", "-D"]).arg(directory.path().join("data"));
        initdb.current_dir(directory.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let status = program::spawn(&mut initdb).wait().expect("initdb can be waited for");
        assert!(status.success(), "initdb failed");
        let mut postgres = server_program("postgres");
        postgres.arg("-D").arg(directory.path().join("data")).args(["-p", &port.to_string()]);
        for setting in SETTINGS.iter().chain(settings) {
            postgres.args(["-c", setting]);
        }
        let mut server = Self { program: Program::start_in(directory, postgres), port };
        server.wait();
        server
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn wait(&mut self) {
        let port = self.port;
        self.program.until("the server to accept connections", || try_sql(port, "postgres", "SELECT 1").ok());
    }

    /// Kills it and starts it again: its next start is a recovery.
    pub fn crash(&mut self) {
        self.kill();
        self.revive();
    }

    /// Kills it with all its sessions, which end by themselves once the postmaster is gone.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it again after it ended.
    pub fn revive(&mut self) {
        wait::until("the sessions of before to end", PATIENCE, || {
            self.program.restart();
            wait::until("the server to run or end", PATIENCE, || match self.program.exited() {
                Some(_) => Some(false),
                None => try_sql(self.port, "postgres", "SELECT 1").is_ok().then_some(true),
            })
            .then_some(())
        });
    }

    /// Stops it in order, as an operator does, and starts it again.
    pub fn restart(&mut self) {
        let mut stop = server_program("pg_ctl");
        stop.args(["stop", "-s", "-m", "fast", "-D"]).arg(self.program.directory().join("data"));
        let status = program::spawn(&mut stop).wait().expect("pg_ctl can be waited for");
        assert!(status.success(), "pg_ctl failed");
        self.revive();
    }

    /// Replaces the rules of who may connect how.
    pub fn admit(&self, rules: &str) {
        fs::write(self.program.directory().join("data/pg_hba.conf"), rules).expect("the data directory can be written");
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Runs statements that `;;` separates, each in a transaction of its own, and returns what they print.
    #[expect(clippy::must_use_candidate, reason = "most statements are run for what they do")]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        try_sql(self.port, database, sql).unwrap_or_else(|error| panic!("{sql}: {error}\n{}", self.program.log()))
    }

    /// A client that stays as long as its statements run.
    #[must_use]
    pub fn client(&self, database: &str, sql: &str) -> Program {
        Program::start(psql(self.port, database, sql))
    }

    /// A connection string through that port.
    #[must_use]
    pub fn dsn(port: u16, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// How many sessions that application has.
    #[must_use]
    pub fn sessions(&self, application: &str) -> usize {
        self.sql("postgres", &format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}'"))
            .parse()
            .expect("a count is a number")
    }
}

fn psql(port: u16, database: &str, sql: &str) -> Command {
    let mut psql = program::command("psql");
    psql.args(["-h", "127.0.0.1", "-U", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-p", &port.to_string(), "-d", database]);
    for statement in sql.split(";;") {
        psql.args(["-c", statement]);
    }
    psql
}

/// Runs statements as the user `postgres`.
///
/// # Errors
/// What psql says of the first one that fails.
pub fn try_sql(port: u16, database: &str, sql: &str) -> Result<String, String> {
    let mut psql = psql(port, database, sql);
    let child = program::spawn(psql.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let output = child.wait_with_output().expect("psql can be waited for");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
