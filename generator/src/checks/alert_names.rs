//! An alert's name is its own: routes, runbooks and silences go by it.

use std::collections::BTreeSet;

use super::Finding;
use crate::spec::Spec;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let twice = spec.alerts.iter().filter(|alert| !seen.insert(alert.name));
    twice.map(|alert| Finding::new(format!("alert {}", alert.name), "another alert has this name", "rename one of them")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    #[test]
    fn a_name_used_twice_is_found() {
        let spec = changed(|spec| spec.alerts.push(spec.alerts[0].clone()));
        assert_eq!(messages(&check(&spec)), ["alert RedisDown: another alert has this name\n  = rename one of them"]);
    }

    #[test]
    fn different_names_pass() {
        let spec = changed(|spec| {
            let mut other = spec.alerts[0].clone();
            other.name = "RedisGone";
            spec.alerts.push(other);
        });
        assert_eq!(check(&spec), []);
    }
}
