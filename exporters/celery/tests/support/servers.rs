//! Real servers, and programs in general.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    /// Starts it; its output goes to a file of this name in the directory.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let file = fs::File::create(log).unwrap();
        let started = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn();
        Self(started.unwrap_or_else(|error| panic!("{command:?} does not start: {error}")))
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end, and says whether it was a good one.
    pub(crate) fn ended(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.success();
            }
            assert!(Instant::now() < deadline, "the program does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Workers take their children along on SIGTERM only.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).stderr(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, patience: Duration, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !is() {
        assert!(Instant::now() < deadline, "{what} within {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A Redis server.
pub(crate) fn redis(port: u16, directory: &Path, more: &[&str]) -> Program {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(directory).args(more);
    assert!(
        Command::new("redis-server").arg("--version").output().is_ok_and(|output| output.status.success()),
        "redis-server is missing: apt-get install redis-server"
    );
    let server = Program::start(&mut command, &directory.join("redis.log"));
    wait("the server answers", Duration::from_secs(10), || TcpStream::connect(("127.0.0.1", port)).is_ok());
    server
}

/// The first line of the server's answer to a command.
pub(crate) fn command(port: u16, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("*{}\r\n", parts.len()).as_bytes()).unwrap();
    for part in parts {
        stream.write_all(format!("${}\r\n", part.len()).as_bytes()).unwrap();
        stream.write_all(part).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut line).unwrap();
    line.trim_end().to_owned()
}

/// A `RabbitMQ` server.
#[derive(Debug)]
pub(crate) struct RabbitMq {
    pub(crate) port: u16,
    home: PathBuf,
    names: u16,
    nodes: u16,
    program: Option<Program>,
}

impl RabbitMq {
    /// Starts one whose files are all in a directory.
    pub(crate) fn start(home: &Path) -> Self {
        Self::with_settings(home, "")
    }

    /// Starts one with further lines of configuration.
    pub(crate) fn with_settings(home: &Path, settings: &str) -> Self {
        let mut server = Self::absent(home, settings);
        server.restart();
        server
    }

    /// One that is not started yet.
    pub(crate) fn absent(home: &Path, settings: &str) -> Self {
        let server = Self { port: free_port(), home: home.to_owned(), names: free_port(), nodes: free_port(), program: None };
        fs::write(home.join("rabbitmq.conf"), format!("listeners.tcp.local = 127.0.0.1:{}\nlog.console = true\n{settings}", server.port)).unwrap();
        fs::write(home.join("plugins"), "[].").unwrap();
        server
    }

    /// Starts it, again if it was stopped.
    pub(crate) fn restart(&mut self) {
        let mut command = self.command("rabbitmq-server");
        self.program = Some(Program::start(&mut command, &self.home.join("rabbitmq.log")));
        wait("RabbitMQ has started", Duration::from_secs(90), || self.control(&["await_startup", "--timeout", "60"]));
    }

    /// Stops it.
    pub(crate) fn stop(&mut self) {
        self.control(&["stop"]);
        if let Some(mut program) = self.program.take() {
            program.ended(Duration::from_secs(20));
        }
    }

    /// `rabbitmqctl` with these arguments; whether it succeeded.
    pub(crate) fn control(&self, arguments: &[&str]) -> bool {
        let mut command = self.command("rabbitmqctl");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home.join("rabbitmqctl.log")).unwrap();
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).status().unwrap().success()
    }

    /// Sends a signal to the virtual machine that it runs in, which the script that starts it is not.
    pub(crate) fn signal(&self, name: &str) {
        let file = self.home.join(format!("data/test{}@localhost.pid", self.port));
        let pid = fs::read_to_string(file).unwrap();
        assert!(Command::new("kill").args([&format!("-{name}"), pid.trim()]).status().unwrap().success());
    }

    /// The URL of a virtual host.
    pub(crate) fn url(&self, user: &str, password: &str, host: &str) -> String {
        format!("amqp://{user}:{password}@127.0.0.1:{}/{host}", self.port)
    }

    fn command(&self, program: &str) -> Command {
        let path = Path::new("/usr/lib/rabbitmq/bin").join(program);
        assert!(path.exists(), "RabbitMQ is missing: apt-get install rabbitmq-server");
        let mut command = Command::new(path);
        command
            .env("HOME", &self.home)
            .env("RABBITMQ_NODENAME", format!("test{}@localhost", self.port))
            .env("RABBITMQ_CONFIG_FILE", self.home.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.home.join("plugins"))
            .env("RABBITMQ_MNESIA_BASE", self.home.join("data"))
            .env("RABBITMQ_LOG_BASE", self.home.join("log"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none")
            .env("RABBITMQ_DIST_PORT", self.nodes.to_string())
            .env("ERL_EPMD_PORT", self.names.to_string())
            .env("ERL_CRASH_DUMP", self.home.join("erl_crash.dump"))
            .env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.stop();
        // The name server that came with it outlives it.
        let _ = Command::new("epmd").args(["-port", &self.names.to_string(), "-kill"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
