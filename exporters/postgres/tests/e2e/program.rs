//! Child processes that end with their test.

use std::{
    io::ErrorKind,
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take to come about: generous, since the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A process that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Program(pub(crate) Child);

impl Program {
    /// Starts a command; a program that is missing fails with the line that installs it.
    pub(crate) fn start(command: &mut Command, package: &str) -> Self {
        match command.stdin(Stdio::null()).spawn() {
            Ok(child) => Self(child),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("{} is not installed; run: apt-get install --yes {package}", command.get_program().display())
            }
            Err(error) => panic!("cannot start {command:?}: {error}"),
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Ends it and waits for its end.
    pub(crate) fn end(&mut self, signal: Signal) {
        if self.0.try_wait().unwrap().is_none() {
            self.signal(signal);
            self.0.wait().unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// A command that inherits nothing but the path: a developer's own variables must not reach a test.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A port of 127.0.0.1 on which nothing listened a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// What `check` first gives; fails naming `what` when patience is over.
pub(crate) fn until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "still waiting for: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
