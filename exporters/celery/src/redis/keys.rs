//! Names of keys and channels, as kombu makes them.

use crate::options::Options;

/// kombu's separator, where the options name no other.
const SEPARATOR: &str = "\u{6}\u{16}";

/// kombu's steps, where the options name no others; a message's priority is rounded down to one of them, and the first one
/// is served first.
const STEPS: &[u32] = &[0, 3, 6, 9];

/// How an application's keys and channels are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    prefix: String,
    /// First part of each channel.
    fanout: String,
    patterns: bool,
    separator: String,
    steps: Vec<u32>,
    unacked: String,
    pub(crate) event_exchange: String,
    /// Name of the control exchange, without `.pidbox`.
    control: String,
}

impl Keys {
    pub(crate) fn new(options: &Options, database: u32, event_exchange: String, control: String) -> Self {
        let fanout = match options.text("fanout_prefix") {
            None => format!("/{database}."),
            Some(text) => match options.switch("fanout_prefix") {
                Some(true) => format!("/{database}."),
                Some(false) => String::new(),
                None => text.replace("{db}", &database.to_string()),
            },
        };
        let steps = options.numbers("priority_steps").filter(|steps| !steps.is_empty()).unwrap_or_else(|| STEPS.to_vec());
        Self {
            prefix: options.text("global_keyprefix").unwrap_or_default().to_owned(),
            fanout,
            patterns: options.switch("fanout_patterns").unwrap_or(true),
            separator: options.text("sep").unwrap_or(SEPARATOR).to_owned(),
            steps,
            unacked: options.text("unacked_key").unwrap_or("unacked").to_owned(),
            event_exchange,
            control,
        }
    }

    /// What to subscribe to, and whether it is a pattern.
    pub(crate) fn events(&self) -> (String, bool) {
        let channel = format!("{}{}{}", self.prefix, self.fanout, self.event_exchange);
        if self.patterns { (format!("{}/*", escaped(&channel)), true) } else { (channel, false) }
    }

    /// The lists of a queue, in the order in which they are served.
    pub(crate) fn lists(&self, queue: &str) -> Vec<String> {
        let list =
            |step: &u32| if *step == 0 { format!("{}{queue}", self.prefix) } else { format!("{}{queue}{}{step}", self.prefix, self.separator) };
        self.steps.iter().map(list).collect()
    }

    /// The hash of messages that are not acknowledged.
    pub(crate) fn unacked(&self) -> String {
        format!("{}{}", self.prefix, self.unacked)
    }

    /// The set of an exchange's bindings.
    pub(crate) fn bindings(&self, exchange: &str) -> String {
        format!("{}_kombu.binding.{exchange}", self.prefix)
    }

    /// The queue of a binding, which is a routing key, a pattern and a queue.
    pub(crate) fn bound<'a>(&self, binding: &'a str) -> Option<&'a str> {
        binding.rsplit(&*self.separator).next().filter(|queue| !queue.is_empty() && queue.len() < binding.len())
    }

    /// The channel of requests to workers.
    pub(crate) fn control_channel(&self) -> String {
        format!("{}{}{}", self.prefix, self.fanout, self.control_exchange())
    }

    /// The exchange of requests to workers.
    pub(crate) fn control_exchange(&self) -> String {
        format!("{}.pidbox", self.control)
    }

    /// The exchange of their answers.
    pub(crate) fn reply_exchange(&self) -> String {
        format!("reply.{}.pidbox", self.control)
    }

    /// The list of answers to `oid`, and how it is bound.
    pub(crate) fn reply_queue(&self, oid: &str) -> (String, String) {
        let (exchange, separator) = (self.reply_exchange(), &self.separator);
        (format!("{}{oid}.{exchange}", self.prefix), format!("{oid}{separator}{separator}{oid}.{exchange}"))
    }
}

/// A text in which nothing is a wildcard.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(options: &[&str]) -> Keys {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        Keys::new(&Options::parse(&options).unwrap(), 3, "celeryev".to_owned(), "celery".to_owned())
    }

    #[test]
    fn names_are_those_of_kombu() {
        let keys = keys(&[]);
        assert_eq!(keys.events(), ("/3.celeryev/*".to_owned(), true));
        assert_eq!(keys.lists("q"), ["q", "q\u{6}\u{16}3", "q\u{6}\u{16}6", "q\u{6}\u{16}9"]);
        assert_eq!(keys.bindings("celery"), "_kombu.binding.celery");
        assert_eq!(keys.control_channel(), "/3.celery.pidbox");
        let (list, binding) = keys.reply_queue("o");
        assert_eq!((list.as_str(), binding.as_str()), ("o.reply.celery.pidbox", "o\u{6}\u{16}\u{6}\u{16}o.reply.celery.pidbox"));
        assert_eq!(keys.bound("celery\u{6}\u{16}\u{6}\u{16}prio"), Some("prio"));
        assert_eq!(keys.bound("celery"), None);
    }

    #[test]
    fn options_change_them() {
        let keys = keys(&["global_keyprefix=acme[1]:", "fanout_patterns=false", "priority_steps=[0, 5]", "sep=:", "unacked_key=pending"]);
        assert_eq!(keys.events(), ("acme[1]:/3.celeryev".to_owned(), false));
        assert_eq!(keys.lists("q"), ["acme[1]:q", "acme[1]:q:5"]);
        assert_eq!(keys.unacked(), "acme[1]:pending");
        assert_eq!(self::keys(&["global_keyprefix=acme[1]:"]).events().0, "acme\\[1\\]:/3.celeryev/*");
        assert_eq!(self::keys(&["fanout_prefix=false"]).events().0, "celeryev/*");
        assert_eq!(self::keys(&["fanout_prefix=x{db}-"]).events().0, "x3-celeryev/*");
        assert_eq!(self::keys(&["fanout_prefix=True"]).events().0, "/3.celeryev/*");
    }
}
