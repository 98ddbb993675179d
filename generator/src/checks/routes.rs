//! Every alert reaches the receiver of its severity, by one route; no route and no receiver is there for nothing.
//!
//! This is Alertmanager's own evaluation for our tree: children are asked in their order, the first whose matchers match
//! takes the alert, and what none takes goes to the root's receiver.

use super::Finding;
use crate::spec::Spec;
use crate::spec::route::{self, Route};
use crate::spec::severity::Severity;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = Vec::new();
    for alert in &spec.alerts {
        let severity = alert.severity.name();
        let problem = match taken_by(&spec.routes, alert.severity) {
            None => Some(format!("no route takes severity {severity}")),
            Some(route) if route.channels.is_empty() => Some(format!("the route of severity {severity} leads nowhere")),
            Some(_) => None,
        };
        findings.extend(problem.map(|problem| {
            Finding::new("routes/unrouted", format!("alert {}", alert.name), problem, "give the severity one route with a channel").at(alert.location)
        }));
    }
    for (index, route) in spec.routes.iter().enumerate() {
        findings.extend(of_route(spec, index, route));
    }
    if !spec.routes.iter().any(|route| route.severity != Severity::None) {
        let remedy = "the first route for people also takes alerts that no route matches";
        findings.push(Finding::new("routes/default", "routes", "none is for people", remedy).at(route::LOCATION));
    }
    findings
}

/// The route that Alertmanager sends alerts of a severity by.
fn taken_by(routes: &[Route], severity: Severity) -> Option<&Route> {
    routes.iter().find(|route| route.severity == severity)
}

fn of_route(spec: &Spec, index: usize, route: &Route) -> Vec<Finding> {
    let severity = route.severity.name();
    let mut findings = Vec::new();
    let mut find =
        |rule, problem: String, remedy: &str| findings.push(Finding::new(rule, format!("route of {severity}"), problem, remedy).at(route.location));
    if spec.routes.iter().position(|other| other.severity == route.severity) != Some(index) {
        find("routes/unreachable", "an earlier route takes everything that it would".to_owned(), "take one of them out");
    }
    if !spec.alerts.iter().any(|alert| alert.severity == route.severity) {
        find("routes/unused", format!("no alert has severity {severity}, so its receiver hears nothing"), "take the route out");
    }
    if route.repeat_interval < route.group_interval {
        let problem = format!("repeats every {}, and looks at the group every {}", route.repeat_interval, route.group_interval);
        find("routes/repeat", problem, "a group repeats when it is looked at: let group_interval be the shorter one");
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
        let said = messages(&check(&spec));
        assert!(said.contains(
            &"alert RedisDown: no route takes severity critical [routes/unrouted]\n  = give the severity one route with a channel".to_owned()
        ));
    }

    #[test]
    fn a_tree_without_people_is_found() {
        let spec = changed(|spec| {
            spec.alerts.clear();
            spec.routes.clear();
        });
        let expected = "routes: none is for people [routes/default]\n  = the first route for people also takes alerts that no route matches";
        assert_eq!(messages(&check(&spec)), [expected]);
        assert!(check(&spec)[0].to_string().contains("src/spec/route.rs:"));
    }

    #[test]
    fn routes_that_are_never_reached_are_found() {
        let spec = changed(|spec| spec.routes.push(spec.routes[0].clone()));
        let expected = "route of critical: an earlier route takes everything that it would [routes/unreachable]\n  = take one of them out";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn receivers_that_hear_nothing_are_found() {
        let spec = changed(|spec| spec.alerts.retain(|alert| alert.severity != Severity::Info));
        let expected = "route of info: no alert has severity info, so its receiver hears nothing [routes/unused]\n  = take the route out";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn repeats_between_looks_are_found() {
        let spec = changed(|spec| spec.routes[1].repeat_interval = crate::spec::duration::minutes(1));
        let expected = "route of warning: repeats every 1m, and looks at the group every 5m [routes/repeat]\n  = a group repeats when it is looked at: let group_interval be the shorter one";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn routes_without_a_channel_are_found() {
        let spec = changed(|spec| spec.routes[0].channels = &[]);
        let said = messages(&check(&spec));
        assert!(
            said.contains(
                &"alert RedisDown: the route of severity critical leads nowhere [routes/unrouted]\n  = give the severity one route with a channel"
                    .to_owned()
            )
        );
    }

    #[test]
    fn one_route_for_each_severity_passes() {
        assert_eq!(check(&changed(|_| {})), []);
    }
}
