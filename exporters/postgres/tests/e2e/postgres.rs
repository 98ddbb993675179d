//! A server of its own for one test, in a temporary directory and on a free port.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::program::{Program, command, free_port, until};

/// Where Debian puts the programs of the version that is tested by default.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";

/// The user that the server runs as, where the test runs as root: the server refuses that.
const NOBODY: u32 = 65_534;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) program: Program,
    pub(crate) port: u16,
    pub(crate) directory: TempDir,
    settings: Vec<String>,
}

/// A killed server would leave its shared memory behind, of which a machine has only so many segments.
impl Drop for Postgres {
    fn drop(&mut self) {
        if matches!(self.program.0.try_wait(), Ok(None)) {
            self.program.signal(Signal::CONT);
            self.program.end(Signal::QUIT);
        }
    }
}

/// The folder of the programs under test.
fn programs() -> PathBuf {
    env::var_os("POSTGRES_BIN").map_or_else(|| PathBuf::from(DEBIAN), PathBuf::from)
}

/// One of the server's own programs, as a user who may run it.
fn server_command(program: &str) -> Command {
    let mut command = command(programs().join(program));
    command.env("TZ", "UTC");
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A directory that the server may write to.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    directory
}

impl Postgres {
    /// Starts a fresh server. Its user is `postgres`, everybody is trusted.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let directory = directory();
        let mut initdb = server_command("initdb");
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums", "-N", "-D"]);
        let output = initdb.arg(directory.path().join("data")).current_dir(directory.path()).stdin(Stdio::null()).output();
        match output {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => panic!("initdb: {error}; run: apt-get install --yes postgresql-15"),
        }
        Self::serve(directory, settings.iter().map(|setting| (*setting).to_owned()).collect())
    }

    /// A standby that streams from another server.
    pub(crate) fn standby(primary: &Self, settings: &[&str]) -> Self {
        let directory = directory();
        let mut copy = server_command("pg_basebackup");
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &primary.port.to_string(), "-R", "-C", "-S", "standby", "-c", "fast", "-D"]);
        let output = copy.arg(directory.path().join("data")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::serve(directory, settings.iter().map(|setting| (*setting).to_owned()).collect())
    }

    fn serve(directory: TempDir, settings: Vec<String>) -> Self {
        let port = free_port();
        let mut postgres = Self { program: spawn(&directory, port, &settings), port, directory, settings };
        postgres.ready();
        postgres
    }

    fn ready(&mut self) {
        until("the server to accept connections", || {
            assert!(self.program.0.try_wait().unwrap().is_none(), "the server ended: {}", self.log());
            self.try_sql("postgres", "SELECT 1").ok()
        });
    }

    /// Starts it again after it ended.
    pub(crate) fn restart(&mut self) {
        self.program.end(Signal::INT);
        self.program = spawn(&self.directory, self.port, &self.settings);
        self.ready();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Runs statements one after the other, each in a transaction of its own.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}\n{}", self.log()))
    }

    pub(crate) fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self
            .psql(database, sql)
            .env("PGOPTIONS", "-c statement_timeout=30s")
            .stdin(Stdio::null())
            .output()
            .expect("apt-get install --yes postgresql-client-15");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// A client that stays as long as its statements run.
    pub(crate) fn client(&self, database: &str, sql: &str) -> Program {
        Program::start(self.psql(database, sql).stdout(Stdio::null()).stderr(Stdio::null()), "postgresql-client-15")
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = command("psql");
        psql.args(["-h", "127.0.0.1", "-U", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-p", &self.port.to_string(), "-d", database]);
        for statement in sql.split(";;") {
            psql.args(["-c", statement]);
        }
        psql
    }

    /// A connection string for a user without a password.
    pub(crate) fn dsn(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

fn spawn(directory: &TempDir, port: u16, settings: &[String]) -> Program {
    let log = fs::File::options().create(true).append(true).open(directory.path().join("log")).unwrap();
    let mut postgres = server_command("postgres");
    postgres.arg("-D").arg(directory.path().join("data")).args(["-p", &port.to_string()]);
    let fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB", "max_wal_size=64MB"];
    for setting in fixed.into_iter().chain(settings.iter().map(String::as_str)) {
        postgres.args(["-c", setting]);
    }
    Program::start(postgres.stdout(log.try_clone().unwrap()).stderr(log), "postgresql-15")
}
