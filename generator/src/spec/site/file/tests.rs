//! Every way to get a site file wrong, with its message.

use super::*;
use crate::spec::site::JobNames;

fn read(text: &str) -> Result<Site, SiteError> {
    let mut site = Site::default();
    site.read_file(text).map(|()| site)
}

fn message(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_printed_file_changes_nothing() -> Result<(), SiteError> {
    let mut site = read(&Site::default().printed())?;
    assert_eq!(site.printed(), Site::default().printed());
    // What is written out stays what it was.
    for component in component::ALL {
        assert_eq!(site.targets.remove(component.job), Some(vec![component.address()]));
        assert_eq!(site.job_names.of(component.job), component.job);
        site.versions.remove(component.name);
    }
    site.job_names = JobNames::default();
    site.repeat_intervals.clear();
    site.thresholds.clear();
    assert_eq!(site, Site::default());
    Ok(())
}

#[test]
fn an_empty_file_changes_nothing() -> Result<(), SiteError> {
    assert_eq!(read("")?, Site::default());
    assert_eq!(read("# nothing yet\n")?, Site::default());
    Ok(())
}

#[test]
fn a_domain_makes_the_addresses() -> Result<(), SiteError> {
    let site = read("domain: shop.example\nemail:\n  to: ops@other.example\n")?;
    assert_eq!((site.email_to.as_str(), site.email_from.as_str()), ("ops@other.example", "alerts@shop.example"));
    assert_eq!(site.smtp_host, "smtp.shop.example:587");
    Ok(())
}

#[test]
fn a_job_may_have_several_instances() -> Result<(), SiteError> {
    let site = read("jobs:\n  redis:\n    name: cache\n    targets: ['a:1', 'b:2']\n")?;
    assert_eq!(site.targets["redis"], ["a:1", "b:2"]);
    assert_eq!(site.job_names.within(r#"up{job="redis"}"#), r#"up{job="cache"}"#);
    Ok(())
}

#[test]
fn a_time_scale_divides_the_intervals_of_the_site() -> Result<(), SiteError> {
    let scale = std::num::NonZeroU32::new(16).unwrap();
    read("intervals:\n  scrape: 16s\n  evaluation: 8s\n")?.set_time_scale(scale)?;
    let said = read("intervals:\n  evaluation: 7s\n")?.set_time_scale(std::num::NonZeroU32::new(15).unwrap()).unwrap_err().to_string();
    let expected = "time scale 15: 7s must divide by it into whole milliseconds, as it does by 2, 4, 5, 7, 8, 10, 14, 20, 25, 28, 35, 40, 50, 56";
    assert_eq!(said, expected);
    Ok(())
}

#[test]
fn values_out_of_range_name_what_is_allowed() {
    for (text, expected) in [
        ("thresholds:\n  host_cpu_high: 80\n", "line 2: thresholds.host_cpu_high: 80 is not between 0 and 1"),
        ("thresholds:\n  host_cpu_hihg: 0.8\n", "line 2: thresholds: there is no host_cpu_hihg; `generator --print-site` lists them"),
        ("intervals:\n  scrape: 2m\n", "line 2: intervals.scrape: \"2m\" must be a length of time between 5s and 30s, such as 5s"),
        ("intervals:\n  evaluation: 16s\n", "line 2: intervals.evaluation: \"16s\" must be a length of time between 5s and 15s, such as 5s"),
        (
            "intervals:\n  scrape_timeout: soon\n",
            "line 2: intervals.scrape_timeout: \"soon\" must be a length of time between 1s and 30s, such as 1s",
        ),
        ("intervals:\n  repeat:\n    urgent: 5m\n", "line 3: intervals.repeat: urgent is no severity, only critical, warning and info"),
        ("intervals:\n  repeat:\n    info: 1s\n", "line 3: intervals.repeat.info: \"1s\" must be a length of time between 1m and 7d, such as 1m"),
        ("images:\n  redis-exporter: v1\n", "line 2: images: redis-exporter is none of prometheus, alertmanager, grafana, node-exporter"),
        ("images:\n  grafana: latest\n", "line 2: images.grafana: \"latest\" is no version, such as v3.14.0"),
        ("network: 'a b'\n", "line 1: network: \"a b\" must be letters, digits, ., - and _"),
        ("domain: a@b\n", "line 1: domain: \"a@b\" must be letters, digits, ., - and _"),
        ("email:\n  to: nobody\n", "line 2: email.to must be name@host, or several with commas between them"),
        ("email:\n  smarthost: smtp\n", "line 2: email.smarthost must be host:port"),
        (
            "slack:\n  channel: $C\n",
            "line 2: slack.channel holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out",
        ),
        (
            "webhook:\n  url: api\n",
            "line 2: webhook.url must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space",
        ),
        (
            "urls:\n  grafana: grafana\n",
            "line 2: urls.grafana must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space",
        ),
        (
            "external_labels:\n  job: a\n",
            "line 2: external_labels: job cannot be one: a name is [a-zA-Z_][a-zA-Z0-9_]*, and job, instance, severity, service and team are taken",
        ),
        ("jobs:\n  reddis: {}\n", "line 2: jobs: reddis is none of prometheus, alertmanager, grafana, node, postgres, redis, celery, selextract-api"),
        ("jobs:\n  redis:\n    targets: ['a']\n", "line 3: jobs.redis.targets: \"a\" must be host:port"),
        ("jobs:\n  redis:\n    name: 'a\"b'\n", "line 3: jobs.redis.name: \"a\"b\" must be letters, digits, -, _ and ."),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn several_containers_are_targets_of_their_job() -> Result<(), SiteError> {
    let site = read("jobs:\n  redis:\n    instances: 3\n")?;
    assert_eq!(site.targets_of(&component::REDIS_EXPORTER), ["redis-exporter:9121", "redis-exporter-2:9121", "redis-exporter-3:9121"]);
    assert_eq!(read(&site.printed())?.instances, site.instances);
    Ok(())
}

#[test]
fn unknown_keys_name_those_that_there_are() {
    let keys = KEYS.join(", ");
    for (text, expected) in [
        ("emial: {}\n", format!("line 1: emial: there is no such key; the keys are {keys}")),
        ("email:\n  too: a@b\n", "line 2: email.too: there is no such key; the keys of email are to, from, smarthost, user, require_tls".to_owned()),
        ("slack: {chanel: x}\n", "line 1: slack.chanel: there is no such key; the keys of slack are channel".to_owned()),
        ("webhook:\n  password: x\n", "line 2: webhook.password: there is no such key; the keys of webhook are url, user".to_owned()),
        ("urls:\n  redis: x\n", "line 2: urls.redis: there is no such key; the keys of urls are prometheus, alertmanager, grafana".to_owned()),
        (
            "intervals:\n  scrapes: 5s\n",
            "line 2: intervals.scrapes: there is no such key; the keys of intervals are scrape, scrape_timeout, evaluation, repeat".to_owned(),
        ),
        (
            "jobs:\n  redis:\n    port:\n      9121\n",
            "line 3: jobs.redis.port: there is no such key; the keys of jobs.redis are name, targets, instances".to_owned(),
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn other_types_name_the_key_and_what_is_allowed() {
    for (text, expected) in [
        ("- a\n", "line 1: expected keys and values, found a list"),
        ("domain: 5\n", "line 1: domain: expected text between quotes, found the number 5"),
        ("email: [a]\n", "line 1: email: expected keys and values, found a list"),
        ("email:\n  to:\n    - a@b\n", "line 2: email.to: expected text, found a list"),
        ("email:\n  from: {a: b}\n", "line 2: email.from: expected text, found further keys"),
        ("email:\n  smarthost: 25\n", "line 2: email.smarthost: expected text between quotes, found the number 25"),
        ("email:\n  user: true\n", "line 2: email.user: expected text between quotes, found true"),
        ("email:\n  require_tls: perhaps\n", "line 2: email.require_tls: expected true or false, found text"),
        ("slack:\n  channel:\n", "line 2: slack.channel: expected text, found nothing"),
        ("external_labels: west\n", "line 1: external_labels: expected keys and values, found text"),
        ("external_labels:\n  zone: 0644\n", "line 2: external_labels.zone: expected text between quotes, found the number 644"),
        ("intervals:\n  scrape: 15\n", "line 2: intervals.scrape: expected text between quotes, found the number 15"),
        ("intervals:\n  repeat: 5m\n", "line 2: intervals.repeat: expected keys and values, found text"),
        ("images:\n  grafana: 13.2\n", "line 2: images.grafana: expected text between quotes, found the number 13.2"),
        ("jobs: [redis]\n", "line 1: jobs: expected keys and values, found a list"),
        ("jobs:\n  redis: redis:6379\n", "line 2: jobs.redis: expected keys and values, found text"),
        ("jobs:\n  redis:\n    targets: a:1\n", "line 3: jobs.redis.targets: expected a list, such as ['a', 'b'], found text"),
        ("jobs:\n  redis:\n    targets: [5]\n", "line 3: jobs.redis.targets: expected text between quotes, found the number 5"),
        ("jobs:\n  redis:\n    instances: two\n", "line 3: jobs.redis.instances: expected a number, found text"),
        ("thresholds:\n  host_cpu_high: much\n", "line 2: thresholds.host_cpu_high: expected a number, found text"),
        ("thresholds:\n  host_cpu_high: true\n", "line 2: thresholds.host_cpu_high: expected a number, found true"),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn instances_are_few_and_of_parts_that_can_stand_side_by_side() {
    for (text, expected) in [
        ("jobs:\n  redis:\n    instances: 0\n", "line 3: jobs.redis.instances: 0 must be a whole number from 1 to 9"),
        ("jobs:\n  redis:\n    instances: 1.5\n", "line 3: jobs.redis.instances: 1.5 must be a whole number from 1 to 9"),
        (
            "jobs:\n  grafana:\n    instances: 2\n",
            "line 3: jobs.grafana.instances: only prometheus, alertmanager, postgres, redis, celery can have several containers; name further targets with `targets`",
        ),
        (
            "jobs:\n  redis:\n    targets: ['a:1']\n    instances: 2\n",
            "line 4: jobs.redis: targets are addresses, instances makes containers: give one of the two",
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn what_is_no_yaml_has_its_line() {
    for (text, expected) in [
        ("network: a\nnetwork: b\n", "line 2: not YAML: duplicate mapping key: network"),
        ("email:\n  to: [\n", "line 2: not YAML: unclosed bracket '['"),
        ("a: b: c\n", "line 1: not YAML: mapping values are not allowed in this context"),
        ("email:\n to: a@b\n  from: x\n", "line 3: not YAML: mapping values are not allowed in this context"),
        ("domain: \"a\n", "line 1: not YAML: unclosed quote"),
        ("domain: *b\n", "line 1: not YAML: alias references unknown anchor"),
        ("? [a]\n: b\n", "line 1: not YAML: expected string scalar"),
    ] {
        assert_eq!(message(text), expected);
    }
}
