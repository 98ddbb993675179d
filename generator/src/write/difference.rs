//! How the disk differs from a rendering.

use std::fmt;

use super::disk::read;
use super::{Destination, WriteError};
use crate::render::File;

/// A file that is not as it would be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    path: String,
    drift: Drift,
}

/// In what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It holds something else.
    Differs,
    /// It is not there.
    Missing,
    /// It is there and no longer rendered.
    Stale,
    /// A run was interrupted, and the next one has to finish it.
    Interrupted,
}

impl Difference {
    /// The file, from the destination's directory.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// In what way it differs.
    #[must_use]
    pub fn drift(&self) -> Drift {
        self.drift
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drift = match self.drift {
            Drift::Differs => "differs",
            Drift::Missing => "is missing",
            Drift::Stale => "is no longer rendered",
            Drift::Interrupted => "is left of an interrupted run",
        };
        write!(formatter, "{} {drift}", self.path)
    }
}

pub(super) fn all(files: &[File], destination: &Destination) -> Result<Vec<Difference>, WriteError> {
    let files = destination.select(files);
    let mut differences = Vec::new();
    for (path, file) in &files {
        let drift = match read(&destination.absolute(path))? {
            None => Drift::Missing,
            Some(bytes) if bytes != file.bytes() => Drift::Differs,
            Some(_) => continue,
        };
        differences.push(Difference { path: path.clone(), drift });
    }
    differences.extend(destination.stale(&files)?.into_iter().map(|path| Difference { path, drift: Drift::Stale }));
    if destination.journal().exists() {
        differences.push(Difference { path: destination.journal().display().to_string(), drift: Drift::Interrupted });
    }
    Ok(differences)
}
