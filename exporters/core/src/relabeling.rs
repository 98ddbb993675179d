//! What is done to the series of a whole page: constant labels, and another first part of every name.

use std::borrow::Cow;

use metric_catalogue::{Definition, exporter::Exporter, process};

use crate::{
    flags::ConfigError,
    samples::{LABEL_VALUE_BYTES, write_escaped},
};

/// Labels that mean something else in one of the formats.
const RESERVED: [&str; 2] = ["le", "quantile"];

/// Constant labels and a prefix for all that is read from the target. What an exporter says of itself and of its process
/// stays as it is, except whether the target is up. Costs nothing while it is empty.
///
/// ```
/// use exporter_core::Relabeling;
/// use metric_catalogue::redis::PROGRAM;
///
/// let relabeling = Relabeling::default().with_labels("--static-label", ["env=prod"], PROGRAM.metrics())?.with_prefix("--metric-prefix", "redis_", "cache_")?;
/// let error = Relabeling::default().with_labels("--static-label", ["cmd=get"], PROGRAM.metrics()).unwrap_err();
/// assert_eq!(error.to_string(), "--static-label: found \"cmd=get\", expected a name that no metric has a label of");
/// # Ok::<(), exporter_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Relabeling {
    labels: Vec<ConstantLabel>,
    prefix: Option<(&'static str, String)>,
    exempt: Vec<&'static str>,
}

/// A label that every series has.
#[derive(Clone, Debug)]
pub(crate) struct ConstantLabel {
    /// `name="`, as a label block begins with it.
    start: String,
    /// `name="value"`.
    rendered: String,
}

impl ConstantLabel {
    pub(crate) fn rendered(&self) -> &str {
        &self.rendered
    }

    /// Whether a rendered label block has a label of this name. A quote in a value is escaped, so nothing else looks like it.
    pub(crate) fn is_in(&self, block: &str) -> bool {
        block.starts_with(&self.start)
            || block.match_indices(&self.start).any(|(at, _)| block.get(..at).is_some_and(|before| before.ends_with("\",")))
    }
}

