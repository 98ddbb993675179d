//! One thing that is wrong, as it is shown to the person who mends it.

use std::fmt;
use std::panic::Location;

/// What is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    rule: &'static str,
    location: Option<&'static Location<'static>>,
    subject: String,
    problem: String,
    excerpt: Option<Excerpt>,
    remedy: String,
}

/// A line of an expression and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    line: String,
    /// Letters before the part.
    before: usize,
    /// Letters of the part.
    length: usize,
}

impl Finding {
    pub(super) fn new(rule: &'static str, subject: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { rule, location: None, subject: subject.into(), problem: problem.into(), excerpt: None, remedy: remedy.into() }
    }

    /// Says where in the spec its subject stands.
    pub(super) fn at(mut self, location: &'static Location<'static>) -> Self {
        self.location = Some(location);
        self
    }

    /// Shows the first place in `text` where `part` stands as a whole word; the first line of `text`, if there is none.
    pub(super) fn underlining(mut self, text: &str, part: &str) -> Self {
        let found = text.lines().find_map(|line| Some((line, word(line, part)?)));
        self.excerpt = match found {
            Some((line, before)) => Some(Excerpt { line: line.to_owned(), before, length: part.chars().count() }),
            None => text.lines().next().map(|line| Excerpt { line: line.to_owned(), before: 0, length: line.chars().count() }),
        };
        self
    }

    /// The name by which an exception excuses it.
    pub(super) fn rule(&self) -> &'static str {
        self.rule
    }

    /// The same under the name of another rule.
    pub(super) fn renamed(self, rule: &'static str) -> Self {
        Self { rule, ..self }
    }

    /// Whether it is about that part of the spec.
    pub(super) fn is_about(&self, subject: &str) -> bool {
        self.subject == subject || self.subject.strip_prefix(subject).is_some_and(|rest| rest.starts_with(','))
    }
}

/// Letters before the first place where `part` is not inside a longer name.
fn word(line: &str, part: &str) -> Option<usize> {
    if part.is_empty() {
        return None;
    }
    let named = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    line.match_indices(part).find_map(|(start, _)| {
        let (head, tail) = line.split_at_checked(start)?;
        let tail = tail.strip_prefix(part)?;
        let inside = (part.starts_with(named) && head.ends_with(named)) || (part.ends_with(named) && tail.starts_with(named));
        (!inside).then(|| head.chars().count())
    })
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}: {} [{}]", self.subject, self.problem, self.rule)?;
        if let Some(location) = self.location {
            writeln!(formatter, " --> {}:{}", location.file(), location.line())?;
        }
        if let Some(Excerpt { line, before, length }) = &self.excerpt {
            writeln!(formatter, "  | {line}")?;
            writeln!(formatter, "  | {:before$}{:^<length$}", "", "")?;
        }
        write!(formatter, "  = {}", self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_underlined() {
        let finding = Finding::new("promql/series", "alert A", "no up", "write it").underlining("pg_up == 0\nor up == 0", "up");
        assert_eq!(finding.to_string(), "alert A: no up [promql/series]\n  | or up == 0\n  |    ^^\n  = write it");
    }

    #[test]
    fn without_the_part_its_line_is_underlined() {
        let finding = Finding::new("promql/series", "alert A", "odd", "mend it").underlining("up ==", "down");
        assert_eq!(finding.to_string(), "alert A: odd [promql/series]\n  | up ==\n  | ^^^^^\n  = mend it");
    }

    #[test]
    fn the_line_of_the_spec_is_shown() {
        let (location, line) = (Location::caller(), line!());
        let text = Finding::new("alerts/for", "alert A", "odd", "mend it").at(location).to_string();
        assert_eq!(text, format!("alert A: odd [alerts/for]\n --> generator/src/checks/finding.rs:{line}\n  = mend it"));
    }
}
