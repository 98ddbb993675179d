//! Every alert reaches a receiver, and by one route only.

use super::Finding;
use crate::spec::Spec;
use crate::spec::severity::Severity;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = Vec::new();
    for alert in &spec.alerts {
        let severity = alert.severity.name();
        let mut routes = spec.routes.iter().filter(|route| route.severity == alert.severity);
        let problem = match (routes.next(), routes.next()) {
            (None, _) => Some(format!("no route takes severity {severity}")),
            (Some(_), Some(_)) => Some(format!("two routes take severity {severity}")),
            (Some(route), None) if route.channels.is_empty() => Some(format!("the route of severity {severity} leads nowhere")),
            (Some(_), None) => None,
        };
        findings.extend(problem.map(|problem| Finding::new(format!("alert {}", alert.name), problem, "give the severity one route with a channel")));
    }
    let people = |severity: Severity| severity != Severity::None;
    if !spec.routes.iter().any(|route| people(route.severity)) {
        findings.push(Finding::new("routes", "none is for people", "the first route for people also takes alerts that no route matches"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    #[test]
    fn severities_without_a_route_are_found() {
        let spec = changed(|spec| spec.routes.retain(|route| route.severity != Severity::Critical));
        assert_eq!(messages(&check(&spec)), ["alert RedisDown: no route takes severity critical\n  = give the severity one route with a channel"]);
    }

    #[test]
    fn severities_with_two_routes_are_found() {
        let spec = changed(|spec| spec.routes.push(spec.routes[0].clone()));
        assert_eq!(messages(&check(&spec)), ["alert RedisDown: two routes take severity critical\n  = give the severity one route with a channel"]);
    }

    #[test]
    fn routes_without_a_channel_are_found() {
        let spec = changed(|spec| spec.routes[0].channels = &[]);
        let expected = ["alert RedisDown: the route of severity critical leads nowhere\n  = give the severity one route with a channel"];
        assert_eq!(messages(&check(&spec)), expected);
    }

    #[test]
    fn one_route_for_each_severity_passes() {
        assert_eq!(check(&changed(|_| {})), []);
    }
}
