//! Recordings that look back a week say what they should: in Promtool, over more than a week.

use std::error::Error;
use std::fs;
use std::io;
use std::process::Command;

use generator::Site;
use generator::write::{Destination, replace};

#[test]
fn business_is_recorded_now_and_of_last_week() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    replace(&generator::render(&Site::default())?, &Destination::set(directory.path().join("set")))?;
    fs::write(directory.path().join("test.yml"), include_str!("recordings.yml"))?;

    let output = match Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(directory.path()).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("promtool is missing: apt-get install prometheus".into()),
        output => output?,
    };

    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(())
}
