//! Promtool and amtool accept every rendered file, at any time scale.

use std::error::Error;
use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::thread;

use generator::Site;
use generator::write::{Destination, replace};

type Outcome = Result<(), Box<dyn Error>>;

/// Renders a site into a directory, with its secret files in `secrets`, and lets the programs read it.
fn accept(site: Site, directory: &Path) -> Outcome {
    accept_with_tests_of(site, directory, "")
}

/// The same with the unit tests in files whose names begin so.
fn accept_with_tests_of(site: Site, directory: &Path, area: &str) -> Outcome {
    let mut site = site;
    let secrets = directory.join("secrets");
    fs::create_dir(&secrets)?;
    for secret in ["alertmanager_webhook_password", "metrics_token"] {
        fs::write(secrets.join(secret), "secret")?;
    }
    site.set_secrets_directory(&secrets.to_string_lossy());
    let set = directory.join("set");
    replace(&generator::render(&site)?, &Destination::set(&set))?;

    promtool(&set, &["check", "config", "prometheus.yml"])?;
    promtool(&set, &["check", "rules", "--lint-fatal", "alert_rules.yml", "recording_rules.yml"])?;
    let tests = unit_tests(&set, area)?;
    pass(&set, &tests)?;
    amtool(&set, &["check-config", "alertmanager.yml"])
}

/// Generated unit tests of an area; all, if it is empty. There are some.
fn unit_tests(set: &Path, area: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut tests = Vec::new();
    for file in fs::read_dir(set.join("tests"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.starts_with(area) && name.ends_with("_test.yml") {
            tests.push(format!("tests/{name}"));
        }
    }
    if tests.is_empty() { Err(format!("no unit tests of \"{area}\"").into()) } else { Ok(tests) }
}

/// Runs unit tests as two programs with half of the files each.
fn pass(set: &Path, tests: &[String]) -> Outcome {
    let half = |first: usize| -> Result<(), String> {
        let files: Vec<&str> = tests.iter().skip(first).step_by(2).map(String::as_str).collect();
        let run = || promtool(set, &["test", "rules"].into_iter().chain(files.iter().copied()).collect::<Vec<_>>());
        if files.is_empty() { Ok(()) } else { run().map_err(|error| error.to_string()) }
    };
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        (half(0), other.join().unwrap_or_else(|_| Err("the other half panicked".to_owned())))
    });
    Ok(first.and(second)?)
}

fn promtool(directory: &Path, arguments: &[&str]) -> Outcome {
    run("promtool", "prometheus", directory, arguments)
}

fn amtool(directory: &Path, arguments: &[&str]) -> Outcome {
    run("amtool", "prometheus-alertmanager", directory, arguments)
}

/// Runs a program that must be there and succeed.
fn run(program: &str, package: &str, directory: &Path, arguments: &[&str]) -> Outcome {
    let output = match Command::new(program).current_dir(directory).args(arguments).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(format!("{program} is missing: apt-get install {package}").into()),
        output => output?,
    };
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {}: {}{}", arguments.join(" "), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).into())
}

#[test]
fn the_default_set_is_accepted() -> Outcome {
    accept(Site::default(), tempfile::tempdir()?.path())
}

#[test]
fn a_set_in_seconds_is_accepted_and_its_tests_pass() -> Outcome {
    for scale in [2, 15, 60] {
        let mut site = Site::default();
        site.set_time_scale(NonZeroU32::try_from(scale)?)?;
        accept(site, tempfile::tempdir()?.path())?;
    }
    Ok(())
}

#[test]
fn a_site_with_a_heartbeat_and_own_targets_is_accepted() -> Outcome {
    let mut site = Site::default();
    site.read_env("HEARTBEAT_URL=https://beat.example/token\nENVIRONMENT=\"on\"\nCLUSTER=0644\nALERTMANAGER_WEBHOOK_USER='a: b'\n")?;
    site.add_target("redis=[::1]:9121")?;
    accept_with_tests_of(site, tempfile::tempdir()?.path(), "monitoring")
}

#[test]
fn a_site_with_a_token_is_accepted() -> Outcome {
    let directory = tempfile::tempdir()?;
    let mut site = Site::default();
    site.read_env("METRICS_TOKEN=canary4711\n")?;
    accept_with_tests_of(site, directory.path(), "monitoring")?;
    let text = fs::read_to_string(directory.path().join("set/prometheus.yml"))?;
    assert!(text.contains("/secrets/metrics_token\n") && !text.contains("canary4711"), "{text}");
    Ok(())
}

#[test]
fn a_pair_of_each_is_accepted_and_watches_each_other() -> Outcome {
    let directory = tempfile::tempdir()?;
    let mut site = Site::default();
    site.read_file("jobs:\n  prometheus: {instances: 2}\n  alertmanager: {instances: 2}\n  redis: {instances: 2}\n")?;
    accept_with_tests_of(site, directory.path(), "monitoring")?;
    let set = directory.path().join("set");
    promtool(&set, &["check", "config", "prometheus-2.yml"])?;
    let text = |path: &str| fs::read_to_string(set.join(path));
    for alert in ["PrometheusDown", "AlertmanagerDown"] {
        assert!(text("alert_rules.yml")?.contains(&format!("- alert: {alert}\n")), "{alert}");
        let tested = unit_tests(&set, "monitoring")?.iter().map(|path| text(path)).collect::<io::Result<Vec<_>>>()?;
        assert!(tested.concat().contains(&format!("alertname: {alert}\n")), "{alert} has no unit test");
        assert!(text("alertmanager.yml")?.contains(&format!("- alertname=\"{alert}\"\n  target_matchers:")), "{alert} inhibits nothing");
        amtool(&set, &["config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=critical", "severity=critical"])?;
    }
    Ok(())
}

#[test]
fn one_of_each_has_nobody_to_watch_it() -> Outcome {
    let files = generator::render(&Site::default())?;
    let rules = files.iter().find(|file| file.path() == "alert_rules.yml").ok_or("no rules")?;
    let text = String::from_utf8_lossy(rules.bytes());
    assert!(!text.contains("PrometheusDown") && !text.contains("AlertmanagerDown"));
    assert!(!files.iter().any(|file| file.path() == "prometheus-2.yml"));
    Ok(())
}

#[test]
fn each_severity_reaches_its_receiver() -> Outcome {
    let directory = tempfile::tempdir()?;
    replace(&generator::render(&Site::default())?, &Destination::set(directory.path()))?;
    for (severity, receiver) in
        [("critical", "critical"), ("warning", "warning"), ("info", "info"), ("none", "heartbeat"), ("unheard-of", "critical")]
    {
        let verify = format!("--verify.receivers={receiver}");
        amtool(directory.path(), &["config", "routes", "test", "--config.file=alertmanager.yml", &verify, &format!("severity={severity}")])?;
    }
    Ok(())
}
