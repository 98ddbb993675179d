//! The configuration can work: times fit into each other, jobs stay apart, and every job has its limits.

use std::collections::BTreeMap;

use super::Finding;
use crate::spec::component::Limits;
use crate::spec::duration::Duration;
use crate::spec::job::Job;
use crate::spec::{BOUNDED_EPOCH, EXPORTER_MARGIN, Spec, TIMES};

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = times(spec);
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    let mut addresses: BTreeMap<&str, &str> = BTreeMap::new();
    for job in &spec.jobs {
        if labels.insert(job.label(), job.label()).is_some() {
            findings.push(finding(job, "another job has this name".to_owned(), "rename one of them"));
        }
        if job.targets.is_empty() {
            findings.push(finding(job, "has no target".to_owned(), "name a host:port"));
        }
        for target in &job.targets {
            if let Some(other) = addresses.insert(target, job.label()) {
                findings.push(finding(
                    job,
                    format!("{target} is a target of {other} as well"),
                    "scrape it once, or the same series come from two jobs",
                ));
            }
        }
        findings.extend(limits(job));
    }
    findings.extend(published_ports(spec));
    findings
}

/// Ports of the host are given to one container each.
fn published_ports(spec: &Spec) -> Vec<Finding> {
    let mut taken: BTreeMap<u16, String> = BTreeMap::new();
    let mut findings = Vec::new();
    for job in spec.jobs.iter().filter(|job| job.component.published) {
        for number in 1..=spec.site.instances(job.component) {
            let (port, name) = (job.component.published_port(number), job.component.name_of(number));
            if let Some(other) = taken.insert(port, name.clone()) {
                let problem = format!("{name} would be published on port {port}, as {other} is");
                findings.push(finding(job, problem, "give its component a port that no container of another has"));
            }
        }
    }
    findings
}

fn times(spec: &Spec) -> Vec<Finding> {
    let intervals =
        format!("intervals: {{scrape: {}, scrape_timeout: {}, evaluation: {}}}", spec.scrape_interval, spec.scrape_timeout, spec.evaluation_interval);
    let scrape = |key: &str, value: Duration, problem: String, remedy: &str| {
        Finding::new("configuration/times", "scraping", problem, remedy).at(TIMES).underlining(&intervals, &format!("{key}: {value}"))
    };
    let mut findings = Vec::new();
    if spec.scrape_timeout >= spec.scrape_interval {
        findings.push(scrape(
            "scrape_timeout",
            spec.scrape_timeout,
            format!("a timeout of {} in an interval of {}", spec.scrape_timeout, spec.scrape_interval),
            "let a scrape end before the next begins",
        ));
    }
    let scale = spec.site.time_scale;
    if spec.scrape_timeout <= EXPORTER_MARGIN.divided_by(scale) {
        let problem = format!("a timeout of {} leaves exporters nothing of it", spec.scrape_timeout);
        findings.push(scrape("scrape_timeout", spec.scrape_timeout, problem, "they keep half a second for themselves"));
    }
    if spec.scrape_interval > BOUNDED_EPOCH.divided_by(scale) {
        let problem =
            format!("a scrape every {}, and values of bounded families may change every {}", spec.scrape_interval, BOUNDED_EPOCH.divided_by(scale));
        findings.push(scrape("scrape", spec.scrape_interval, problem, "scrape at least once in an epoch, or increments are lost"));
    }
    if spec.evaluation_interval > spec.scrape_interval.times(2) {
        findings.push(scrape(
            "evaluation",
            spec.evaluation_interval,
            format!("rules every {}, samples every {}", spec.evaluation_interval, spec.scrape_interval),
            "evaluate as often as there is something new",
        ));
    }
    findings
}

fn limits(job: &Job) -> Option<Finding> {
    let Limits { samples, labels, label_name_length, label_value_length, body_size } = job.limits;
    // 0 is no limit to Prometheus.
    let none = [samples, labels, label_name_length, label_value_length].contains(&0) || body_size.is_empty() || body_size.starts_with('0');
    none.then(|| {
        finding(
            job,
            "has no limit on samples, labels or body size".to_owned(),
            "give it all of them, so that one broken target cannot take Prometheus with it",
        )
    })
}

