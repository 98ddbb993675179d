//! One run: stage, commit, rename; and how the next one undoes or finishes it.

use std::ffi::OsString;
use std::fs::{self, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::journal::{Journal, Phase};
use super::plan::Plan;
use super::{Destination, WriteError};
use crate::render::File;

/// Whether an open directory is the one that its path leads to.
fn is_still(open: &fs::File, path: &Path) -> bool {
    let identity = |metadata: io::Result<fs::Metadata>| metadata.ok().map(|metadata| (metadata.dev(), metadata.ino()));
    identity(open.metadata()) == identity(fs::metadata(path))
}

/// A run over a disk.
pub(super) struct Replacement<'a, D> {
    destination: &'a Destination,
    disk: &'a mut D,
}

impl<'a, D: Disk> Replacement<'a, D> {
    pub(super) fn new(destination: &'a Destination, disk: &'a mut D) -> Self {
        Self { destination, disk }
    }

    /// Does what the module says, and returns the paths that changed.
    pub(super) fn run(mut self, files: &[File]) -> Result<Vec<String>, WriteError> {
        let home = self.destination.home();
        let made = self.make_home()?;
        // The system lets go of the lock when the process ends in any way.
        let lock = fs::File::open(&home).map_err(|source| WriteError::Io { action: "open", path: home.clone(), source })?;
        match lock.try_lock() {
            Ok(()) if is_still(&lock, &home) => {}
            // Whoever holds it, or has just removed what it stood in, may be at work on what this run made.
            Ok(()) | Err(TryLockError::WouldBlock) => return Err(WriteError::Busy(home)),
            Err(TryLockError::Error(source)) => return Err(WriteError::Io { action: "lock", path: home, source }),
        }
        let result = self.alone(files);
        if result.is_err() {
            self.remove_empty(made.iter().rev());
        }
        // Closing would not do: a child just forked shares the lock until it becomes another program.
        lock.unlock().map_err(|source| WriteError::Io { action: "unlock", path: home, source })?;
        result
    }

    /// What runs while no other run does.
    fn alone(&mut self, files: &[File]) -> Result<Vec<String>, WriteError> {
        self.recover()?;
        let plan = Plan::new(files, self.destination)?;
        if plan.is_empty() {
            return Ok(Vec::new());
        }
        if let Err(error) = self.stage(&plan) {
            // What cannot be undone now is undone by the next run: the journal is still there.
            let _ = self.recover();
            return Err(error);
        }
        self.recover()?;
        Ok(plan.journal.replace.into_iter().chain(plan.journal.remove).collect())
    }

    /// Makes the set's directory, and returns the directories that it made.
    fn make_home(&mut self) -> Result<Vec<PathBuf>, WriteError> {
        let home = self.destination.home();
        let missing: Vec<PathBuf> =
            home.ancestors().take_while(|path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err()).map(Path::to_owned).collect();
        let mut made = Vec::new();
        for path in missing.into_iter().rev() {
            if let Err(error) = self.create_directory(&path) {
                self.remove_empty(made.iter().rev());
                return Err(error);
            }
            made.push(path);
        }
        if home.is_dir() { Ok(made) } else { Err(WriteError::NotADirectory(home)) }
    }

    /// Everything up to the point of no return, which is the last rename.
    fn stage(&mut self, plan: &Plan<'_>) -> Result<(), WriteError> {
        self.write_journal(&plan.journal)?;
        for directory in &plan.journal.directories {
            self.create_directory(&self.destination.absolute(directory))?;
        }
        for (path, bytes) in plan.journal.replace.iter().zip(&plan.contents) {
            self.create(&staged(&self.destination.absolute(path)), bytes)?;
        }
        self.write_journal(&Journal { phase: Phase::Committing, ..plan.journal.clone() })
    }

    /// Undoes or finishes what the journal says; nothing, if there is none.
    fn recover(&mut self) -> Result<(), WriteError> {
        let path = self.destination.journal();
        self.remove(&staged(&path))?;
        let Some(journal) = Journal::read(&path)? else { return Ok(()) };
        match journal.phase {
            Phase::Staging => self.undo(&journal)?,
            Phase::Committing => self.finish(&journal)?,
        }
        self.remove(&path)
    }

    fn undo(&mut self, journal: &Journal) -> Result<(), WriteError> {
        for path in &journal.replace {
            self.remove(&staged(&self.destination.absolute(path)))?;
        }
        let directories: Vec<PathBuf> = journal.directories.iter().map(|path| self.destination.absolute(path)).collect();
        self.remove_empty(directories.iter().rev());
        Ok(())
    }

    fn finish(&mut self, journal: &Journal) -> Result<(), WriteError> {
        for path in &journal.replace {
            let target = self.destination.absolute(path);
            let staged = staged(&target);
            // Renamed already, if it is gone.
            if staged.symlink_metadata().is_ok() {
                self.disk.rename(&staged, &target).map_err(|source| WriteError::Io { action: "replace", path: target, source })?;
            }
        }
        for path in &journal.remove {
            let target = self.destination.absolute(path);
            self.remove(&target)?;
            let home = self.destination.home();
            let above: Vec<PathBuf> = target.ancestors().skip(1).take_while(|directory| **directory != home).map(Path::to_owned).collect();
            self.remove_empty(above.iter());
        }
        Ok(())
    }

    fn write_journal(&mut self, journal: &Journal) -> Result<(), WriteError> {
        let path = self.destination.journal();
        let failed = |source: io::Error| WriteError::Io { action: "write", path: path.clone(), source };
        let bytes = serde_json::to_vec_pretty(journal).map_err(|error| failed(error.into()))?;
        self.create(&staged(&path), &bytes)?;
        self.disk.rename(&staged(&path), &path).map_err(failed)
    }

    fn create(&mut self, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        self.disk.create(path, bytes).map_err(|source| WriteError::Io { action: "write", path: path.to_owned(), source })
    }

    fn create_directory(&mut self, path: &Path) -> Result<(), WriteError> {
        self.disk.create_directory(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotADirectory => WriteError::NotADirectory(path.parent().unwrap_or(path).to_owned()),
            _ => WriteError::Io { action: "create", path: path.to_owned(), source },
        })
    }

    /// Removes a file, if it is there.
    fn remove(&mut self, path: &Path) -> Result<(), WriteError> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.disk.remove_file(path).map_err(|source| WriteError::Io { action: "remove", path: path.to_owned(), source })
    }

    /// Removes directories as long as they are empty. Others' files keep theirs, and so does a disk that refuses: an empty
    /// directory harms nobody.
    fn remove_empty<'p>(&mut self, directories: impl Iterator<Item = &'p PathBuf>) {
        for directory in directories {
            let _ = self.disk.remove_directory(directory);
        }
    }
}

/// Where a file is staged: beside its target, so that a rename never leaves the file system.
fn staged(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".staged");
    target.with_file_name(name)
}

#[cfg(test)]
mod kills;
#[cfg(test)]
mod tests;
