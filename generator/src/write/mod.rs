//! Puts a rendering on disk, all of it or nothing, and compares one with the disk.
//!
//! Every file is staged beside its target and made durable; then a journal says that the set is complete, and each file
//! is renamed inside its own directory, so that a container which mounts the directory sees the new file and nobody ever
//! sees half of one. A run that is interrupted leaves the journal: the next run undoes what was only staged, and finishes
//! what had been complete.

mod destination;
mod difference;
mod disk;
mod journal;
mod plan;
mod replacement;

use std::io;
use std::path::PathBuf;

use crate::render::File;
use disk::Filesystem;
use replacement::Replacement;

pub use destination::Destination;
pub use difference::{Difference, Drift};

/// Why a rendering was not written, or could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The directory, or one above it, is something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Something that is no file is where a file belongs.
    #[error("{} is not a regular file, so it is not replaced", .0.display())]
    NotAFile(PathBuf),
    /// A symbolic link is where a file or directory of the set belongs: following it would write outside the directory, and
    /// replacing it would undo somebody's intention.
    #[error("{} is a symbolic link, so it is neither followed nor replaced: take it away, or name the directory that it leads to", .0.display())]
    Link(PathBuf),
    /// Another run has the directory.
    #[error("another run is writing to {}", .0.display())]
    Busy(PathBuf),
    /// A journal that no run of ours can have left.
    #[error("{} is not a journal of this program ({reason}): look at what interrupted it, then delete it", .path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Writes the files that belong to `destination` and removes those that an earlier run wrote and that are no longer
/// rendered. Returns the paths that changed.
///
/// # Errors
/// When anything cannot be written; the files are then as they were, or an interrupted run of the same set is finished by
/// the next one.
pub fn replace(files: &[File], destination: &Destination) -> Result<Vec<String>, WriteError> {
    Replacement::new(destination, &mut Filesystem).run(files)
}

/// What is different on disk.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn differences(files: &[File], destination: &Destination) -> Result<Vec<Difference>, WriteError> {
    difference::all(files, destination)
}
