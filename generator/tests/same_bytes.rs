//! The same site gives the same bytes: in every run, locale and time zone, and however its file is ordered.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

type Outcome = Result<(), Box<dyn Error>>;

/// Set by `tests/full.sh`: compares as many runs as are promised.
const LONG: &str = "LONG";

/// How many that is.
const LONG_RUNS: usize = 100;

/// An environment of another country; the locale need not be installed to be asked for.
const ENVIRONMENTS: [(&str, &str); 4] =
    [("C", "UTC"), ("de_DE.UTF-8", "Asia/Kathmandu"), ("tr_TR.UTF-8", "America/St_Johns"), ("C.UTF-8", "Pacific/Apia")];

/// Variables of a site in two orders.
const SITES: [&str; 2] =
    ["CLUSTER=west\nENVIRONMENT=stage\nALERTMANAGER_WEBHOOK_USER=am\n", "ALERTMANAGER_WEBHOOK_USER=am\nENVIRONMENT=stage\nCLUSTER=west\n"];

/// What a run has of some values that take turns.
fn turn<T: Copy + Default>(values: &[T], run: usize) -> T {
    values.iter().cycle().nth(run).copied().unwrap_or_default()
}

/// Every file of a rendered set.
fn rendered(directory: &Path, run: usize) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let (locale, zone) = turn(&ENVIRONMENTS, run);
    let (first, second) = (["--target", "redis=r:1"], ["--target", "node=n:2"]);
    let targets = if run.is_multiple_of(2) { [first, second] } else { [second, first] };
    fs::write(directory.join(".env"), turn(&SITES, run))?;
    let site = format!("site{run}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.current_dir(directory).args(["--output", &site, "--env-file", ".env"]).args(targets.concat());
    command.env_clear().env("LC_ALL", locale).env("LANG", locale).env("TZ", zone);
    let output = command.output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = BTreeMap::new();
    collect(&directory.join(&site), "", &mut files)?;
    fs::remove_dir_all(directory.join(&site))?;
    Ok(files)
}

fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &path, files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[test]
fn every_run_gives_the_same_bytes() -> Outcome {
    let runs = if env::var_os(LONG).is_some() { LONG_RUNS } else { ENVIRONMENTS.len() * 2 };
    let directory = tempfile::tempdir()?;
    let first = rendered(directory.path(), 0)?;
    assert!(first.len() > 10);
    for run in 1..runs {
        let files = rendered(directory.path(), run)?;
        for (path, bytes) in &first {
            assert_eq!(files.get(path), Some(bytes), "{path} in run {run} with {:?}", turn(&ENVIRONMENTS, run));
        }
        assert_eq!(files.len(), first.len());
    }
    Ok(())
}
