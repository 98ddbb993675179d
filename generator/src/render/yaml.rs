//! YAML from typed values, in one place.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_yaml::{Commented, ser_options};

use super::{File, NOTICE, Place, RenderError};

/// Longer than any line of ours: expressions and texts are broken where their authors broke them.
const NEVER_FOLD: usize = 1_000_000;

/// A file that holds one value.
pub(super) fn file(place: Place, path: &str, value: &impl Serialize) -> Result<File, RenderError> {
    let options = ser_options! { folded_wrap_chars: NEVER_FOLD };
    let yaml = serde_yaml::to_string_with_options(value, options).map_err(|source| RenderError::Yaml { path: path.to_owned(), source })?;
    Ok(File::new(place, path, format!("# {NOTICE}\n{yaml}")))
}

/// A plain value with a comment beside it that says why.
pub(super) fn because<T>(reason: &str, value: T) -> Commented<T> {
    Commented(value, reason.to_owned())
}

/// A mapping in the order in which it was written.
#[derive(Debug)]
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

impl<V> Entries<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Into<String>, V> FromIterator<(K, V)> for Entries<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl<V: Serialize> Serialize for Entries<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_other_readers_take_for_something_else_are_quoted() -> Result<(), RenderError> {
        let traps: Entries<&str> =
            [("a", "yes"), ("b", "8080:22"), ("c", "0644"), ("d", "2024-01-01"), ("e", "{{ x }}"), ("f", "5m")].into_iter().collect();
        let file = file(Place::Set, "traps.yml", &traps)?;
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        assert_eq!(text, format!("# {NOTICE}\na: \"yes\"\nb: \"8080:22\"\nc: \"0644\"\nd: \"2024-01-01\"\ne: \"{{{{ x }}}}\"\nf: 5m\n"));
        Ok(())
    }

    #[test]
    fn long_lines_stay_whole() -> Result<(), RenderError> {
        let long = "word ".repeat(100) + "end";
        let file = file(Place::Set, "long.yml", &[long.as_str()])?;
        assert_eq!(String::from_utf8_lossy(file.bytes()), format!("# {NOTICE}\n- {long}\n"));
        Ok(())
    }
}
