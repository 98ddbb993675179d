//! What a site calls its jobs, in the expressions that name them.

use std::collections::BTreeMap;

/// Between the label and the value of a matcher.
const OPERATORS: [&str; 4] = ["=~", "!~", "!=", "="];

/// New names by the spec's own; jobs that are not in it keep theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobNames(BTreeMap<&'static str, String>);

impl JobNames {
    pub(super) fn insert(&mut self, job: &'static str, name: String) {
        self.0.insert(job, name);
    }

    /// What one job is called.
    pub(crate) fn of<'a>(&'a self, job: &'a str) -> &'a str {
        self.0.get(job).map_or(job, String::as_str)
    }

    /// Text with the value of every matcher of `job` renamed, and with each alternative of a regular expression. All of them
    /// at once: two jobs may swap their names.
    pub(crate) fn within(&self, text: &str) -> String {
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = next_value(rest) {
            let end = after.find(['"', '\\']).unwrap_or(after.len());
            let (value, tail) = after.split_at_checked(end).unwrap_or((after, ""));
            renamed.push_str(before);
            renamed.push_str(&value.split('|').map(|job| self.of(job)).collect::<Vec<_>>().join("|"));
            rest = tail;
        }
        renamed + rest
    }
}

/// Text up to and after the quote that opens the next value of the label `job`. In a text's query the quote is escaped.
fn next_value(text: &str) -> Option<(&str, &str)> {
    text.match_indices("job").find_map(|(start, label)| {
        let (head, tail) = text.split_at_checked(start)?;
        let whole = !head.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        let tail = tail.strip_prefix(label).filter(|_| whole)?;
        let value = OPERATORS.into_iter().find_map(|operator| tail.strip_prefix(operator))?;
        let value = value.strip_prefix('\\').unwrap_or(value).strip_prefix('"')?;
        text.split_at_checked(text.len() - value.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&'static str, &str)]) -> JobNames {
        JobNames(pairs.iter().map(|(job, name)| (*job, (*name).to_owned())).collect())
    }

    #[test]
    fn two_jobs_may_swap_their_names() {
        let swapped = names(&[("node", "redis"), ("redis", "node"), ("celery", "redis")]);
        let text = r#"up{job="node"} or up{job="redis"} or on (job) x_job{my_job="node",job!="celery"}"#;
        assert_eq!(swapped.within(text), r#"up{job="redis"} or up{job="node"} or on (job) x_job{my_job="node",job!="redis"}"#);
    }

    #[test]
    fn alternatives_and_escaped_quotes_are_seen() {
        let renamed = names(&[("node", "hosts")]);
        assert_eq!(renamed.within(r#"up{job=~"node|redis"}"#), r#"up{job=~"hosts|redis"}"#);
        assert_eq!(renamed.within(r#"{{ query "up{job=\"node\",instance=\"node\"}" }}"#), r#"{{ query "up{job=\"hosts\",instance=\"node\"}" }}"#);
    }

    #[test]
    fn other_names_stay() {
        let text = r#"up{job="nodes"} unless job:up:rate5m{instance="node"}"#;
        assert_eq!(names(&[("node", "hosts")]).within(text), text);
    }
}
