//! Transport options: `name=value`, the value a JSON value or a plain text.

use std::collections::BTreeMap;

use serde_json::Value;

/// Options that mean something to the exporter, and those of kombu that it can do without.
const KNOWN: &[&str] = &[
    "client_name",
    "confirm_publish",
    "fanout_patterns",
    "fanout_prefix",
    "global_keyprefix",
    "health_check_interval",
    "interval_max",
    "interval_start",
    "interval_step",
    "login_method",
    "master_name",
    "max_connections",
    "max_retries",
    "min_other_sentinels",
    "polling_interval",
    "priority_steps",
    "queue_order_strategy",
    "read_timeout",
    "retry_on_timeout",
    "retry_policy",
    "sentinel_fanout_compat",
    "sentinel_kwargs",
    "sep",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_timeout",
    "unacked_index_key",
    "unacked_key",
    "unacked_mutex_expire",
    "unacked_mutex_key",
    "unacked_restore_limit",
    "visibility_timeout",
    "write_timeout",
];

/// Celery's `broker_transport_options`: each as it was written, and as it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options(BTreeMap<String, (String, Value)>);

impl Options {
    /// Reads the values of the flag.
    ///
    /// # Errors
    /// The one that has no equals sign, or a value that cannot be.
    pub(crate) fn parse(pairs: &[String]) -> Result<Self, String> {
        let mut options = BTreeMap::new();
        for pair in pairs.iter().flat_map(|pair| split(pair)) {
            let (name, text) = pair.split_once('=').ok_or_else(|| pair.to_owned())?;
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
            options.insert(name.trim().to_owned(), (text.to_owned(), value));
        }
        let options = Self(options);
        let refused = |name: &str| options.0.get(name).map(|(text, _)| format!("{name}={text}"));
        if options.numbers("priority_steps").is_none_or(|steps| steps.is_empty())
            && let Some(found) = refused("priority_steps")
        {
            return Err(found);
        }
        if options.switch("fanout_patterns").is_none()
            && let Some(found) = refused("fanout_patterns")
        {
            return Err(found);
        }
        Ok(options)
    }

    /// Names that neither the exporter nor kombu knows.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| !KNOWN.contains(name))
    }

    /// A text; a number, too, is one where a text is wanted.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            (_, Value::Null) => None,
            (_, Value::String(text)) | (text, _) => Some(text),
        }
    }

    /// A switch, in JSON's or Python's spelling.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        match &self.0.get(name)?.1 {
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
        let numbers = self.0.get(name)?.1.as_array()?;
        numbers.iter().map(|number| number.as_u64().and_then(|number| u32::try_from(number).ok())).collect()
    }

    /// A text that is a part of an option: `sentinel_kwargs` has a `password`.
    pub(crate) fn part(&self, name: &str, part: &str) -> Option<&str> {
        self.0.get(name)?.1.get(part)?.as_str()
    }
}

/// A variable holds several options apart by blanks. A blank within brackets or quotes, or with no further name after it,
/// belongs to a value.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0_usize, 0_usize, false);
    let named = |rest: &str| rest.split_whitespace().next().is_some_and(|word| word.contains('='));
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ if character.is_whitespace() && !quoted && depth == 0 && text.get(at..).is_some_and(named) => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_text() {
        let pairs = ["a=x=y b=true", "c=False", "d=[0, 3]", "e={\"password\": \"p\"}", "f=2024 g=\"q\"", "h=null"].map(str::to_owned);
        let options = Options::parse(&pairs).unwrap();
        assert_eq!(options.text("a"), Some("x=y"));
        assert_eq!((options.switch("b"), options.switch("c"), options.switch("a"), options.switch("none")), (Some(true), Some(false), None, None));
        assert_eq!(options.numbers("d"), Some(vec![0, 3]));
        assert_eq!(options.part("e", "password"), Some("p"));
        assert_eq!(["f", "g", "h"].map(|name| options.text(name)), [Some("2024"), Some("q"), None]);
    }

    #[test]
    fn variable_is_split_at_names() {
        assert_eq!(split(" a=1  b=[0, 3] c={\"x\": \"y z=1\"}\td=two words "), ["a=1", "b=[0, 3]", "c={\"x\": \"y z=1\"}", "d=two words"]);
        assert_eq!(split(" "), [""; 0]);
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_is_unknown_is_told() {
        for text in ["bad", "priority_steps=0,3", "priority_steps=[-1]", "priority_steps=[]", "fanout_patterns=perhaps"] {
            assert_eq!(Options::parse(&[text.to_owned()]), Err(text.to_owned()));
        }
        let options = Options::parse(&["visibility_timeout=3600 global_key_prefix=x".to_owned()]).unwrap();
        assert_eq!(options.unknown().collect::<Vec<_>>(), ["global_key_prefix"]);
    }

    #[test]
    fn broken_options_do_not_panic() {
        let correct: [&[u8]; 2] = [b"a=x b=[0, 3] c={\"x\": \"y\"}", b"global_keyprefix=2024 sep=: fanout_patterns=False"];
        crate::fuzz::feed(&correct, |bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            drop(Options::parse(&[text]));
        });
    }
}
