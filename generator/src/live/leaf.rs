//! Whether two values mean the same: programs print what they have read in a form of their own.

use promql_parser::util::parse_duration;
use serde_json::Value;

/// Compares what is rendered with what is loaded, under a key.
pub(super) fn same(key: &str, ours: &Value, loaded: &Value) -> bool {
    let (ours, loaded) = (text(ours), text(loaded));
    ours == loaded || same_length(&ours, &loaded) || same_size(&ours, &loaded) || (is_path(key) && is_same_path(&ours, &loaded))
}

/// A value without quotes.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `60s` and `1m`.
fn same_length(ours: &str, loaded: &str) -> bool {
    matches!((parse_duration(ours), parse_duration(loaded)), (Ok(ours), Ok(loaded)) if ours == loaded)
}

/// `16MB` and `16MiB`, which are the same to Prometheus.
fn same_size(ours: &str, loaded: &str) -> bool {
    let binary = |size: &str| size.replace("iB", "B");
    ours.ends_with('B') && binary(ours) == binary(loaded)
}

/// Whether a key holds paths.
pub(super) fn is_path(key: &str) -> bool {
    key.ends_with("_file") || key.ends_with("_files")
}

/// Prometheus resolves a path against the directory of its configuration.
fn is_same_path(ours: &str, loaded: &str) -> bool {
    loaded.strip_suffix(ours).is_some_and(|directory| directory.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_same_value_are_equal() {
        let same = |key: &str, ours: &str, loaded: &str| same(key, &ours.into(), &loaded.into());
        assert!(same("x", "60s", "1m") && same("x", "16MB", "16MiB") && same("rule_files", "a.yml", "/etc/p/a.yml"));
        assert!(!same("x", "61s", "1m") && !same("x", "16MB", "8MiB") && !same("rule_files", "a.yml", "/etc/p/b-a.yml"));
        assert!(!same("x", "a.yml", "/etc/p/a.yml"));
        assert!(super::same("x", &5.into(), &"5".into()));
    }
}
