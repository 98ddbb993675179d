//! A run in a process of its own that is killed (SIGKILL) at each of its steps.
//!
//! The process is this test program again, told by its environment where to write and at which step to end.

use std::env;
use std::process::Command;

use rustix::process::{Signal, getpid, kill_process};

use super::tests::{each_file_is_whole, is_shown, tree};
use super::*;
use crate::Site;
use crate::render::Place;
use crate::write::disk::Filesystem;
use crate::write::{differences, replace};

/// Where the process writes.
const DIRECTORY: &str = "GENERATOR_TEST_DIRECTORY";

/// The step before which it is killed.
const STEP: &str = "GENERATOR_TEST_STEP";

/// A rule file that only the earlier set has: whoever replaces a configuration before or after the files that it names
/// leaves a moment in which one of them is missing.
const EARLIER_RULES: &str = "earlier_rules.yml";

/// A disk that kills its process, in the middle of a write or before another step.
struct Deadly {
    steps: usize,
}

impl Deadly {
    fn step(&mut self, half: impl FnOnce() -> io::Result<()>, whole: impl FnOnce(&mut Filesystem) -> io::Result<()>) -> io::Result<()> {
        if let Some(rest) = self.steps.checked_sub(1) {
            self.steps = rest;
        } else {
            half()?;
            kill_process(getpid(), Signal::KILL)?;
        }
        whole(&mut Filesystem)
    }
}

impl Disk for Deadly {
    fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.step(|| Ok(()), |disk| disk.create_directory(path))
    }

    fn create(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(|| fs::write(path, &bytes[..bytes.len() / 2]), |disk| disk.create(path, bytes))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| Ok(()), |disk| disk.rename(from, to))
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.step(|| Ok(()), |disk| disk.remove_file(path))
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.step(|| Ok(()), |disk| disk.remove_directory(path))
    }
}

/// The earlier and the later set of a site whose secrets are in `directory`.
fn sets(directory: &Path) -> (Vec<File>, Vec<File>) {
    let mut site = Site::default();
    site.set_secrets_directory(&directory.join("secrets").to_string_lossy());
    let later: Vec<File> = crate::render(&site).unwrap().into_iter().filter(is_shown).collect();
    site.read_env("CLUSTER=west\nALERTMANAGER_WEBHOOK_USER=other\n").unwrap();
    let earlier = crate::render(&site).unwrap();
    let renamed = |text: &str| text.replace("recording_rules.yml", EARLIER_RULES);
    let earlier = earlier.iter().filter(|file| file.place() == Place::Set && is_shown(file) && !file.path().starts_with("tests/"));
    let earlier = earlier.map(|file| File::in_set(&renamed(file.path()), renamed(&String::from_utf8_lossy(file.bytes()))));
    (earlier.collect(), later)
}

/// Prometheus and Alertmanager would load what is there.
fn assert_loadable(directory: &Path, moment: &str) {
    for (program, arguments) in [("promtool", ["check", "config", "prometheus.yml"].as_slice()), ("amtool", &["check-config", "alertmanager.yml"])] {
        let output =
            Command::new(program).current_dir(directory).args(arguments).output().expect("apt-get install prometheus prometheus-alertmanager");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{moment}: {}", String::from_utf8_lossy(&said));
    }
}

/// Every secret file that the set names, so that its checkers find them.
fn make_secrets(directory: &Path, files: &[File]) {
    fs::create_dir(directory.join("secrets")).unwrap();
    for file in files {
        for line in String::from_utf8_lossy(file.bytes()).lines() {
            if let Some((_, path)) = line.split_once("_file: ").filter(|(_, path)| Path::new(path).starts_with(directory)) {
                fs::write(path, "http://127.0.0.1/secret").unwrap();
            }
        }
    }
}

#[test]
fn the_process_that_is_killed() {
    let (Some(directory), Some(step)) = (env::var_os(DIRECTORY), env::var(STEP).ok()) else { return };
    let directory = PathBuf::from(directory);
    let (_, later) = sets(&directory);
    Replacement::new(&Destination::set(directory.join("set")), &mut Deadly { steps: step.parse().unwrap() }).run(&later).unwrap();
}

#[test]
fn a_process_killed_at_any_step_leaves_a_set_that_loads() {
    let directory = tempfile::tempdir().unwrap();
    let (earlier, later) = sets(directory.path());
    make_secrets(directory.path(), &later);
    let set = directory.path().join("set");
    let destination = Destination::set(&set);
    replace(&later, &destination).unwrap();
    let new = tree(&set);
    for step in 0.. {
        replace(&earlier, &destination).unwrap();
        let old = tree(&set);

        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "write::replacement::kills::the_process_that_is_killed"]);
        let ended = process.env(DIRECTORY, directory.path()).env(STEP, step.to_string()).output().unwrap().status;

        let moment = format!("killed at step {step}");
        each_file_is_whole(&tree(&set), &old, &new);
        assert_loadable(&set, &moment);
        replace(&later, &destination).unwrap();
        assert_eq!(differences(&later, &destination).unwrap(), [], "{moment}");
        assert!(tree(&set) == new, "{moment}");
        if ended.success() {
            assert!(step > 10, "{step} steps");
            return;
        }
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(9), "{moment}");
    }
}
