//! Transport options: `name=value`, the value a JSON value or a plain text.

use serde_json::{Map, Value};

/// Celery's `broker_transport_options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options(Map<String, Value>);

impl Options {
    /// Reads the values of the flag.
    ///
    /// # Errors
    /// The one that has no equals sign.
    pub(crate) fn parse(pairs: &[String]) -> Result<Self, String> {
        let mut options = Map::new();
        for pair in pairs.iter().flat_map(|pair| split(pair)) {
            let (name, value) = pair.split_once('=').ok_or_else(|| pair.to_owned())?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            options.insert(name.trim().to_owned(), value);
        }
        Ok(Self(options))
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::String(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// A switch, in JSON's or Python's spelling.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(on) => Some(*on),
            Value::Number(number) => number.as_u64().map(|number| number != 0),
            Value::String(text) => match text.as_str() {
                "True" => Some(true),
                "False" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A list of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Option<Vec<u32>> {
        let numbers = self.0.get(name)?.as_array()?;
        numbers.iter().map(|number| number.as_u64().and_then(|number| u32::try_from(number).ok())).collect()
    }

    /// A text that is a part of an option: `sentinel_kwargs` has a `password`.
    pub(crate) fn part(&self, name: &str, part: &str) -> Option<&str> {
        self.0.get(name)?.get(part)?.as_str()
    }
}

/// A variable holds several options apart by blanks; those with a blank in a JSON value cannot be told apart.
pub(crate) fn split(text: &str) -> Vec<&str> {
    if text.contains(['{', '[', '"']) { vec![text] } else { text.split_whitespace().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_text() {
        let pairs = ["a=x=y b=true", "c=False", "d=[0, 3]", "e={\"password\": \"p\"}", "f=7"].map(str::to_owned);
        let options = Options::parse(&pairs).unwrap();
        assert_eq!(options.text("a"), Some("x=y"));
        assert_eq!((options.switch("b"), options.switch("c"), options.switch("a"), options.switch("none")), (Some(true), Some(false), None, None));
        assert_eq!(options.numbers("d"), Some(vec![0, 3]));
        assert_eq!(options.part("e", "password"), Some("p"));
        assert_eq!(options.text("f"), None);
        assert_eq!(Options::parse(&["bad".to_owned()]), Err("bad".to_owned()));
    }
}
