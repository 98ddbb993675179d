//! What is wrong with a web configuration, in words.

use std::fmt::Display;

/// One line of text, and the line of the file that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Fault {
    /// `None`: it is about the file as a whole.
    line: Option<u64>,
    text: String,
}

impl Fault {
    pub(super) fn at(line: u64, text: impl Display) -> Self {
        Self { line: (line > 0).then_some(line), text: text.to_string() }
    }

    pub(super) fn whole(text: impl Display) -> Self {
        Self::at(0, text)
    }

    /// `file:line`, or `file`.
    pub(super) fn place(&self, file: impl Display) -> String {
        self.line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
    }
}
