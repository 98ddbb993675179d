//! `.manifest`: the paths of a set, so that a later run can tell its own stale files from other people's.

use super::{File, NOTICE, Place};

/// Its path in the set.
pub(crate) const PATH: &str = ".manifest";

pub(super) fn file(files: &[File]) -> File {
    let mut paths: Vec<&str> = files.iter().filter(|file| file.place() == Place::Set).map(File::path).collect();
    paths.sort_unstable();
    File::new(Place::Set, PATH, format!("# {NOTICE}\n{}\n", paths.join("\n")))
}

/// The paths that a manifest lists.
pub(crate) fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}
