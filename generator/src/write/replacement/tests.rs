//! A run that ends after each of its steps.

use std::collections::BTreeMap;

use super::*;
use crate::Site;
use crate::render::MANIFEST;
use crate::write::disk::Filesystem;
use crate::write::{Drift, differences, replace};

/// A disk that refuses one step.
struct Faulty {
    /// How many steps go well before.
    before: usize,
    /// What comes after: nothing more, as for a process that is killed, or success, as on a disk that was full for a moment.
    then: Then,
}

#[derive(PartialEq)]
enum Then {
    Killed,
    Well,
}

impl Faulty {
    fn step(&mut self, run: impl FnOnce(&mut Filesystem) -> io::Result<()>) -> io::Result<()> {
        match self.before.checked_sub(1) {
            Some(before) => self.before = before,
            None if self.then == Then::Killed => return Err(io::Error::other("killed")),
            None => {
                self.before = usize::MAX;
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        run(&mut Filesystem)
    }
}

impl Disk for Faulty {
    fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.step(|disk| disk.create_directory(path))
    }

    fn create(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.before == 0 && self.then == Then::Killed && path.parent().is_some_and(Path::is_dir) && !path.exists() {
            // Killed while it writes.
            fs::write(path, &bytes[..bytes.len() / 2])?;
        }
        self.step(|disk| disk.create(path, bytes))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|disk| disk.rename(from, to))
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.step(|disk| disk.remove_file(path))
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.step(|disk| disk.remove_directory(path))
    }
}

/// Every file below a directory with what it holds, and every directory.
pub(super) fn tree(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut tree = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tree.extend(self::tree(&path));
            tree.insert(path, None);
        } else {
            tree.insert(path.clone(), Some(fs::read(&path).unwrap()));
        }
    }
    tree
}

/// Of many runbooks two are enough, and of the tests one: what ends at every step of a run takes the square of its files.
pub(super) fn is_shown(file: &File) -> bool {
    let many = ["runbooks/", "tests/"].iter().any(|directory| file.path().starts_with(directory));
    !many || ["runbooks/RedisDown.md", "runbooks/Watchdog.md", "tests/host_test.yml"].contains(&file.path())
}

/// Two renderings: the later one has other contents in two files, one file more and one less.
fn renderings() -> (Vec<File>, Vec<File>) {
    let mut before = crate::render(&Site::default()).unwrap();
    let mut site = Site::default();
    site.read_env("CLUSTER=west").unwrap();
    let mut after = crate::render(&site).unwrap();
    let without = |files: &mut Vec<File>, path: &str| {
        files.retain(|file| file.path() != path && is_shown(file));
        let paths: Vec<String> = files.iter().map(|file| file.path().to_owned()).collect();
        files.retain(|file| file.path() != MANIFEST);
        files.push(File::in_set(MANIFEST, paths.join("\n")));
    };
    without(&mut before, "runbooks/Watchdog.md");
    without(&mut after, "tests/host_test.yml");
    (before, after)
}

/// Whether files that a reader may look at are all of `old` or all of `new`, each whole.
pub(super) fn each_file_is_whole(
    tree: &BTreeMap<PathBuf, Option<Vec<u8>>>,
    old: &BTreeMap<PathBuf, Option<Vec<u8>>>,
    new: &BTreeMap<PathBuf, Option<Vec<u8>>>,
) {
    let hidden = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".staged") || name == ".journal"
    };
    for path in tree.keys().filter(|path| !hidden(path)) {
        let found = tree.get(path);
        assert!(found == old.get(path) || found == new.get(path), "{}", path.display());
    }
}

