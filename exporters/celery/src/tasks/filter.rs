//! Which tasks and queues are counted.

/// Patterns of names to count, and of names not to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

impl Filter {
    /// Whether a name is counted: included, or nothing is said of what is, and not excluded.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// Whether a text is of a pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        // The earliest place leaves the most for what follows.
        let Some((_, tail)) = text.split_once(part).filter(|_| !part.is_empty()).or_else(|| part.is_empty().then_some(("", text))) else {
            return false;
        };
        text = tail;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("app.add", "app.add", true),
            ("app.add", "app.added", false),
            ("app.*", "app.add", true),
            ("*", "", true),
            ("*.add", "app.add", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("a**c", "abc", true),
            ("*b*b*", "ab", false),
            ("ab*ba", "aba", false),
            ("celery_delayed_*", "celery_delayed_7", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn exclusion_is_stronger() {
        let filter = Filter { include: vec!["app.*".to_owned()], exclude: vec!["app.debug*".to_owned()] };
        assert!(filter.wants("app.add") && !filter.wants("app.debug_x") && !filter.wants("other"));
        assert!(Filter::default().wants("anything"));
    }
}
