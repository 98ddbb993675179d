//! The configuration can work: times fit into each other, jobs stay apart, and every job has its limits.

use std::collections::BTreeMap;

use super::Finding;
use crate::spec::component::Limits;
use crate::spec::job::Job;
use crate::spec::{BOUNDED_EPOCH, EXPORTER_MARGIN, Spec};

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
    findings
}

fn times(spec: &Spec) -> Vec<Finding> {
    let scrape = |problem: String, remedy: &str| Finding::new("configuration/times", "scraping", problem, remedy);
    let mut findings = Vec::new();
    if spec.scrape_timeout >= spec.scrape_interval {
        findings.push(scrape(
            format!("a timeout of {} in an interval of {}", spec.scrape_timeout, spec.scrape_interval),
            "let a scrape end before the next begins",
        ));
    }
    let scale = spec.site.time_scale;
    if spec.scrape_timeout <= EXPORTER_MARGIN.divided_by(scale) {
        findings
            .push(scrape(format!("a timeout of {} leaves exporters nothing of it", spec.scrape_timeout), "they keep half a second for themselves"));
    }
    if spec.scrape_interval > BOUNDED_EPOCH.divided_by(scale) {
        let problem =
            format!("a scrape every {}, and values of bounded families may change every {}", spec.scrape_interval, BOUNDED_EPOCH.divided_by(scale));
        findings.push(scrape(problem, "scrape at least once in an epoch, or increments are lost"));
    }
    if spec.evaluation_interval > spec.scrape_interval.times(2) {
        findings.push(scrape(
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
    use crate::spec::duration::{minutes, seconds};

    fn said(change: impl FnOnce(&mut Spec)) -> Vec<String> {
        messages(&check(&changed(change)))
    }

    fn job<'a>(spec: &'a mut Spec, name: &str) -> &'a mut Job {
        spec.jobs.iter_mut().find(|job| job.name == name).unwrap()
    }

    #[test]
    fn times_that_do_not_fit_are_found() {
        let timeout = "scraping: a timeout of 15s in an interval of 15s [configuration/times]\n  = let a scrape end before the next begins";
        assert_eq!(said(|spec| spec.scrape_timeout = seconds(15)), [timeout]);
        let epoch = "scraping: a scrape every 1m, and values of bounded families may change every 30s [configuration/times]\n  = scrape at least once in an epoch, or increments are lost";
        assert_eq!(said(|spec| spec.scrape_interval = minutes(1)), [epoch]);
        let nothing = "scraping: a timeout of 500ms leaves exporters nothing of it [configuration/times]\n  = they keep half a second for themselves";
        assert_eq!(said(|spec| spec.scrape_timeout = EXPORTER_MARGIN), [nothing]);
        let rules = "scraping: rules every 1m, samples every 15s [configuration/times]\n  = evaluate as often as there is something new";
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
    fn jobs_without_a_limit_are_found() {
        let expected = "job redis: has no limit on samples, labels or body size [configuration/job]\n  = give it all of them, so that one broken target cannot take Prometheus with it";
        assert_eq!(said(|spec| job(spec, "redis").limits.samples = 0), [expected]);
    }

    #[test]
    fn our_own_configuration_passes() {
        assert_eq!(said(|_| {}), [""; 0]);
    }
}
