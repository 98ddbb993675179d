//! Where a rendering goes.

use std::path::{Component, Path, PathBuf};

use super::WriteError;
use super::disk::read;
use crate::render::{File, MANIFEST, Place, manifest_paths};

/// Name of the directory of the default set.
const GENERATED: &str = "generated";

/// Name of the journal in the directory of the set.
const JOURNAL: &str = ".journal";

/// A directory that takes a rendering.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What all paths are relative to.
    base: PathBuf,
    /// The set's directory in it; empty if it is the base itself.
    set: &'static str,
}

impl Destination {
    /// The repository: the set goes to `generated/`, the other files to the top.
    #[must_use]
    pub fn project(root: impl Into<PathBuf>) -> Self {
        Self { base: root.into(), set: GENERATED }
    }

    /// A directory of a site's own, which takes the set only.
    #[must_use]
    pub fn set(directory: impl Into<PathBuf>) -> Self {
        Self { base: directory.into(), set: "" }
    }

    /// The files that belong here, each with its path.
    pub(super) fn select<'a>(&self, files: &'a [File]) -> Vec<(String, &'a File)> {
        let wanted = files.iter().filter(|file| file.place() == Place::Set || !self.set.is_empty());
        wanted.map(|file| (if file.place() == Place::Set { self.in_set(file.path()) } else { file.path().to_owned() }, file)).collect()
    }

    /// A path of the set as a path from the base.
    fn in_set(&self, path: &str) -> String {
        if self.set.is_empty() { path.to_owned() } else { format!("{}/{path}", self.set) }
    }

    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// The directory of the set.
    pub(super) fn home(&self) -> PathBuf {
        if self.set.is_empty() { self.base.clone() } else { self.base.join(self.set) }
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.home().join(JOURNAL)
    }

    /// What an earlier run wrote into the set and this one does not render: paths that are still there.
    pub(super) fn stale(&self, files: &[(String, &File)]) -> Result<Vec<String>, WriteError> {
        let Some(manifest) = read(&self.absolute(&self.in_set(MANIFEST)))? else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&manifest);
        let listed = manifest_paths(&text).filter(|path| is_inside(path)).map(|path| self.in_set(path));
        Ok(listed.filter(|path| files.iter().all(|(rendered, _)| rendered != path) && self.absolute(path).is_file()).collect())
    }
}

/// Whether a path read from disk stays inside its directory.
pub(super) fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}
