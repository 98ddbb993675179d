//! A YAML document with its lines and keys, whatever it holds: what is wrong with a value is said in the reader's words.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Options, Spanned, options};

use super::SiteError;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    line: u64,
    /// The keys that lead to it, with dots between them.
    path: String,
    value: Value,
}

/// What YAML knows.
#[derive(Debug)]
enum Value {
    Nothing,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Spanned<Self>>),
    Keys(Vec<(Spanned<String>, Spanned<Self>)>),
}

/// The keys of one section.
#[derive(Debug, Default)]
pub(super) struct Section(Vec<(String, Node)>);

/// What a file holds.
pub(super) fn parse(text: &str) -> Result<Node, SiteError> {
    let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let document = if is_empty { None } else { Some(serde_yaml::from_str_with_options(text, strict()).map_err(|error| malformed(&error))?) };
    Ok(document.map_or(Node { line: 1, path: String::new(), value: Value::Nothing }, |document| Node::of(String::new(), document)))
}

/// Words are what they look like, and nothing is said twice.
fn strict() -> Options {
    options! { strict_booleans: true }
}

fn malformed(error: &serde_yaml::Error) -> SiteError {
    let line = error.location().map_or(0, |location| location.line());
    let text = error.without_snippet().to_string();
    let problem = text.split(" at line").next().unwrap_or(&text);
    // Where it is has been said, and options of the parser are nobody's to set.
    let is_said = |part: &str| part.starts_with("line ") || part.starts_with("set ");
    let problem = problem.split(", ").filter(|part| !is_said(part)).collect::<Vec<_>>().join(", ");
    SiteError::File { line, problem: format!("not YAML: {problem}") }
}

impl Node {
    fn of(path: String, value: Spanned<Value>) -> Self {
        Self { line: value.referenced.line(), path, value: value.value }
    }

    /// An error about it.
    pub(super) fn error(&self, problem: impl fmt::Display) -> SiteError {
        SiteError::File { line: self.line, problem: problem.to_string() }
    }

    fn expected(&self, form: &str) -> SiteError {
        let found = match &self.value {
            Value::Nothing => "nothing".to_owned(),
            Value::Flag(flag) => flag.to_string(),
            Value::Number(number) => format!("the number {number}"),
            Value::Text(_) => "text".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Keys(_) => "further keys".to_owned(),
        };
        let place = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        self.error(format!("{place}expected {form}, found {found}"))
    }

    pub(super) fn text(&self) -> Result<&str, SiteError> {
        match &self.value {
            Value::Text(text) => Ok(text),
            Value::Flag(_) | Value::Number(_) => Err(self.expected("text between quotes")),
            _ => Err(self.expected("text")),
        }
    }

    pub(super) fn number(&self) -> Result<f64, SiteError> {
        if let Value::Number(number) = self.value { Ok(number) } else { Err(self.expected("a number")) }
    }

    pub(super) fn flag(&self) -> Result<bool, SiteError> {
        if let Value::Flag(flag) = self.value { Ok(flag) } else { Err(self.expected("true or false")) }
    }

    pub(super) fn list(self) -> Result<Vec<Self>, SiteError> {
        let Value::List(values) = self.value else { return Err(self.expected("a list, such as ['a', 'b']")) };
        Ok(values.into_iter().map(|value| Self::of(self.path.clone(), value)).collect())
    }

    /// Its keys, which are any.
    pub(super) fn keys(self) -> Result<Section, SiteError> {
        let keys = match self.value {
            Value::Keys(keys) => keys,
            Value::Nothing => Vec::new(),
            _ => return Err(self.expected("keys and values")),
        };
        let inner = |name: &str| if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let nodes = keys.into_iter().map(|(name, value)| {
            // A value of several lines begins below its key.
            let line = name.referenced.line();
            let path = inner(&name.value);
            (name.value, Self { line, ..Self::of(path, value) })
        });
        Ok(Section(nodes.collect()))
    }

    /// Its keys, which are among those that there are.
    pub(super) fn section(self, known: &[&str]) -> Result<Section, SiteError> {
        let path = self.path.clone();
        let section = self.keys()?;
        match section.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((_, node)) => {
                let within = if path.is_empty() { "the keys are".to_owned() } else { format!("the keys of {path} are") };
                Err(node.error(format!("{}: there is no such key; {within} {}", node.path, known.join(", "))))
            }
            None => Ok(section),
        }
    }
}

impl Section {
    /// What a key holds.
    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// The keys below a key, which are among those that there are; none, if it is not there.
    pub(super) fn section(&mut self, name: &str, known: &[&str]) -> Result<Self, SiteError> {
        self.take(name).map_or_else(|| Ok(Self::default()), |node| node.section(known))
    }

    /// The keys below a key, which are any.
    pub(super) fn keys(&mut self, name: &str) -> Result<Vec<(String, Node)>, SiteError> {
        Ok(self.take(name).map_or_else(|| Ok(Self::default()), Node::keys)?.0)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string().parse().unwrap_or(f64::NAN)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string().parse().unwrap_or(f64::NAN)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key()? {
            keys.push((key, map.next_value()?));
        }
        Ok(Value::Keys(keys))
    }
}
