//! A whole exporter as a process of its own: exit codes, signals, sockets of systemd.
//!
//! The program starts itself again with `TEST_EXPORTER_RUN` set, and is an exporter then.

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use exporter_core::{ConfigError, Exporter, Failure, Flight, Source};
use rustix::process::{Pid, Signal, kill_process};

type Outcome = Result<(), Box<dyn Error>>;

/// Longest wait for a line of the log.
const PATIENCE: Duration = Duration::from_secs(20);

/// A test, with a directory that is empty when it begins.
type Test = fn(&Path) -> Outcome;

const TESTS: [(&str, Test); 5] = [
    ("wrong_configuration_is_one_line_and_code_2", wrong_configuration_is_one_line_and_code_2),
    ("hangup_reads_the_configuration_again", hangup_reads_the_configuration_again),
    ("hangup_without_a_configuration_is_survived", hangup_without_a_configuration_is_survived),
    ("sockets_of_systemd_are_served", sockets_of_systemd_are_served),
    ("missing_socket_is_an_error", missing_socket_is_an_error),
];

#[derive(Debug)]
struct Nothing;

impl Source for Nothing {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        flight.reached();
        Ok(())
    }
}

#[derive(Debug)]
struct Program;

#[derive(clap::Args, Debug)]
struct NoFlags {}

impl Exporter for Program {
    const NAME: &'static str = "test-exporter";
    const ENVIRONMENT: &'static str = "TEST_EXPORTER";
    const DEFAULT_LISTEN_ADDRESS: &'static str = "127.0.0.1:0";
    const OWN: &'static metric_catalogue::exporter::Exporter = &metric_catalogue::redis::exporter::EXPORTER;
    type Config = NoFlags;
    type Source = Nothing;

    fn source(_: NoFlags) -> Result<Nothing, ConfigError> {
        Ok(Nothing)
    }
}

fn main() -> ExitCode {
    if env::var_os("TEST_EXPORTER_RUN").is_some() {
        return exporter_core::run::<Program>();
    }
    let wanted = env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let mut code = ExitCode::SUCCESS;
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&wanted)) {
        let outcome = tempfile::tempdir().map_err(Into::into).and_then(|directory| test(directory.path()));
        let verdict = match &outcome {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("FAILED: {error}"),
        };
        let _ = writeln!(std::io::stdout(), "test {name} ... {verdict}");
        if outcome.is_err() {
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// An exporter that is ended with the test.
struct Running {
    child: Child,
    log: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command.env("TEST_EXPORTER_RUN", "1").stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let (sender, log) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Ok(Self { child, log })
    }

    /// The next line of the log that has this in it.
    fn line(&mut self, with: &str) -> Result<String, Box<dyn Error>> {
        loop {
            let line = self.log.recv_timeout(PATIENCE).map_err(|error| format!("{with:?} is not in the log: {error}"))?;
            if line.contains(with) {
                return Ok(line);
            }
        }
    }

    /// Waits until it answers, and so is ready for signals too.
    fn answers(&mut self) -> Outcome {
        let line = self.line("Listening")?;
        let address = line.split_once("address=").and_then(|(_, rest)| rest.split([' ', '"']).find(|word| !word.is_empty())).ok_or("no address")?;
        let answer = ask(TcpStream::connect(address)?)?;
        expect(answer.starts_with("HTTP/1.1 200"), &answer)
    }

    fn signal(&self, signal: Signal) -> Outcome {
        let pid = Pid::from_raw(self.child.id().try_into()?).ok_or("no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// The exit code, and the rest of the log.
    fn end(mut self) -> Result<(Option<i32>, Vec<String>), Box<dyn Error>> {
        let mut rest = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => return Ok((self.child.wait()?.code(), rest)),
                Err(RecvTimeoutError::Timeout) => return Err("it does not end".into()),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exporter(arguments: &[&str]) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

fn expect(holds: bool, found: &str) -> Outcome {
    if holds { Ok(()) } else { Err(format!("found {found}").into()) }
}

fn ask(mut stream: impl Read + Write) -> Result<String, Box<dyn Error>> {
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn wrong_configuration_is_one_line_and_code_2(directory: &Path) -> Outcome {
    let file = directory.join("web.yml");
    fs::write(&file, "basic_auth_users:\n  alice: CANARY\n")?;
    let (code, log) = Running::start(&mut exporter(&[&format!("--web.config.file={}", file.display())])?)?.end()?;
    let expected = format!(
        "test-exporter: {}:2: basic_auth_users.alice: found no bcrypt hash, expected one such as htpasswd -nBC 10 makes: $2y$10$ and 53 characters",
        file.display()
    );
    expect(code == Some(2) && log == [expected], &format!("{code:?} {log:?}"))
}

fn hangup_reads_the_configuration_again(directory: &Path) -> Outcome {
    let file = directory.join("web.yml");
    fs::write(&file, "")?;
    let mut running = Running::start(&mut exporter(&["--web.config.file", &file.display().to_string()])?)?;
    running.answers()?;
    fs::write(&file, "nonsense")?;
    running.signal(Signal::HUP)?;
    let line = running.line("the last good one holds")?;
    expect(line.contains("expected a mapping"), &line)?;
    fs::write(&file, "")?;
    running.signal(Signal::HUP)?;
    running.line("is read again")?;
    running.signal(Signal::TERM)?;
    let (code, log) = running.end()?;
    expect(code == Some(0), &format!("{code:?} {log:?}"))
}

fn hangup_without_a_configuration_is_survived(_: &Path) -> Outcome {
    let mut running = Running::start(&mut exporter(&[])?)?;
    running.answers()?;
    running.signal(Signal::HUP)?;
    running.line("Nothing to read again")?;
    running.signal(Signal::TERM)?;
    let (code, log) = running.end()?;
    expect(code == Some(0), &format!("{code:?} {log:?}"))
}

/// Hands sockets over as systemd does: from descriptor 3 on, to the process that `LISTEN_PID` names.
fn activated(sockets: [OwnedFd; 2]) -> Result<Running, Box<dyn Error>> {
    let [first, second] = sockets;
    let script = r#"LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" --web.systemd-socket 3<&0 4<&1"#;
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(env::current_exe()?).stdin(first).stdout(second);
    Running::start(&mut command)
}

fn sockets_of_systemd_are_served(directory: &Path) -> Outcome {
    let path = directory.join("exporter.sock");
    let (tcp, unix) = (TcpListener::bind("127.0.0.1:0")?, UnixListener::bind(&path)?);
    let address = tcp.local_addr()?;
    let mut running = activated([tcp.into(), unix.into()])?;
    running.line(&address.to_string())?;
    running.line("exporter.sock")?;
    for answer in [ask(TcpStream::connect(address)?)?, ask(UnixStream::connect(&path)?)?] {
        expect(answer.starts_with("HTTP/1.1 200"), &answer)?;
    }
    Ok(())
}

fn missing_socket_is_an_error(_: &Path) -> Outcome {
    let (code, log) = Running::start(&mut exporter(&["--web.systemd-socket"])?)?.end()?;
    let expected = "--web.systemd-socket: found no socket in LISTEN_FDS, expected one that systemd activated";
    expect(code == Some(1) && log.len() == 1 && log.iter().all(|line| line.contains(expected)), &format!("{code:?} {log:?}"))
}
