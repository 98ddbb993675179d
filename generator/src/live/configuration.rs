//! The loaded configuration against ours. Prometheus shows what it has loaded with every default filled in.

use serde_json::{Map, Value};

use super::leaf;

/// What Prometheus fills in where the file says nothing.
const DEFAULTS: [(&str, &str); 11] = [
    ("api_version", "v2"),
    ("enable_compression", "true"),
    ("enable_http2", "true"),
    ("follow_redirects", "true"),
    ("honor_timestamps", "true"),
    ("metrics_path", "/metrics"),
    ("replacement", "$1"),
    ("scheme", "http"),
    ("separator", ";"),
    ("timeout", "10s"),
    ("track_timestamps_staleness", "false"),
];

/// Keys that newer versions fill in, with values that follow from the version.
const OF_NEWER_VERSIONS: [&str; 11] = [
    "always_scrape_classic_histograms",
    "convert_classic_histograms_to_nhcb",
    "extra_scrape_metrics",
    "metric_name_escaping_scheme",
    "metric_name_validation_scheme",
    "otlp",
    "rule_query_offset",
    "runtime",
    "scrape_native_histograms",
    "scrape_protocols",
    "storage",
];

/// What a job takes from the common section.
const COMMON: [&str; 2] = ["scrape_interval", "scrape_timeout"];

pub(super) fn differences(path: &str, ours: &Value, loaded: &Value) -> Vec<String> {
    let mut comparison = Comparison { global: ours.get("global").cloned().unwrap_or_default(), found: Vec::new() };
    comparison.value(path, "", ours, loaded);
    comparison.found
}

struct Comparison {
    global: Value,
    found: Vec<String>,
}

impl Comparison {
    fn value(&mut self, place: &str, key: &str, ours: &Value, loaded: &Value) {
        match (ours, loaded) {
            (Value::Object(ours), Value::Object(loaded)) => self.object(place, ours, loaded),
            (Value::Array(ours), Value::Array(loaded)) => self.array(place, key, ours, loaded),
            _ if leaf::same(key, ours, loaded) => {}
            _ => self.found.push(format!("{place}: {} is rendered, {} is loaded", leaf::text(ours), leaf::text(loaded))),
        }
    }

    fn object(&mut self, place: &str, ours: &Map<String, Value>, loaded: &Map<String, Value>) {
        for (key, value) in ours {
            match loaded.get(key) {
                Some(loaded) => self.value(&format!("{place}: {key}"), key, value, loaded),
                None => self.found.push(format!("{place}: {key} is rendered and not loaded")),
            }
        }
        for (key, value) in loaded.iter().filter(|(key, _)| !ours.contains_key(*key)) {
            if !self.is_filled_in(key, value) {
                self.found.push(format!("{place}: {key} is loaded and not rendered"));
            }
        }
    }

    fn is_filled_in(&self, key: &str, value: &Value) -> bool {
        let common = COMMON.contains(&key) && self.global.get(key).is_some_and(|common| leaf::same(key, common, value));
        common || OF_NEWER_VERSIONS.contains(&key) || DEFAULTS.contains(&(key, &leaf::text(value)))
    }

    fn array(&mut self, place: &str, key: &str, ours: &[Value], loaded: &[Value]) {
        for (index, value) in ours.iter().enumerate() {
            let name = name(key, value, index);
            let place = format!("{place}: {name}");
            match loaded.iter().enumerate().find(|(other, value)| self::name(key, value, *other) == name) {
                Some((_, loaded)) => self.value(&place, key, value, loaded),
                None => self.found.push(format!("{place} is rendered and not loaded")),
            }
        }
        for (index, value) in loaded.iter().enumerate() {
            let name = name(key, value, index);
            if !ours.iter().enumerate().any(|(other, value)| self::name(key, value, other) == name) {
                self.found.push(format!("{place}: {name} is loaded and not rendered"));
            }
        }
    }
}

/// What tells an entry of a list: a job's name, a text that is the same everywhere, else its place.
fn name(key: &str, value: &Value, index: usize) -> String {
    let own = value.get("job_name").and_then(Value::as_str).map(|job| format!("job {job}"));
    let own = own.or_else(|| value.as_str().filter(|_| !leaf::is_path(key)).map(str::to_owned));
    own.unwrap_or_else(|| format!("number {}", index + 1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours() -> Value {
        json!({"global": {"scrape_interval": "15s"}, "rule_files": ["a.yml"], "scrape_configs": [{"job_name": "a", "sample_limit": 5}]})
    }

    #[test]
    fn defaults_that_are_filled_in_are_no_difference() {
        let loaded = json!({
            "global": {"scrape_interval": "15s"},
            "rule_files": ["/etc/prometheus/a.yml"],
            "scrape_configs": [{"job_name": "a", "sample_limit": 5, "scheme": "http", "scrape_interval": "15s", "scrape_protocols": ["x"]}],
        });
        assert_eq!(differences("prometheus.yml", &ours(), &loaded), [""; 0]);
    }

    #[test]
    fn entries_that_are_texts_are_named() {
        let targets = |targets: &[&str]| json!({"static_configs": [{"targets": targets}]});
        assert_eq!(
            differences("prometheus.yml", &targets(&["a:1", "b:2"]), &targets(&["b:2", "c:3"])),
            [
                "prometheus.yml: static_configs: number 1: targets: a:1 is rendered and not loaded",
                "prometheus.yml: static_configs: number 1: targets: c:3 is loaded and not rendered",
            ]
        );
    }

    #[test]
    fn every_difference_has_its_place() {
        let loaded = json!({
            "global": {"scrape_interval": "1m"},
            "rule_files": ["a.yml", "b.yml"],
            "scrape_configs": [{"job_name": "b"}, {"job_name": "a", "scheme": "https", "scrape_interval": "1m"}],
            "remote_write": [],
        });
        assert_eq!(
            differences("prometheus.yml", &ours(), &loaded),
            [
                "prometheus.yml: global: scrape_interval: 15s is rendered, 1m is loaded",
                "prometheus.yml: rule_files: number 2 is loaded and not rendered",
                "prometheus.yml: scrape_configs: job a: sample_limit is rendered and not loaded",
                "prometheus.yml: scrape_configs: job a: scheme is loaded and not rendered",
                "prometheus.yml: scrape_configs: job a: scrape_interval is loaded and not rendered",
                "prometheus.yml: scrape_configs: job b is loaded and not rendered",
                "prometheus.yml: remote_write is loaded and not rendered",
            ]
        );
    }
}
