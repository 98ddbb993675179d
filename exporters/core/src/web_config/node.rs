//! The YAML of a web configuration with the line of each value, read strictly.
//!
//! A derived `Deserialize` would be shorter, but its errors are the library's: here each names its key, what was found and
//! what is expected, and none shows a secret.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_yaml::Spanned;

use super::fault::Fault;
use crate::flags;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The keys that lead to it: `tls_server_config.cert_file`.
    place: String,
    line: u64,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Nothing,
    Scalar(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

/// Shows no text: it may be a key or a hash.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "nothing",
            Self::Scalar(_) => "***",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        })
    }
}

/// The entries of a mapping.
#[derive(Debug)]
pub(super) struct Section(Vec<(String, Field)>);

/// Reads a document; an empty one is an empty mapping.
///
/// # Errors
/// It is not YAML.
pub(super) fn document(text: &str) -> Result<Field, Fault> {
    let parsed: Result<Spanned<Value>, _> = serde_yaml::from_str(text);
    match parsed {
        Ok(parsed) => Ok(Field { place: String::new(), line: 0, value: parsed.value }),
        Err(error) => {
            let line = error.location().map_or(0, |place| place.line());
            let words = match error.without_snippet() {
                serde_yaml::Error::DuplicateMappingKey { key: Some(key), .. } => format!("found key {key:?} twice, expected once"),
                // The library's own words could show what is in the file, secrets and all.
                _ => "found something that is not YAML, expected key: value with spaces, not tabs, before it".to_owned(),
            };
            Err(Fault::at(line, words))
        }
    }
}

impl Field {
    /// A fault that shows the value.
    pub(super) fn expected(&self, expected: impl fmt::Display) -> Fault {
        match &self.value {
            Value::Nothing => self.fault(format_args!("found nothing, expected {expected}")),
            Value::Scalar(text) => self.fault(format_args!("found {text:?}, expected {expected}")),
            Value::List(_) => self.fault(format_args!("found a list, expected {expected}")),
            Value::Map(_) => self.fault(format_args!("found a mapping, expected {expected}")),
        }
    }

    /// A fault in its own words.
    pub(super) fn fault(&self, text: impl fmt::Display) -> Fault {
        if self.place.is_empty() { Fault::at(self.line, text) } else { Fault::at(self.line, format_args!("{}: {text}", self.place)) }
    }

    pub(super) fn text(&self) -> Result<&str, Fault> {
        match &self.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(self.expected("a text")),
        }
    }

    pub(super) fn switch(&self) -> Result<bool, Fault> {
        // Spellings of YAML 1.1, which is what Go's parser reads.
        match self.text()? {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    pub(super) fn number(&self) -> Result<u32, Fault> {
        self.text()?.parse().map_err(|_| self.expected("a whole number"))
    }

    pub(super) fn duration(&self) -> Result<Duration, Fault> {
        flags::duration(self.text()?).map_err(|expected| self.expected(expected.trim_start_matches("expected ")))
    }

    pub(super) fn list(self) -> Result<Vec<Self>, Fault> {
        match self.value {
            Value::List(items) => Ok(items.into_iter().map(|item| Self::new(self.place.clone(), item)).collect()),
            _ => Err(self.expected("a list")),
        }
    }

    /// The entries of a mapping whose keys are the operator's.
    pub(super) fn entries(self) -> Result<Vec<(String, Self)>, Fault> {
        let Value::Map(entries) = self.value else { return Err(self.expected("a mapping")) };
        let prefix = if self.place.is_empty() { String::new() } else { format!("{}.", self.place) };
        let entries = entries.into_iter().map(|(key, value)| {
            let line = key.referenced.line();
            let mut field = Self::new(format!("{prefix}{}", key.value), value);
            // A block below its key is found by the key.
            field.line = if line == 0 { field.line } else { line };
            (key.value, field)
        });
        Ok(entries.collect())
    }

    /// The entries of a mapping whose keys are `known`; nothing at all is an empty mapping.
    pub(super) fn section(self, known: &[&str]) -> Result<Section, Fault> {
        if matches!(self.value, Value::Nothing) {
            return Ok(Section(Vec::new()));
        }
        let place = if self.place.is_empty() { String::new() } else { format!("{}: ", self.place) };
        let entries = self.entries()?;
        match entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, field)) => Err(Fault::at(field.line, format_args!("{place}found key {key:?}, expected one of {}", known.join(", ")))),
            None => Ok(Section(entries)),
        }
    }

    fn new(place: String, found: Spanned<Value>) -> Self {
        Self { place, line: found.referenced.line(), value: found.value }
    }
}

impl Section {
    /// Takes an entry out; one without a value, or with an empty text, counts as absent.
    pub(super) fn take(&mut self, key: &str) -> Option<Field> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        let (_, field) = self.0.swap_remove(at);
        let empty = match &field.value {
            Value::Nothing => true,
            Value::Scalar(text) => text.is_empty(),
            _ => false,
        };
        (!empty).then_some(field)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
