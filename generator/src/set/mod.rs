//! A rendered set, read back: what is proven, compared with an earlier one and looked for in running programs is what
//! stands in the files, whatever made them.

mod alertmanager;
mod expression;
mod prometheus;
#[cfg(test)]
mod routing;
mod rules;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::render::{File, MANIFEST, Place, manifest_paths};

pub(crate) use alertmanager::{Channel, Delivery, InhibitRule, Notifications};
pub(crate) use expression::{Direction, Expression, Literal, Role, visit, window_text};
pub(crate) use prometheus::{Scrape, Scraping};
pub(crate) use rules::{AlertTest, Group, Labels, Rule, RuleFile, TestFile, TestGroup};

/// Path of Prometheus' configuration in a set.
pub(crate) const PROMETHEUS: &str = "prometheus.yml";

/// Path of Alertmanager's configuration in a set.
pub(crate) const ALERTMANAGER: &str = "alertmanager.yml";

/// How the paths of generated tests end in a set.
const TESTS: &str = "_test.yml";

/// The files of one set, by path.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// What errors call it.
    name: String,
    files: BTreeMap<String, String>,
}

/// Why a set cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// A file is not there.
    #[error("{set} holds no {path}: is it a rendered set?")]
    Missing {
        /// The set.
        set: String,
        /// The file.
        path: String,
    },
    /// The system refuses to read a file.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what a rendered one would be.
    #[error("{path} of {set} is not as this generator renders it: {reason}")]
    Odd {
        /// The set.
        set: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Set {
    /// The set among the files of a rendering.
    pub(crate) fn of(files: &[File]) -> Self {
        let files = files.iter().filter(|file| file.place() == Place::Set);
        let files = files.map(|file| (file.path().to_owned(), String::from_utf8_lossy(file.bytes()).into_owned()));
        Self { name: "the rendering".to_owned(), files: files.collect() }
    }

    /// The set that an earlier run wrote into a directory.
    pub(crate) fn read(directory: &Path) -> Result<Self, SetError> {
        let mut set = Self { name: directory.display().to_string(), files: BTreeMap::new() };
        set.add(directory, MANIFEST)?;
        let manifest = set.text(MANIFEST)?.to_owned();
        for path in manifest_paths(&manifest) {
            set.add(directory, path)?;
        }
        Ok(set)
    }

    fn add(&mut self, directory: &Path, path: &str) -> Result<(), SetError> {
        let file = directory.join(path);
        match fs::read(&file) {
            Ok(bytes) => self.files.insert(path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(SetError::Missing { set: self.name.clone(), path: path.to_owned() });
            }
            Err(source) => return Err(SetError::Read { path: file, source }),
        };
        Ok(())
    }

    pub(crate) fn text(&self, path: &str) -> Result<&str, SetError> {
        self.files.get(path).map(String::as_str).ok_or_else(|| SetError::Missing { set: self.name.clone(), path: path.to_owned() })
    }

    /// The paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// What a YAML file holds.
    pub(crate) fn yaml<T: DeserializeOwned>(&self, path: &str) -> Result<T, SetError> {
        serde_yaml::from_str(self.text(path)?).map_err(|error| self.odd(path, error.to_string()))
    }

    pub(crate) fn odd(&self, path: &str, reason: impl Into<String>) -> SetError {
        SetError::Odd { set: self.name.clone(), path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn scraping(&self) -> Result<Scraping, SetError> {
        self.yaml(PROMETHEUS)
    }

    pub(crate) fn notifications(&self) -> Result<Notifications, SetError> {
        self.yaml(ALERTMANAGER)
    }

    /// Every rule file that Prometheus is told to load, with its path, in that order.
    pub(crate) fn rule_files(&self) -> Result<Vec<(String, RuleFile)>, SetError> {
        self.scraping()?.rule_files.into_iter().map(|path| Ok((path.clone(), self.yaml(&path)?))).collect()
    }

    /// Every rule that Prometheus is told to load, in that order.
    pub(crate) fn rules(&self) -> Result<Vec<Rule>, SetError> {
        Ok(self.rule_files()?.into_iter().flat_map(|(_, file)| file.groups).flat_map(|group| group.rules).collect())
    }

    /// Every file of generated tests, with its path.
    pub(crate) fn test_files(&self) -> Result<Vec<(String, TestFile)>, SetError> {
        self.paths().filter(|path| path.ends_with(TESTS)).map(|path| Ok((path.to_owned(), self.yaml(path)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;
    use crate::write::{Destination, replace};

    #[test]
    fn a_set_on_disk_is_the_rendering() {
        let files = crate::render(&Site::default()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        replace(&files, &Destination::set(directory.path())).unwrap();

        let (read, rendered) = (Set::read(directory.path()).unwrap(), Set::of(&files));

        assert_eq!(read.files, rendered.files);
        assert!(!read.rules().unwrap().is_empty());
        assert!(!read.test_files().unwrap().is_empty());
        read.notifications().unwrap();
    }

    #[test]
    fn a_directory_without_a_set_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = Set::read(directory.path()).unwrap_err().to_string();
        assert_eq!(error, format!("{} holds no .manifest: is it a rendered set?", directory.path().display()));
    }
}
