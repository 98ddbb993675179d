//! Links lead somewhere: pages of Prometheus to jobs that there are, texts to runbooks and addresses that there are.

use super::Finding;
use crate::spec::Spec;
use crate::spec::alert::{Alert, Page};
use crate::spec::component;
use crate::spec::job::Job;

const RULE: &str = "rule/link";

/// Where runbooks are in a rendered set.
const RUNBOOKS: &str = "runbooks/";

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    spec.alerts.iter().flat_map(|alert| of_alert(spec, alert)).collect()
}

fn of_alert(spec: &Spec, alert: &Alert) -> Vec<Finding> {
    let finding = |problem: String, remedy: String| Finding::new(RULE, format!("alert {}", alert.name), problem, remedy).at(alert.location);
    let mut findings = Vec::new();
    if let Page::Targets(job) = alert.page
        && !spec.jobs.iter().any(|other| other.component.job == job)
    {
        let jobs = spec.jobs.iter().map(Job::label).collect::<Vec<_>>().join(", ");
        findings.push(finding(format!("leads to the targets of {job}, which is no job"), format!("the jobs are {jobs}")));
    }
    let texts = [alert.description.as_str(), alert.meaning].into_iter().chain(alert.causes.iter().copied()).chain(alert.actions.iter().copied());
    for text in texts {
        for name in runbooks(text).filter(|name| !spec.alerts.iter().any(|other| other.name == *name)) {
            findings.push(
                finding(format!("leads to the runbook of {name}, which is no alert"), "name an alert of the spec".to_owned()).underlining(text, name),
            );
        }
        for url in urls(text).filter(|url| !ours(spec, url)) {
            let remedy = "lead to a part of the stack: others' pages move, and may not be reachable from there".to_owned();
            findings.push(finding(format!("leads to {url}"), remedy).underlining(text, url));
        }
    }
    findings
}

/// Alerts whose runbooks a text names.
fn runbooks(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split(RUNBOOKS).skip(1);
    after.filter_map(|rest| rest.split_once(".md")).map(|(name, _)| name).filter(|name| name.chars().all(|letter| letter.is_ascii_alphanumeric()))
}

fn urls(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("http").filter_map(|(start, _)| text.get(start..));
    let whole = starts.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
    whole.filter_map(|rest| rest.split(|letter: char| letter.is_whitespace() || "`'\"()<>,;".contains(letter)).next())
}

/// Whether an address is one of the stack's, as people or as its parts reach them.
fn ours(spec: &Spec, url: &str) -> bool {
    let site = &spec.site;
    let bases = [&site.prometheus_url, &site.alertmanager_url, &site.grafana_url];
    let host = url.split("://").nth(1).unwrap_or_default();
    // A site may have moved a target; texts are about the common stack.
    let inside = component::ALL.into_iter().any(|component| host.starts_with(&component.address()));
    inside
        || host.starts_with(['<', '$', '{'])
        || host.starts_with("127.0.0.1")
        || host.starts_with("localhost")
        || bases.into_iter().any(|base| url.starts_with(base))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(change: impl FnOnce(&mut Alert)) -> Vec<String> {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            change(&mut spec.alerts[0]);
        });
        messages(&check(&spec)).iter().map(|said| said.lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn targets_of_no_job_are_found() {
        let expected = "alert RedisDown: leads to the targets of reddis, which is no job [rule/link]";
        assert_eq!(said(|alert| alert.page = Page::Targets("reddis")), [expected]);
    }

    #[test]
    fn runbooks_of_no_alert_are_found() {
        let expected = "alert RedisDown: leads to the runbook of RedisGone, which is no alert [rule/link]";
        assert_eq!(said(|alert| alert.causes = &["See runbooks/RedisGone.md."]), [expected]);
    }

    #[test]
    fn addresses_of_others_are_found() {
        let expected = "alert RedisDown: leads to https://redis.example/docs [rule/link]";
        assert_eq!(said(|alert| alert.actions = &["Read https://redis.example/docs, then restart it."]), [expected]);
    }

    #[test]
    fn a_site_may_move_its_targets() {
        let mut site = crate::spec::site::Site::default();
        for job in ["node", "redis", "prometheus"] {
            site.add_target(&format!("{job}=10.0.0.1:1")).unwrap();
        }
        assert_eq!(check(&Spec::new(&site)), []);
    }

    #[test]
    fn links_within_the_stack_pass() {
        assert_eq!(said(|_| {}), [""; 0]);
        assert_eq!(said(|alert| alert.actions = &["`curl http://127.0.0.1:9093/-/ready`, then runbooks/RedisDown.md."]), [""; 0]);
        assert_eq!(said(|alert| alert.actions = &["`wget http://redis-exporter:9121/metrics`."]), [""; 0]);
    }
}
