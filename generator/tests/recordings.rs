//! Recordings that take longer than their own unit tests say what they should, in Promtool.

use std::error::Error;
use std::fs;
use std::io;
use std::process::Command;

use generator::Site;
use generator::write::{Destination, replace};

/// Runs tests of the rules that are deployed.
fn pass(tests: &str) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    replace(&generator::render(&Site::default())?, &Destination::set(directory.path().join("set")))?;
    fs::write(directory.path().join("test.yml"), tests)?;

    let output = match Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(directory.path()).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("promtool is missing: apt-get install prometheus".into()),
        output => output?,
    };

    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn business_is_recorded_now_and_of_last_week() -> Result<(), Box<dyn Error>> {
    pass(include_str!("recordings.yml"))
}

#[test]
fn failed_requests_become_an_alert_of_the_objective() -> Result<(), Box<dyn Error>> {
    pass(include_str!("burn.yml"))
}
