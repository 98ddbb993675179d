//! What has to change on disk to make it the rendering.

use std::path::Path;

use super::disk::read;
use super::journal::{Journal, Phase};
use super::{Destination, WriteError};
use crate::render::File;

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
        let mut contents = Vec::new();
        for (path, file) in files {
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
