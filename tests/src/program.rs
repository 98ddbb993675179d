//! A child process in a temporary directory, and what the kernel says of it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{PATIENCE, wait};

/// Lines of `program package`, shared with `run.sh`.
const PACKAGES: &str = include_str!("../debian.txt");

/// How much of a program's output is shown when its test fails.
const SHOWN_LINES: usize = 30;

/// A command that inherits nothing but `PATH`: a developer's `REDIS_ADDR` must not reach a test.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Starts `command`, which needs `program`; panics with the line that installs a program which is missing.
pub fn spawn(command: &mut Command) -> Child {
    match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => panic!("{}", missing(&command.get_program().to_string_lossy())),
        Err(error) => panic!("cannot start {command:?}: {error}"),
    }
}

/// A running child process. Its output goes to the file `log` in its directory, which is also its working directory.
/// It is killed when dropped; when a test fails, the end of its output is shown.
#[derive(Debug)]
pub struct Program {
    command: Command,
    child: Child,
    directory: TempDir,
}

impl Program {
    /// Starts `command` in a fresh temporary directory.
    #[must_use]
    pub fn start(command: Command) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), command)
    }

    /// Starts `command` in `directory`, which is removed with the program.
    #[must_use]
    pub fn start_in(directory: TempDir, mut command: Command) -> Self {
        command.current_dir(directory.path()).stdin(Stdio::null());
        let child = launch(&mut command, directory.path());
        Self { command, child, directory }
    }

    /// Ends the process if it still runs and starts the same command in the same directory.
    pub fn restart(&mut self) {
        self.kill();
        self.child = launch(&mut self.command, self.directory.path());
    }

    /// The working directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Everything written to stdout and stderr so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.directory.path().join("log")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Waits until `check` gives a value; fails at once with the log if the process ends meanwhile.
    pub fn until<T>(&mut self, what: &str, mut check: impl FnMut() -> Option<T>) -> T {
        wait::until(what, PATIENCE, || {
            if let Some(status) = self.exited() {
                panic!("{} ended with {status} while waiting for {what}:\n{}", self.command.get_program().display(), self.log());
            }
            check()
        })
    }

    /// How the process ended, if it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Asks the process to end (SIGTERM), and kills it once `deadline` has passed.
    pub fn stop(&mut self, deadline: Duration) -> ExitStatus {
        self.end(Signal::TERM, deadline)
    }

    /// Asks the process to end at once and to clear up after itself (SIGQUIT), and kills it once `deadline` has passed.
    pub fn quit(&mut self, deadline: Duration) -> ExitStatus {
        self.thaw();
        self.end(Signal::QUIT, deadline)
    }

    fn end(&mut self, signal: Signal, deadline: Duration) -> ExitStatus {
        self.signal(signal);
        let end = std::time::Instant::now() + deadline;
        wait::until("a killed process to end", deadline + PATIENCE, || {
            if std::time::Instant::now() > end {
                self.signal(Signal::KILL);
            }
            self.exited()
        })
    }

    /// Ends the process at once (SIGKILL).
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("a child can be waited for");
    }

    /// Stops the process in its tracks (SIGSTOP): the kernel still accepts its connections.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen process run on (SIGCONT).
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    /// The process' id, as long as it runs.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a running process has VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("VmRSS is a number of kB") * 1024
    }

    /// User and system CPU time spent so far, in steps of a clock tick.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let stat = self.proc("stat");
        let (_, fields) = stat.rsplit_once(") ").expect("the name ends in a parenthesis");
        // Fields are numbered from 1 in proc(5), and `fields` starts with the third: utime is 14, stime 15.
        let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
    }

    /// Number of open file descriptors.
    #[must_use]
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("a running process has descriptors").count()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("a running process has files in /proc")
    }

    fn signal(&mut self, signal: Signal) {
        // Once waited for, the id may belong to another process.
        if self.exited().is_none() {
            kill_process(Pid::from_child(&self.child), signal).expect("a child can be signalled");
        }
    }
}

impl Drop for Program {
    #[expect(clippy::print_stderr, reason = "what a failed test's programs said is its best explanation")]
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
            eprintln!("--- {}\n{tail}", self.command.get_program().display());
        }
    }
}

fn launch(command: &mut Command, directory: &Path) -> Child {
    let log = File::options().create(true).append(true).open(directory.join("log")).expect("a log can be written");
    command.stdout(log.try_clone().expect("a descriptor is free")).stderr(log);
    spawn(command)
}

fn missing(program: &str) -> String {
    let package = PACKAGES.lines().find_map(|line| line.split_once(' ').filter(|(name, _)| *name == program));
    package.map_or_else(
        || format!("{program} does not exist"),
        |(_, package)| format!("{program} is not installed; run: apt-get install --yes {package}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_program_names_its_package() {
        assert_eq!(missing("promtool"), "promtool is not installed; run: apt-get install --yes prometheus");
    }

    #[test]
    fn output_is_kept_across_restarts() {
        let mut echo = command("sh");
        echo.args(["-c", "echo out; echo err >&2; exec sleep 60"]);
        let mut program = Program::start(echo);
        wait::until("the first lines", PATIENCE, || (program.log() == "out\nerr\n").then_some(()));

        program.restart();

        wait::until("the second lines", PATIENCE, || (program.log() == "out\nerr\nout\nerr\n").then_some(()));
    }

    #[test]
    fn stubborn_process_is_killed() {
        let mut deaf = command("sh");
        deaf.args(["-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"]);
        let mut program = Program::start(deaf);
        wait::until("the trap", PATIENCE, || (program.log() == "ready\n").then_some(()));

        assert!(!program.stop(Duration::from_millis(50)).success());
    }

    #[test]
    fn kernel_figures_are_read() {
        let mut sleep = command("sleep");
        sleep.arg("60");
        let program = Program::start(sleep);

        assert!(program.resident_bytes() > 0);
        assert!(program.cpu_time() < Duration::from_secs(10));
        assert!(program.open_files() >= 3);
    }
}
