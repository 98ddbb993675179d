//! From the spec to files. Everything here is pure: the same spec gives the same bytes.

mod alertmanager;
mod compose;
mod env_example;
mod grafana;
mod manifest;
mod metrics;
mod notifications;
mod prometheus;
mod rule_tests;
mod rules;
mod runbooks;
mod yaml;

use crate::spec::Spec;

pub(crate) use manifest::{PATH as MANIFEST, paths as manifest_paths};

/// What every rendered file says of itself first, where its format has comments.
const NOTICE: &str = "Rendered by `cargo run -p generator`, never edited.";

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    place: Place,
    path: String,
    bytes: Vec<u8>,
}

/// Where a file belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the set that is mounted: `generated/`, or the site's own directory.
    Set,
    /// At the top of the repository; the same for every site.
    Project,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Values that have no form in YAML.
    #[error("cannot render {path}")]
    Yaml {
        /// The file.
        path: String,
        /// What the serializer says.
        source: serde_yaml::ser::Error,
    },
    /// A template that fails.
    #[error("cannot render {path}")]
    Template {
        /// The file.
        path: String,
        /// What the template engine says.
        source: askama::Error,
    },
}

impl File {
    fn new(place: Place, path: impl Into<String>, text: String) -> Self {
        Self { place, path: path.into(), bytes: text.into_bytes() }
    }

    /// A file of a set, for tests of what takes files.
    #[cfg(test)]
    pub(crate) fn in_set(path: &str, text: String) -> Self {
        Self::new(Place::Set, path, text)
    }

