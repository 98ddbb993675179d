//! What has to change on disk to make it the rendering.

use std::path::Path;

use super::disk::read;
use super::journal::{Journal, Phase};
use super::{Destination, WriteError};
use crate::render::{File, MANIFEST};

/// Files that name other files of the set, in the order in which they are replaced.
const REFERRING: [&str; 3] = ["prometheus.yml", "alertmanager.yml", MANIFEST];

/// The files of one run, and its journal.
pub(super) struct Plan<'a> {
    pub(super) journal: Journal,
    /// What each of the journal's replaced files will hold, in the same order.
    pub(super) contents: Vec<&'a [u8]>,
}

impl<'a> Plan<'a> {
    /// Compares, and changes nothing.
    pub(super) fn new(files: &'a [File], destination: &Destination) -> Result<Self, WriteError> {
        let files = destination.select(files);
        let mut journal = Journal { phase: Phase::Staging, remove: destination.stale(&files)?, ..Journal::default() };
        for path in &journal.remove {
            refuse_links(path, destination)?;
        }
        let mut contents = Vec::new();
        for (path, file) in in_order(files) {
            refuse_links(&path, destination)?;
            if read(&destination.absolute(&path))?.is_some_and(|bytes| bytes == file.bytes()) {
                continue;
            }
            add_directories(&mut journal.directories, &path, destination)?;
            journal.replace.push(path);
            contents.push(file.bytes());
        }
        Ok(Self { journal, contents })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.journal.replace.is_empty() && self.journal.remove.is_empty()
    }
}

/// The files that others name come before those that name them: whoever loads a set while it is being replaced finds every
/// file that its configuration asks for.
fn in_order(mut files: Vec<(String, &File)>) -> Vec<(String, &File)> {
    files.sort_by_key(|(_, file)| REFERRING.iter().position(|referring| *referring == file.path()));
    files
}

/// A directory of the set that is a link leads out of it. The set's own directory may be one: that is where it was asked for.
fn refuse_links(path: &str, destination: &Destination) -> Result<(), WriteError> {
    let home = destination.home();
    let above = Path::new(path).ancestors().skip(1).map(|directory| destination.absolute(&directory.to_string_lossy()));
    match above.into_iter().filter(|directory| directory.starts_with(&home) && *directory != home).find(|directory| directory.is_symlink()) {
        Some(link) => Err(WriteError::Link(link)),
        None => Ok(()),
    }
}

/// Adds the directories above `path` that are not there yet.
fn add_directories(directories: &mut Vec<String>, path: &str, destination: &Destination) -> Result<(), WriteError> {
    let above: Vec<&Path> = Path::new(path).ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty()).collect();
    for directory in above.into_iter().rev() {
        let directory = directory.to_string_lossy().into_owned();
        let absolute = destination.absolute(&directory);
        if absolute.is_dir() || directories.contains(&directory) {
            continue;
        }
        if absolute.symlink_metadata().is_ok() {
            return Err(WriteError::NotADirectory(absolute));
        }
        directories.push(directory);
    }
    Ok(())
}
