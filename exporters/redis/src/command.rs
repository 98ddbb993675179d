//! Commands as they are sent: arrays of bulk strings.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/#sending-commands-to-a-redis-server>

use std::{borrow::Cow, fmt, io::Write};

/// A command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Vec<Cow<'static, str>>);

impl Command {
    /// A command known when the exporter is built.
    #[must_use]
    pub fn new(words: &[&'static str]) -> Self {
        Self(words.iter().copied().map(Cow::Borrowed).collect())
    }

    /// The command with one more argument.
    #[must_use]
    pub fn with(mut self, argument: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(argument.into());
        self
    }

    /// Appends the command's wire form.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        let words: Vec<&str> = self.0.iter().map(Cow::as_ref).collect();
        pack(&words, out);
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

/// Appends the wire form of a command. For those with a secret, which a [`Command`] would print.
pub(crate) fn pack(words: &[&str], out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "*{}\r\n", words.len());
    for word in words {
        let _ = write!(out, "${}\r\n{word}\r\n", word.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_in_bytes() {
        let mut out = Vec::new();
        Command::new(&["SENTINEL", "SLAVES"]).with("größe\r\n".to_owned()).pack(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "*3\r\n$8\r\nSENTINEL\r\n$6\r\nSLAVES\r\n$9\r\ngröße\r\n\r\n");
    }
}
