//! What the program leaves on a disk that it may not write to, that another run writes to, or that it is killed over.

use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::geteuid;

type Outcome = Result<(), Box<dyn Error>>;

/// Debian's `nobody`.
const NOBODY: u32 = 65_534;

/// How often a run is killed, at moments spread over its length.
const KILLS: u32 = 12;

const PROGRAM: &str = env!("CARGO_BIN_EXE_generator");

fn generator(directory: &Path, arguments: &[&str]) -> Command {
    command(Path::new(PROGRAM), directory, arguments)
}

fn command(program: &Path, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_directory_without_permission_is_named_and_left_alone() -> Outcome {
    let directory = tempfile::tempdir()?;
    let site = directory.path().join("site");
    fs::create_dir(&site)?;
    // Where anybody may run it, whatever the permissions of the checkout are.
    let program = directory.path().join("generator");
    fs::copy(PROGRAM, &program)?;
    fs::set_permissions(&site, fs::Permissions::from_mode(0o555))?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555))?;
    for (output, message) in [
        ("site", "error: cannot write site/..journal.staged: Permission denied (os error 13)\n"),
        ("other", "error: cannot create other: Permission denied (os error 13)\n"),
    ] {
        let mut command = command(&program, directory.path(), &["--output", output]);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = loop {
            match command.output() {
                // A child that another test has just forked holds the copy open for writing until it becomes another program.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(Duration::from_millis(10)),
                output => break output?,
            }
        };
        assert_eq!(code_and_error(&output), (Some(2), message.to_owned()));
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    assert_eq!(fs::read_dir(&site)?.count(), 0);
    Ok(())
}

#[test]
fn links_in_the_directory_are_named_and_left_alone() -> Outcome {
    let directory = tempfile::tempdir()?;
    let site = directory.path().join("site");
    fs::create_dir(&site)?;
    fs::write(directory.path().join("mine"), "mine")?;
    symlink("../mine", site.join("prometheus.yml"))?;

    let run = generator(directory.path(), &["--output", "site"]).output()?;

    let message = "error: site/prometheus.yml is a symbolic link, so it is neither followed nor replaced: take it away, or name the directory that it leads to\n";
    assert_eq!(code_and_error(&run), (Some(2), message.to_owned()));
    assert_eq!(fs::read_to_string(directory.path().join("mine"))?, "mine");
    assert_eq!(fs::read_dir(&site)?.count(), 1);
    Ok(())
}

#[test]
fn runs_at_once_take_turns_or_say_so() -> Outcome {
    let directory = tempfile::tempdir()?;
    for _ in 0..4 {
        let processes: Vec<_> = (0..4).map(|_| generator(directory.path(), &["--output", "site"]).spawn()).collect::<io::Result<_>>()?;
        let outputs: Vec<_> = processes.into_iter().map(std::process::Child::wait_with_output).collect::<io::Result<_>>()?;
        assert!(outputs.iter().any(|output| output.status.success()));
        for output in outputs.iter().filter(|output| !output.status.success()) {
            assert_eq!(code_and_error(output), (Some(2), "error: another run is writing to site\n".to_owned()));
        }
        assert!(generator(directory.path(), &["--output", "site", "--check"]).output()?.status.success());
        fs::remove_dir_all(directory.path().join("site"))?;
    }
    Ok(())
}

#[test]
fn a_killed_run_is_undone_or_finished_by_the_next() -> Outcome {
    let directory = tempfile::tempdir()?;
    for name in ["east", "west"] {
        fs::write(directory.path().join(name), format!("CLUSTER={name}\n"))?;
    }
    let start = Instant::now();
    assert!(generator(directory.path(), &["--output", "site", "--env-file", "west"]).output()?.status.success());
    let length = start.elapsed();
    for kill in 0..KILLS {
        let name = if kill % 2 == 0 { "east" } else { "west" };
        let arguments = ["--output", "site", "--env-file", name];
        let mut run = generator(directory.path(), &arguments).spawn()?;
        thread::sleep(length * kill / KILLS);
        run.kill()?;
        run.wait()?;

        let text = fs::read_to_string(directory.path().join("site/prometheus.yml"))?;
        assert!(text.contains("cluster: east") || text.contains("cluster: west"), "a file is never half written: {text}");
        let next = generator(directory.path(), &arguments).output()?;
        assert_eq!(code_and_error(&next), (Some(0), String::new()));
        let check = generator(directory.path(), &[["--check"].as_slice(), &arguments].concat()).output()?;
        assert_eq!((check.status.code(), String::from_utf8_lossy(&check.stdout).as_ref()), (Some(0), ""));
    }
    assert!(length > Duration::ZERO);
    Ok(())
}