    /// Where it belongs.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its path from there.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it holds.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Every file, ordered by place and path, with the manifest of the set among them.
pub(crate) fn files(spec: &Spec) -> Result<Vec<File>, RenderError> {
    let mut files = vec![
        rules::alerts(spec)?,
        rules::recordings(spec)?,
        alertmanager::file(spec)?,
        metrics::file(spec),
        compose::file(spec)?,
        env_example::file(),
    ];
    files.extend(prometheus::files(spec)?);
    files.extend(rule_tests::files(spec)?);
    files.extend(grafana::files(spec)?);
    files.extend(notifications::files(spec)?);
    files.extend(compose::site_file(spec)?);
    files.extend(runbooks::files(spec)?);
    files.push(manifest::file(&files));
    files.sort_by(|left, right| (left.place, &left.path).cmp(&(right.place, &right.path)));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::spec::duration::Duration;
    use crate::spec::site::Site;

    /// The rendered text of one file.
    pub(super) fn text_of(site: &Site, path: &str) -> String {
        let files = files(&Spec::new(site)).unwrap();
        let file = files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    }

    #[test]
    fn every_run_gives_the_same_bytes() {
        let first = files(&Spec::new(&Site::default())).unwrap();
        // As many as are promised are compared by `tests/same_bytes.rs`.
        for _ in 0..5 {
            assert_eq!(files(&Spec::new(&Site::default())).unwrap(), first);
        }
    }

    /// A site with entries in every collection that has no order, taken in one order or the other.
    fn site(backwards: bool) -> Site {
        let mut lines = [
            "thresholds: {host_cpu_high: 0.7, host_memory_high: 0.7, redis_memory_high: 0.7}",
            "external_labels: {zone: a, region: b, replica: c}",
            "images: {prometheus: v3.13.0, grafana: 13.2.2}",
            "jobs: {redis: {targets: ['a:1', 'b:2']}, node: {name: hosts}}",
        ];
        if backwards {
            lines.reverse();
        }
        let mut site = Site::default();
        for line in lines {
            site.read_file(line).unwrap();
        }
        site
    }

    #[test]
    fn the_order_of_what_has_none_changes_nothing() {
        let forwards = crate::render(&site(false)).unwrap();
        assert_eq!(crate::render(&site(true)).unwrap(), forwards);
    }

    #[test]
    fn every_job_can_be_renamed() {
        let jobs = crate::spec::component::ALL.map(|component| component.job);
        let lines: Vec<_> = jobs.iter().map(|job| format!("{job}: {{name: my-{job}}}")).collect();
        let mut site = Site::default();
        site.read_file(&format!("jobs: {{{}}}", lines.join(", "))).unwrap();
        for file in crate::render(&site).unwrap() {
            let text = String::from_utf8(file.bytes).unwrap();
            for job in jobs {
                // Examples that no rename touches keep the spec's names, as input and as what is expected of it.
                let named = [format!("job=\"{job}\""), format!("job%3D%22{job}%22"), format!("search={job}\n")];
                let old = named.iter().find(|named| text.contains(*named));
                assert!(old.is_none() || file.path.ends_with("_test.yml"), "{} has {old:?}", file.path);
            }
        }
    }

    #[test]
    fn every_interval_that_is_allowed_renders() {
        for intervals in ["scrape: 5s, scrape_timeout: 4s, evaluation: 5s", "scrape: 30s, scrape_timeout: 29s, evaluation: 15s"] {
            let mut site = Site::default();
            site.read_file(&format!("intervals: {{{intervals}}}")).unwrap();
            let files = crate::render(&site).unwrap_or_else(|error| panic!("{intervals}: {error}"));
            // Examples are in scrapes of fifteen seconds.
            assert!(!files.iter().any(|file| file.path.ends_with("_test.yml")));
        }
    }

    #[test]
    fn jobs_can_swap_their_names() {
        let mut site = Site::default();
        site.read_file("jobs: {node: {name: redis}, redis: {name: node}}").unwrap();
        let rules = crate::render(&site).unwrap().into_iter().find(|file| file.path == "alert_rules.yml").unwrap();
        let text = String::from_utf8(rules.bytes).unwrap();
        assert!(text.contains(r#"absent(up{job="redis"}) * 3"#) && text.contains(r#"(redis_up{job="node"} == 0)"#), "{text}");
    }

    #[test]
    fn every_file_says_that_it_is_rendered_and_ends_in_a_newline() {
        for file in crate::render(&site(false)).unwrap() {
            let text = String::from_utf8(file.bytes).unwrap();
            assert!(text.lines().next().is_some_and(|line| line.contains(NOTICE)), "{}", file.path);
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{}", file.path);
        }
    }

    #[test]
    fn secrets_are_in_no_file() {
        const CANARY: &str = "canary4711";
        let secrets = crate::spec::variable::ALL.into_iter().filter(|variable| variable.reader == crate::spec::variable::Reader::Secret);
        let text = secrets.map(|variable| format!("{}={CANARY}", variable.name)).collect::<Vec<_>>().join("\n");
        let mut site = Site::default();
        site.read_env(&text).unwrap();
        for file in crate::render(&site).unwrap() {
            assert!(!String::from_utf8(file.bytes).unwrap().contains(CANARY), "{}", file.path);
        }
        assert!(!site.printed().contains(CANARY) && !format!("{site:?}").contains(CANARY));
    }

    /// The sentences of a text without what ends them, and what stands after a colon in one: before it may stand which case it is.
    fn sentences(text: &str) -> impl Iterator<Item = &str> {
        let whole = text.split(". ").map(|sentence| sentence.trim_end_matches('.'));
        whole.flat_map(|sentence| [Some(sentence), sentence.split_once(": ").map(|(_, rest)| rest)]).flatten()
    }

    #[test]
    fn no_sentence_stands_in_two_runbooks() {
        let spec = Spec::new(&Site::default());
        let mut seen = std::collections::BTreeMap::new();
        for alert in &spec.alerts {
            let said =
                [alert.meaning, alert.description.as_str()].into_iter().chain(alert.causes.iter().copied()).chain(alert.actions.iter().copied());
            for sentence in said.flat_map(sentences) {
                assert_eq!(seen.insert(sentence.to_owned(), alert.name), None, "{}: {sentence}", alert.name);
            }
        }
    }

    #[test]
    fn time_scale_changes_nothing_but_times() {
        let rendered = |scale: u32| {
            let site = Site { time_scale: NonZeroU32::new(scale).unwrap(), ..Site::default() };
            let mut spec = Spec::new(&site);
            // Examples that count seconds hold at one scale only, and are left out at others.
            for alert in spec.alerts.iter_mut().filter(|alert| !alert.scales) {
                alert.examples.clear();
            }
            spec.recording_examples.clear();
            files(&spec).unwrap()
        };
        let (whole, scaled) = (rendered(1), rendered(15));
        assert_eq!(whole.len(), scaled.len());
        for (whole, scaled) in whole.iter().zip(&scaled) {
            let [whole_text, scaled_text] = [whole, scaled].map(|file| String::from_utf8(file.bytes.clone()).unwrap());
            assert_eq!((&whole.path, whole_text.lines().count()), (&scaled.path, scaled_text.lines().count()));
            for (line, divided) in whole_text.lines().zip(scaled_text.lines()) {
                assert!(is_divided(line, divided, 15), "{}:\n{line}\n{divided}", whole.path);
            }
        }
    }

    /// Whether each word of a line is the same in the other, except that lengths of time, and the horizons of `predict_linear`,
    /// may be divided.
    fn is_divided(whole: &str, scaled: &str, scale: u32) -> bool {
        fn words(line: &str) -> Vec<&str> {
            line.split(|letter: char| !letter.is_ascii_alphanumeric()).collect()
        }
        let scale = NonZeroU32::new(scale).unwrap();
        let horizon = |word: &str| whole.contains("predict_linear(").then(|| word.parse::<f64>().ok()).flatten();
        let divided = |whole: &str, scaled: &str| match (Duration::parse(whole), Duration::parse(scaled)) {
            (Some(whole), Some(scaled)) => whole.divided_by(scale) == scaled,
            _ => horizon(whole).zip(horizon(scaled)).is_some_and(|(whole, scaled)| (whole / f64::from(scale.get())).to_bits() == scaled.to_bits()),
        };
        let (whole, scaled) = (words(whole), words(scaled));
        whole.len() == scaled.len() && whole.iter().zip(&scaled).all(|(whole, scaled)| whole == scaled || divided(whole, scaled))
    }

    #[test]
    fn divided_lines_are_told_from_others() {
        assert!(is_divided("for: 5m", "for: 20s", 15) && is_divided("predict_linear(x[1h], 14400) < 0", "predict_linear(x[4m], 960) < 0", 15));
        assert!(!is_divided("for: 5m", "for: 21s", 15) && !is_divided("x > 30", "x > 2", 15) && !is_divided("for: 5m", "for: 20s twice", 15));
    }
}