#[test]
fn a_run_that_ends_anywhere_is_undone_or_finished_by_the_next() {
    let (before, after) = renderings();
    for steps in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let destination = Destination::project(directory.path());
        replace(&before, &destination).unwrap();
        let old = tree(directory.path());
        let ended = Replacement::new(&destination, &mut Faulty { before: steps, then: Then::Killed }).run(&after);
        let between = tree(directory.path());
        replace(&after, &destination).unwrap();
        let new = tree(directory.path());

        each_file_is_whole(&between, &old, &new);
        assert!(differences(&after, &destination).unwrap().is_empty());
        assert!(new.keys().all(|path| !path.to_string_lossy().ends_with("staged") && !path.ends_with(".journal")), "{steps}");
        assert!(!directory.path().join("generated/tests").exists(), "the directory of a stale file is removed with it");
        if ended.is_ok() {
            assert_eq!(between, new);
            assert!(steps > 10);
            return;
        }
    }
}

#[test]
fn a_first_run_that_ends_anywhere_is_finished_by_the_next() {
    let (_, after) = renderings();
    for steps in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let destination = Destination::set(directory.path().join("a/b"));
        let ended = Replacement::new(&destination, &mut Faulty { before: steps, then: Then::Killed }).run(&after);
        replace(&after, &destination).unwrap();
        assert!(differences(&after, &destination).unwrap().is_empty());
        if ended.is_ok() {
            return;
        }
    }
}

#[test]
fn a_disk_that_fills_up_while_staging_leaves_everything_as_it_was() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::set(directory.path().join("a/b"));
    let journal = Plan::new(&after, &destination).unwrap().journal;
    // Two directories, the journal's two steps, the set's directories and files.
    let staging = 4 + journal.directories.len() + journal.replace.len();
    for step in 0..staging {
        let error = Replacement::new(&destination, &mut Faulty { before: step, then: Then::Well }).run(&after).unwrap_err();
        assert!(matches!(&error, WriteError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull), "{error}");
        assert_eq!(tree(directory.path()), BTreeMap::new(), "step {step}");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::project(directory.path());
    assert!(!replace(&after, &destination).unwrap().is_empty());
    assert!(replace(&after, &destination).unwrap().is_empty());
}

#[test]
fn other_peoples_files_stay() {
    let (before, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::set(directory.path());
    replace(&before, &destination).unwrap();
    let own = directory.path().join("tests/own.yml");
    fs::write(&own, "own").unwrap();

    let changed = replace(&after, &destination).unwrap();

    assert!(changed.contains(&"tests/host_test.yml".to_owned()));
    assert!(!directory.path().join("tests/host_test.yml").exists());
    assert_eq!(fs::read_to_string(own).unwrap(), "own");
}

#[test]
fn differences_name_each_file() {
    let (before, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::project(directory.path());
    replace(&before, &destination).unwrap();

    let found = differences(&after, &destination).unwrap();

    let of = |drift| found.iter().filter(|difference| difference.drift() == drift).map(|difference| difference.path().to_owned()).collect::<Vec<_>>();
    assert_eq!(of(Drift::Differs), ["generated/prometheus.yml", "generated/.manifest"]);
    assert_eq!(of(Drift::Missing), ["generated/runbooks/Watchdog.md"]);
    assert_eq!(of(Drift::Stale), ["generated/tests/host_test.yml"]);
    assert_eq!(found[0].to_string(), "generated/prometheus.yml differs");
}

#[test]
fn a_directory_in_the_place_of_a_file_is_named() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let odd = directory.path().join("prometheus.yml");
    fs::create_dir(&odd).unwrap();
    let before = tree(directory.path());

    let error = replace(&after, &Destination::set(directory.path())).unwrap_err().to_string();

    assert_eq!(error, format!("{} is not a regular file, so it is not replaced", odd.display()));
    assert_eq!(tree(directory.path()), before);
}

#[test]
fn a_file_in_the_place_of_a_directory_is_named() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let odd = directory.path().join("file");
    fs::write(&odd, "file").unwrap();

    let error = replace(&after, &Destination::set(&odd)).unwrap_err().to_string();
    assert_eq!(error, format!("{} is not a directory", odd.display()));
    let error = replace(&after, &Destination::set(odd.join("site"))).unwrap_err().to_string();
    assert_eq!(error, format!("{} is not a directory", odd.display()));
    fs::write(directory.path().join("runbooks"), "file").unwrap();
    let error = replace(&after, &Destination::set(directory.path())).unwrap_err().to_string();
    assert_eq!(error, format!("{} is not a directory", directory.path().join("runbooks").display()));
}

