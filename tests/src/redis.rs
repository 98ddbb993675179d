//! A real redis-server that keeps nothing on disk.

use std::io;

use crate::port;
use crate::program::{self, Program};
use crate::resp::{Connection, Reply};

/// A running redis-server.
#[derive(Debug)]
pub struct Redis {
    /// The process: kill, freeze, restart.
    pub program: Program,
    port: u16,
    password: Option<String>,
}

impl Redis {
    /// A server without a password.
    #[must_use]
    pub fn start() -> Self {
        Self::launch(port::free(), None, &[])
    }

    /// A server on a port that something already refers to.
    #[must_use]
    pub fn start_on(port: u16) -> Self {
        Self::launch(port, None, &[])
    }

    /// A server whose default user has a password.
    #[must_use]
    pub fn with_password(password: &str) -> Self {
        Self::launch(port::free(), Some(password), &[])
    }

    /// A replica of `self`, linked and in sync in the eyes of both.
    #[must_use]
    pub fn replica(&self) -> Self {
        let mut replica = Self::launch(port::free(), None, &["--replicaof", &format!("127.0.0.1 {}", self.port)]);
        let (mut here, mut there) = (self.connect().expect("redis accepts connections"), replica.connect().expect("redis accepts connections"));
        let says = |connection: &mut Connection, wanted: &str| {
            let reply = connection.send(&["INFO", "everything"]).expect("redis replies");
            matches!(reply, Reply::Text(text) if text.contains(wanted))
        };
        replica.program.until("the replica to be in sync", || {
            let linked = says(&mut there, "master_link_status:up") && says(&mut here, "state=online");
            (linked && says(&mut here, "rdb_bgsave_in_progress:0")).then_some(())
        });
        replica
    }

    fn launch(port: u16, password: Option<&str>, options: &[&str]) -> Self {
        let mut command = program::command("redis-server");
        command.args(["--bind", "127.0.0.1", "--dir", ".", "--save", ""]).args(["--port", &port.to_string()]).args(options);
        // A replica gets the data set at once instead of in five seconds.
        command.args(["--repl-diskless-sync-delay", "0"]);
        if let Some(password) = password {
            command.args(["--requirepass", password]);
        }
        let mut redis = Self { program: Program::start(command), port, password: password.map(str::to_owned) };
        redis.ready();
        redis
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Address in the form that exporters take.
    #[must_use]
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a command over a connection of its own.
    #[must_use]
    pub fn send(&self, command: &[&str]) -> Reply {
        self.connect().expect("redis accepts connections").send(command).expect("redis replies")
    }

    /// Sends a command that must succeed.
    pub fn must(&self, command: &[&str]) {
        if let Reply::Error(error) = self.send(command) {
            panic!("{command:?}: {error}");
        }
    }

    /// Leaves traces of every kind that the monitoring reads: keys with and without TTL in two databases, slow and failed
    /// commands, and a latency event.
    pub fn exercise(&self) {
        let mut connection = self.connect().expect("redis accepts connections");
        let mut send = |command: &str| connection.send(&command.split(' ').collect::<Vec<_>>()).expect("redis replies");
        send("CONFIG SET latency-monitor-threshold 1 slowlog-log-slower-than 1000");
        send("SET counter text");
        send("SET session value EX 3600");
        send("GET counter");
        send("GET absent");
        send("INCR counter");
        send("GET");
        send("NOSUCHCOMMAND");
        send("SELECT 1");
        send("SET other value");
        // Milliseconds of work in one command, whatever the machine.
        connection.send(&["EVAL", "for i = 1, 2e6 do end return 1", "0"]).expect("redis replies");
        connection.send(&["CONFIG", "SET", "slowlog-log-slower-than", "10000000"]).expect("redis replies");
    }

    /// Creates or changes a user: `rules` are those of ACL SETUSER (`+info ~*`).
    pub fn user(&self, name: &str, password: &str, rules: &str) {
        let password = format!(">{password}");
        let mut command = vec!["ACL", "SETUSER", name, "reset", "on", &password];
        command.extend(rules.split_whitespace());
        self.must(&command);
    }

    /// The number in one line of INFO.
    #[must_use]
    pub fn info(&self, field: &str) -> f64 {
        let reply = self.send(&["INFO", "everything"]);
        self::field(&reply, field).unwrap_or_else(|| panic!("INFO has no number {field}"))
    }

    /// Starts it again, empty, on the same port.
    pub fn restart(&mut self) {
        self.program.restart();
        self.ready();
    }

    /// An authenticated connection.
    ///
    /// # Errors
    /// When redis is not there.
    pub fn connect(&self) -> io::Result<Connection> {
        connect(self.port, self.password.as_deref())
    }

    fn ready(&mut self) {
        let (port, password) = (self.port, self.password.clone());
        self.program.until("redis to answer PING", || {
            let reply = connect(port, password.as_deref()).ok()?.send(&["PING"]).ok()?;
            (reply == Reply::Text("PONG".to_owned())).then_some(())
        });
    }
}

fn connect(port: u16, password: Option<&str>) -> io::Result<Connection> {
    let mut connection = Connection::open(port)?;
    if let Some(password) = password {
        connection.send(&["AUTH", password])?;
    }
    Ok(connection)
}

/// The number in one line of a reply to INFO.
#[must_use]
pub fn field(info: &Reply, name: &str) -> Option<f64> {
    let Reply::Text(text) = info else {
        return None;
    };
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.parse().ok()
}
