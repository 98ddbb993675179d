//! Promtool and amtool accept every rendered file, at any time scale.

use std::error::Error;
use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use generator::Site;
use generator::write::{Destination, replace};

type Outcome = Result<(), Box<dyn Error>>;

/// Renders a site into a directory, with its secret files in `secrets`, and lets the programs read it.
fn accept(site: Site, directory: &Path) -> Outcome {
    let mut site = site;
    let secrets = directory.join("secrets");
    fs::create_dir(&secrets)?;
    fs::write(secrets.join("alertmanager_webhook_password"), "password")?;
    site.set_secrets_directory(&secrets.to_string_lossy());
    let set = directory.join("set");
    replace(&generator::render(&site)?, &Destination::set(&set))?;

    promtool(&set, &["check", "config", "prometheus.yml"])?;
    promtool(&set, &["check", "rules", "--lint-fatal", "alert_rules.yml", "recording_rules.yml"])?;
    promtool(&set, &["test", "rules", "tests/alerts_test.yml"])?;
    amtool(&set, &["check-config", "alertmanager.yml"])
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
    accept(site, tempfile::tempdir()?.path())
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