#[test]
fn links_are_neither_followed_nor_replaced() {
    use std::os::unix::fs::symlink;

    let (_, after) = renderings();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("mine"), "mine").unwrap();
    let dangling = elsewhere.path().join("nothing");
    for (link, target) in [("prometheus.yml", "mine"), ("alertmanager.yml", "nothing"), ("runbooks", "."), (MANIFEST, "mine"), (".journal", "mine")] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(link);
        symlink(elsewhere.path().join(target), &path).unwrap();

        let error = replace(&after, &Destination::set(directory.path())).unwrap_err().to_string();

        let expected = "is a symbolic link, so it is neither followed nor replaced: take it away, or name the directory that it leads to";
        assert_eq!(error, format!("{} {expected}", path.display()));
        assert!(path.is_symlink() && fs::read_dir(directory.path()).unwrap().count() == 1, "{link}");
    }
    assert_eq!(fs::read_to_string(elsewhere.path().join("mine")).unwrap(), "mine");
    assert!(!dangling.exists() && fs::read_dir(elsewhere.path()).unwrap().count() == 1);
}

#[test]
fn the_directory_itself_may_be_a_link() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let (real, link) = (directory.path().join("real"), directory.path().join("link"));
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();

    replace(&after, &Destination::set(&link)).unwrap();

    assert!(link.is_symlink() && real.join("prometheus.yml").is_file());
}

#[test]
fn a_disk_that_refuses_is_quoted() {
    /// Refuses to write, as a disk that is full or mounted read-only does.
    struct Refusing(io::ErrorKind);
    impl Disk for Refusing {
        fn create_directory(&mut self, _: &Path) -> io::Result<()> {
            Err(self.0.into())
        }
        fn create(&mut self, _: &Path, _: &[u8]) -> io::Result<()> {
            Err(self.0.into())
        }
        fn rename(&mut self, _: &Path, _: &Path) -> io::Result<()> {
            Err(self.0.into())
        }
        fn remove_file(&mut self, _: &Path) -> io::Result<()> {
            Err(self.0.into())
        }
        fn remove_directory(&mut self, _: &Path) -> io::Result<()> {
            Err(self.0.into())
        }
    }
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::set(directory.path());
    let journal = directory.path().join("..journal.staged");
    for (kind, reason) in [
        (io::ErrorKind::StorageFull, "no storage space"),
        (io::ErrorKind::QuotaExceeded, "quota exceeded"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only filesystem or storage medium"),
        (io::ErrorKind::PermissionDenied, "permission denied"),
    ] {
        let error = Replacement::new(&destination, &mut Refusing(kind)).run(&after).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!((error.to_string(), source.as_str()), (format!("cannot write {}", journal.display()), reason));
        assert_eq!(tree(directory.path()), BTreeMap::new());
    }
}

#[test]
fn what_others_name_is_replaced_first() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let plan = Plan::new(&after, &Destination::set(directory.path())).unwrap();
    assert!(plan.journal.replace.ends_with(&["prometheus.yml", "alertmanager.yml", MANIFEST].map(str::to_owned)), "{:?}", plan.journal.replace);
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let held = fs::File::open(directory.path()).unwrap();
    held.try_lock().unwrap();

    let error = replace(&after, &Destination::set(directory.path())).unwrap_err().to_string();

    assert_eq!(error, format!("another run is writing to {}", directory.path().display()));
}

#[test]
fn containers_can_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_, after) = renderings();
    let directory = tempfile::tempdir().unwrap();
    let destination = Destination::set(directory.path().join("site"));
    replace(&after, &destination).unwrap();
    for path in tree(directory.path()).into_keys() {
        let expected = if path.is_dir() { 0o755 } else { 0o644 };
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, expected, "{}", path.display());
    }
}