impl Relabeling {
    /// Adds labels, each `name=value`; `metrics` are those that they will stand beside.
    ///
    /// # Errors
    /// A text is not of that form, or its name cannot be a label's, is there twice, or is a label of one of the metrics.
    pub fn with_labels<'a>(
        mut self,
        flag: &str,
        pairs: impl IntoIterator<Item = &'a str>,
        metrics: impl IntoIterator<Item = &'static Definition>,
    ) -> Result<Self, ConfigError> {
        let taken: Vec<&str> = metrics.into_iter().flat_map(|metric| metric.labels).copied().chain(RESERVED).collect();
        for pair in pairs {
            let (name, value) = pair.split_once('=').ok_or_else(|| ConfigError::new(flag, pair, "name=value"))?;
            let (name, value) = (name.trim(), value.trim());
            if !is_name(name) || name.starts_with("__") {
                return Err(ConfigError::new(flag, pair, "a name of letters, digits and _, not beginning with a digit or __"));
            }
            if taken.contains(&name) {
                return Err(ConfigError::new(flag, pair, "a name that no metric has a label of"));
            }
            let start = format!("{name}=\"");
            if self.labels.iter().any(|label| label.start == start) {
                return Err(ConfigError::new(flag, pair, "each name once"));
            }
            let mut rendered = start.clone();
            write_escaped(&mut rendered, value, LABEL_VALUE_BYTES);
            rendered.push('"');
            self.labels.push(ConstantLabel { start, rendered });
        }
        Ok(self)
    }

    /// Puts `to` in the place of `from` at the start of names.
    ///
    /// # Errors
    /// No name can begin with `to`, or it is that of the process' own metrics.
    pub fn with_prefix(mut self, flag: &str, from: &'static str, to: &str) -> Result<Self, ConfigError> {
        let legal = to.is_empty() || is_name(&to.replace(':', "_"));
        if !legal || to.starts_with("process_") {
            return Err(ConfigError::new(flag, to, "letters, digits, _ and :, not beginning with a digit or process_"));
        }
        self.prefix = (from != to).then(|| (from, to.to_owned()));
        Ok(self)
    }

    /// Leaves alone what the exporter says of itself.
    pub(crate) fn sparing(mut self, own: &Exporter) -> Self {
        if !self.labels.is_empty() || self.prefix.is_some() {
            let told = [own.up.name(), own.up_reason.name()];
            let own = own.metrics().map(|metric| metric.name).filter(|name| !told.contains(name));
            self.exempt = own.chain(process::ALL.iter().map(|metric| metric.name)).collect();
        }
        self
    }

    /// The name under which a family is exposed, and the labels that its series have besides their own.
    pub(crate) fn apply<'a>(&'a self, name: &'a str) -> (Cow<'a, str>, &'a [ConstantLabel]) {
        if (self.labels.is_empty() && self.prefix.is_none()) || self.exempt.contains(&name) {
            return (Cow::Borrowed(name), &[]);
        }
        let renamed = self.prefix.as_ref().and_then(|(from, to)| Some(Cow::Owned(format!("{to}{}", name.strip_prefix(from)?))));
        (renamed.unwrap_or(Cow::Borrowed(name)), &self.labels)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && text.chars().all(|character| character == '_' || character.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use metric_catalogue::redis::{self, exporter::EXPORTER};

    use super::*;
    use crate::{Format, encode::Contents, registry::Registry, samples::Samples};

    metric_catalogue::catalogue! {
        /// Keys
        KEYS: Gauge = "redis_db_keys" ["db"];
        /// Replies
        REPLIES: Histogram = "redis_replies" [];
    }

    fn labels(pairs: &[&str]) -> Result<Relabeling, String> {
        let metrics = redis::PROGRAM.metrics();
        Relabeling::default().with_labels("--static-label", pairs.iter().copied(), metrics).map_err(|error| error.to_string())
    }

    fn page(relabeling: &Relabeling) -> String {
        let mut samples = Samples::default();
        samples.gauge(&KEYS, ["a\",env=\"b"], 1_u32);
        samples.gauge(EXPORTER.up, [], true);
        samples.counter(EXPORTER.collections, [], 2_u32);
        samples.gauge(&process::THREADS, [], 3_u32);
        samples.seal();
        let registry = Registry::default();
        registry.histogram(&REPLIES).observe([], 1.0);
        let mut out = Vec::new();
        Format::Text.encode(&Contents { samples: &samples, registry: &registry, relabeling }, &mut out);
        String::from_utf8(out).unwrap().split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn all_but_the_exporter_s_own_is_relabeled() {
        let relabeling = labels(&["env=pr\"od", "zone = eu"]).unwrap().with_prefix("--metric-prefix", "redis_", "cache_").unwrap().sparing(&EXPORTER);
        let expected = "process_threads 3\n\
                        cache_db_keys{db=\"a\\\",env=\\\"b\",env=\"pr\\\"od\",zone=\"eu\"} 1\n\
                        redis_exporter_collections_total 2\n\
                        cache_replies_bucket{env=\"pr\\\"od\",zone=\"eu\",le=\"+Inf\"} 1\n\
                        cache_replies_sum{env=\"pr\\\"od\",zone=\"eu\"} 1\n\
                        cache_replies_count{env=\"pr\\\"od\",zone=\"eu\"} 1\n\
                        cache_up{env=\"pr\\\"od\",zone=\"eu\"} 1\n";
        assert_eq!(page(&relabeling), expected);
    }

    #[test]
    fn label_that_a_series_has_stands() {
        let label = ConstantLabel { start: "db=\"".to_owned(), rendered: "db=\"x\"".to_owned() };
        for (block, expected) in [("db=\"0\"", true), ("a=\"\",db=\"0\"", true), ("", false), ("adb=\"0\"", false), ("a=\"\\\",db=\\\"0\"", false)] {
            assert_eq!(label.is_in(block), expected, "{block}");
        }
    }

    #[test]
    fn what_cannot_be_a_label_is_refused() {
        for pair in ["env", "1=x", "=x", "__name=x", "a-b=x", "le=1", "db=0"] {
            assert!(labels(&[pair]).unwrap_err().starts_with(&format!("--static-label: found \"{pair}\", expected ")), "{pair}");
        }
        assert!(labels(&["a=1", "a=2"]).unwrap_err().ends_with("expected each name once"));
    }

    #[test]
    fn what_cannot_be_a_prefix_is_refused() {
        for prefix in ["1", "a-", "process_", "a b", "é"] {
            assert!(Relabeling::default().with_prefix("--metric-prefix", "redis_", prefix).is_err(), "{prefix}");
        }
        for prefix in ["", "redis_", "a:b_", "_"] {
            assert!(Relabeling::default().with_prefix("--metric-prefix", "redis_", prefix).is_ok(), "{prefix}");
        }
    }
}
