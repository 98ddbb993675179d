//! From the spec to files. Everything here is pure: the same spec gives the same bytes.

mod alertmanager;
mod compose;
mod env_example;
mod grafana;
mod manifest;
mod metrics;
mod prometheus;
mod rule_tests;
mod rules;
mod runbooks;
mod yaml;

use crate::spec::Spec;

pub(crate) use manifest::{PATH as MANIFEST, paths as manifest_paths};

/// What every rendered file says of itself first, where its format has comments.
const NOTICE: &str = "Rendered by `cargo run -p generator`, never edited.";

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    place: Place,
    path: String,
    bytes: Vec<u8>,
}

/// Where a file belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the set that is mounted: `generated/`, or the site's own directory.
    Set,
    /// At the top of the repository; the same for every site.
    Project,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Values that have no form in YAML.
    #[error("cannot render {path}")]
    Yaml {
        /// The file.
        path: String,
        /// What the serializer says.
        source: serde_yaml::ser::Error,
    },
    /// A template that fails.
    #[error("cannot render {path}")]
    Template {
        /// The file.
        path: String,
        /// What the template engine says.
        source: askama::Error,
    },
}

impl File {
    fn new(place: Place, path: impl Into<String>, text: String) -> Self {
        Self { place, path: path.into(), bytes: text.into_bytes() }
    }

    /// A file of a set, for tests of what takes files.
    #[cfg(test)]
    pub(crate) fn in_set(path: &str, text: String) -> Self {
        Self::new(Place::Set, path, text)
    }

    /// Where it belongs.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its path from there.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it holds.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Every file, ordered by place and path, with the manifest of the set among them.
pub(crate) fn files(spec: &Spec) -> Result<Vec<File>, RenderError> {
    let mut files = vec![
        prometheus::file(spec)?,
        rules::alerts(spec)?,
        rules::recordings(spec)?,
        alertmanager::file(spec)?,
        rule_tests::file(spec)?,
        metrics::file(spec),
        compose::file(spec)?,
        env_example::file(),
    ];
    files.extend(grafana::files(spec)?);
    files.extend(runbooks::files(spec)?);
    files.push(manifest::file(&files));
    files.sort_by(|left, right| (left.place, &left.path).cmp(&(right.place, &right.path)));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::spec::site::Site;

    /// The rendered text of one file.
    pub(super) fn text_of(site: &Site, path: &str) -> String {
        let files = files(&Spec::new(site)).unwrap();
        let file = files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    }

    #[test]
    fn every_run_gives_the_same_bytes() {
        let spec = Spec::new(&Site::default());
        let first = files(&spec).unwrap();
        for _ in 0..20 {
            assert_eq!(files(&Spec::new(&Site::default())).unwrap(), first);
        }
    }

    #[test]
    fn every_file_says_that_it_is_rendered_and_ends_in_a_newline() {
        for file in files(&Spec::new(&Site::default())).unwrap() {
            let text = String::from_utf8(file.bytes).unwrap();
            assert!(text.lines().next().is_some_and(|line| line.contains(NOTICE)), "{}", file.path);
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{}", file.path);
        }
    }

    #[test]
    fn time_scale_changes_nothing_but_times() {
        let scaled = Site { time_scale: NonZeroU32::new(15).unwrap(), ..Site::default() };
        let (whole, scaled) = (files(&Spec::new(&Site::default())).unwrap(), files(&Spec::new(&scaled)).unwrap());
        for (whole, scaled) in whole.iter().zip(&scaled) {
            assert_eq!(without_times(whole), without_times(scaled), "{}", whole.path);
        }
    }

    /// The text with each word that is a length of time taken out.
    fn without_times(file: &File) -> String {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let is_time = |word: &str| word.starts_with(|letter: char| letter.is_ascii_digit()) && word.ends_with(['s', 'm', 'h', 'd']);
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
    }
}
