//! What a run is about to do, kept beside the files while it does it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::WriteError;
use super::destination::is_inside;
use super::disk::read;

/// A run, as far as another one needs to know it. Paths are relative to the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) phase: Phase,
    /// Directories that the run makes, the outermost first.
    pub(super) directories: Vec<String>,
    /// Files that are staged and then renamed to these names.
    pub(super) replace: Vec<String>,
    /// Files that are no longer rendered.
    pub(super) remove: Vec<String>,
}

/// How far the run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Files are being staged: what is there of them is worth nothing.
    #[default]
    Staging,
    /// Everything is staged: from here on the run can only be finished.
    Committing,
}

impl Journal {
    /// The journal that an interrupted run left, if one did.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, WriteError> {
        let Some(bytes) = read(path)? else { return Ok(None) };
        let broken = |reason: String| WriteError::Journal { path: path.to_owned(), reason };
        let journal: Self = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        if let Some(outside) = journal.paths().find(|path| !is_inside(path)) {
            return Err(broken(format!("\"{outside}\" is outside its directory")));
        }
        Ok(Some(journal))
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        [&self.directories, &self.replace, &self.remove].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_outside_the_directory_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        for outside in ["../x", "/etc/passwd", "", "a/../../x"] {
            let journal = Journal { remove: vec![outside.to_owned()], ..Journal::default() };
            std::fs::write(&path, serde_json::to_vec(&journal).unwrap()).unwrap();
            let error = Journal::read(&path).unwrap_err().to_string();
            assert!(error.contains("is outside its directory"), "{outside}: {error}");
        }
    }

    #[test]
    fn what_is_no_journal_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(Journal::read(&path), Err(WriteError::Journal { .. })));
    }
}
