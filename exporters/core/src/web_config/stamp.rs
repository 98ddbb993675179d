//! Whether a file has changed.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file as it was when it was looked at.
#[derive(Debug)]
pub(super) struct Stamped {
    file: PathBuf,
    stamp: Option<Stamp>,
}

impl Stamped {
    /// To be made before the file is read, so that a change while it is read is seen afterwards.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { stamp: Stamp::of(&file), file }
    }

    pub(super) fn has_changed(&self) -> bool {
        self.stamp != Stamp::of(&self.file)
    }
}

/// What changes when a file does, by whatever it is replaced.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// `None`: it is not there, which is a state like any other.
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}