fn finding(job: &Job, problem: String, remedy: &str) -> Finding {
    Finding::new("configuration/job", format!("job {}", job.label()), problem, remedy).at(job.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::component::{Component, Image};
    use crate::spec::duration::{minutes, seconds};

    fn said(change: impl FnOnce(&mut Spec)) -> Vec<String> {
        messages(&check(&changed(change)))
    }

    fn job<'a>(spec: &'a mut Spec, name: &str) -> &'a mut Job {
        spec.jobs.iter_mut().find(|job| job.name == name).unwrap()
    }

    #[test]
    fn times_that_do_not_fit_are_found() {
        let timeout = "scraping: a timeout of 15s in an interval of 15s [configuration/times]\n  | intervals: {scrape: 15s, scrape_timeout: 15s, evaluation: 15s}\n  |                          ^^^^^^^^^^^^^^^^^^^\n  = let a scrape end before the next begins";
        assert_eq!(said(|spec| spec.scrape_timeout = seconds(15)), [timeout]);
        let epoch = "scraping: a scrape every 1m, and values of bounded families may change every 30s [configuration/times]\n  | intervals: {scrape: 1m, scrape_timeout: 10s, evaluation: 15s}\n  |             ^^^^^^^^^^\n  = scrape at least once in an epoch, or increments are lost";
        assert_eq!(said(|spec| spec.scrape_interval = minutes(1)), [epoch]);
        let nothing = "scraping: a timeout of 500ms leaves exporters nothing of it [configuration/times]\n  | intervals: {scrape: 15s, scrape_timeout: 500ms, evaluation: 15s}\n  |                          ^^^^^^^^^^^^^^^^^^^^^\n  = they keep half a second for themselves";
        assert_eq!(said(|spec| spec.scrape_timeout = EXPORTER_MARGIN), [nothing]);
        let rules = "scraping: rules every 1m, samples every 15s [configuration/times]\n  | intervals: {scrape: 15s, scrape_timeout: 10s, evaluation: 1m}\n  |                                               ^^^^^^^^^^^^^^\n  = evaluate as often as there is something new";
        assert_eq!(said(|spec| spec.evaluation_interval = minutes(1)), [rules]);
    }

    #[test]
    fn jobs_and_targets_used_twice_are_found() {
        let target = "job redis: host.docker.internal:9100 is a target of node as well [configuration/job]\n  = scrape it once, or the same series come from two jobs";
        assert_eq!(said(|spec| job(spec, "redis").targets = vec!["host.docker.internal:9100".to_owned()]), [target]);
        let name = "job node: another job has this name [configuration/job]\n  = rename one of them";
        assert_eq!(said(|spec| job(spec, "redis").name = "node".to_owned()), [name]);
        assert_eq!(said(|spec| job(spec, "redis").targets.clear()), ["job redis: has no target [configuration/job]\n  = name a host:port"]);
    }

    #[test]
    fn ports_published_twice_are_found() {
        static TWIN: Component = Component {
            name: "twin",
            image: Image::Ours,
            port: 9190,
            job: "node",
            published: true,
            several: false,
            host: "twin",
            program: &metric_catalogue::external::node::PROGRAM,
            exporter: None,
            limits: Limits { samples: 1, labels: 1, label_name_length: 1, label_value_length: 1, body_size: "1MB" },
        };
        let change = |spec: &mut Spec| {
            job(spec, "node").component = &TWIN;
            spec.site.read_file("jobs: {prometheus: {instances: 2}}").unwrap();
        };
        let expected = "job node: twin would be published on port 9190, as prometheus-2 is [configuration/job]\n  = give its component a port that no container of another has";
        assert_eq!(said(change), [expected]);
    }

    #[test]
    fn jobs_without_a_limit_are_found() {
        let expected = "job redis: has no limit on samples, labels or body size [configuration/job]\n  = give it all of them, so that one broken target cannot take Prometheus with it";
        assert_eq!(said(|spec| job(spec, "redis").limits.samples = 0), [expected]);
    }

    #[test]
    fn our_own_configuration_passes() {
        assert_eq!(said(|_| {}), [""; 0]);
    }
}
