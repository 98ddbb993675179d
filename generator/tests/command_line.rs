//! The program as it is run: exit codes, what it names, and what it leaves on disk.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// Runs the program in a directory.
fn run(directory: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_generator")).current_dir(directory).args(arguments).output()
}

/// A directory that the program takes for its repository.
fn repository() -> std::io::Result<TempDir> {
    let directory = tempfile::tempdir()?;
    fs::create_dir(directory.path().join("generator"))?;
    fs::write(directory.path().join("generator/Cargo.toml"), "")?;
    Ok(directory)
}

fn standard_output(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn standard_error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_rendered_repository_passes_the_check_from_any_directory_of_it() -> Outcome {
    let repository = repository()?;
    assert_eq!(run(repository.path(), &[])?.status.code(), Some(0));
    let check = run(&repository.path().join("generator"), &["--check"])?;
    assert_eq!((check.status.code(), standard_output(&check)), (Some(0), String::new()));
    for path in [".env.example", "docker-compose.monitoring.yml", "generated/prometheus.yml", "generated/runbooks/RedisDown.md"] {
        assert!(repository.path().join(path).is_file(), "{path}");
    }
    Ok(())
}

#[test]
fn the_check_names_each_file_that_differs() -> Outcome {
    let repository = repository()?;
    run(repository.path(), &[])?;
    fs::write(repository.path().join("generated/prometheus.yml"), "edited")?;
    fs::write(repository.path().join(".env.example"), "edited")?;
    fs::remove_file(repository.path().join("generated/alertmanager.yml"))?;

    let check = run(repository.path(), &["--check"])?;

    assert_eq!(check.status.code(), Some(1));
    assert_eq!(standard_output(&check), "generated/alertmanager.yml is missing\ngenerated/prometheus.yml differs\n.env.example differs\n");
    assert_eq!(fs::read_to_string(repository.path().join(".env.example"))?, "edited");
    Ok(())
}

#[test]
fn outside_a_repository_a_directory_must_be_named() -> Outcome {
    let directory = tempfile::tempdir()?;
    let output = run(directory.path(), &[])?;
    assert_eq!(output.status.code(), Some(2));
    assert!(standard_error(&output).ends_with("change to it, or name a directory with --output\n"), "{}", standard_error(&output));
    assert_eq!(fs::read_dir(directory.path())?.count(), 0);
    Ok(())
}

#[test]
fn a_site_is_rendered_into_its_own_directory_only() -> Outcome {
    let directory = tempfile::tempdir()?;
    let site = directory.path().join("site");
    fs::write(directory.path().join(".env"), "CLUSTER=west\nALERTMANAGER_WEBHOOK_PASSWORD=hunter2\n")?;
    let arguments =
        ["--output", "site", "--env-file", ".env", "--target", "redis=127.0.0.1:1", "--webhook", "http://127.0.0.1:2/", "--secrets-dir", "/s/"];

    assert_eq!(run(directory.path(), &arguments)?.status.code(), Some(0));

    let prometheus = fs::read_to_string(site.join("prometheus.yml"))?;
    assert!(prometheus.contains("cluster: west") && prometheus.contains("- 127.0.0.1:1\n"), "{prometheus}");
    let alertmanager = fs::read_to_string(site.join("alertmanager.yml"))?;
    assert!(alertmanager.contains("url: http://127.0.0.1:2/\n") && alertmanager.contains("password_file: /s/alertmanager_webhook_password\n"));
    assert!(!alertmanager.contains("hunter2") && !prometheus.contains("hunter2"));
    assert_eq!(fs::read_dir(directory.path())?.count(), 2, "site and .env");
    let check = ["--check"].into_iter().chain(arguments).collect::<Vec<_>>();
    assert_eq!(run(directory.path(), &check)?.status.code(), Some(0));
    Ok(())
}

#[test]
fn what_differs_from_the_defaults_needs_a_directory_of_its_own() -> Outcome {
    let repository = repository()?;
    for option in [["--webhook", "http://h/"], ["--target", "redis=h:1"], ["--secrets-dir", "/s"], ["--time-scale", "2"], ["--env-file", ".env"]] {
        let output = run(repository.path(), &option)?;
        assert_eq!(output.status.code(), Some(2), "{option:?}");
        assert!(standard_error(&output).contains("--output <DIR>"), "{}", standard_error(&output));
    }
    assert!(!repository.path().join("generated").exists());
    Ok(())
}

#[test]
fn a_directory_that_cannot_be_written_is_named_and_left_alone() -> Outcome {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join("file"), "mine")?;
    // Nobody can make a directory in /proc, not even root, for whom permissions are no obstacle.
    for (output, message) in [
        ("file", "error: file is not a directory\n"),
        ("file/below", "error: file is not a directory\n"),
        ("/proc/site", "error: cannot create /proc/site: No such file or directory (os error 2)\n"),
    ] {
        let run = run(directory.path(), &["--output", output])?;
        assert_eq!((run.status.code(), standard_error(&run).as_str()), (Some(2), message));
    }
    assert_eq!(fs::read_to_string(directory.path().join("file"))?, "mine");
    assert_eq!(fs::read_dir(directory.path())?.count(), 1);
    Ok(())
}

#[test]
fn an_odd_environment_file_is_named_with_its_line() -> Outcome {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join(".env"), "A=b\nhunter2\n")?;
    for (file, message) in
        [(".env", "error: .env: line 2: expected NAME=value\n"), ("none", "error: cannot read none: No such file or directory (os error 2)\n")]
    {
        let output = run(directory.path(), &["--output", "site", "--env-file", file])?;
        assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(2), message));
    }
    assert!(!directory.path().join("site").exists());
    Ok(())
}

#[test]
fn the_check_names_files_that_were_edited_by_hand_and_those_left_behind() -> Outcome {
    let directory = tempfile::tempdir()?;
    let site = directory.path().join("site");
    run(directory.path(), &["--output", "site"])?;
    let rules = site.join("alert_rules.yml");
    fs::write(&rules, fs::read_to_string(&rules)?.replace("for: 1m", "for: 1h"))?;
    fs::write(site.join("runbooks/Forgotten.md"), "of an alert that is gone")?;
    fs::write(site.join("mine.yml"), "an operator's own")?;
    let manifest = site.join(".manifest");
    fs::write(&manifest, fs::read_to_string(&manifest)?.replace("runbooks/RedisDown.md\n", "runbooks/Forgotten.md\nrunbooks/RedisDown.md\n"))?;

    let check = run(directory.path(), &["--output", "site", "--check"])?;

    let expected = ".manifest differs\nalert_rules.yml differs\nrunbooks/Forgotten.md is no longer rendered\n";
    assert_eq!((check.status.code(), standard_output(&check).as_str()), (Some(1), expected));
    assert!(site.join("runbooks/Forgotten.md").exists(), "the check changes nothing");
    run(directory.path(), &["--output", "site"])?;
    assert!(!site.join("runbooks/Forgotten.md").exists() && site.join("mine.yml").exists());
    assert_eq!(run(directory.path(), &["--output", "site", "--check"])?.status.code(), Some(0));
    Ok(())
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_written() -> Outcome {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join("site.yaml"), "intervals: {scrape: 6s, scrape_timeout: 7s, evaluation: 15s}\n")?;

    let output = run(directory.path(), &["--output", "site", "--site", "site.yaml"])?;

    assert_eq!((output.status.code(), standard_output(&output)), (Some(2), String::new()));
    let said = standard_error(&output);
    let places: Vec<&str> = said.lines().filter(|line| line.starts_with(" --> generator/src/spec/mod.rs:")).collect();
    assert_eq!(places.len(), 2, "{said}");
    let without_places = said.lines().filter(|line| !line.starts_with(" -->")).collect::<Vec<_>>().join("\n");
    let expected = "error: scraping: a timeout of 7s in an interval of 6s [configuration/times]
  | intervals: {scrape: 6s, scrape_timeout: 7s, evaluation: 15s}
  |                         ^^^^^^^^^^^^^^^^^^
  = let a scrape end before the next begins

scraping: rules every 15s, samples every 6s [configuration/times]
  | intervals: {scrape: 6s, scrape_timeout: 7s, evaluation: 15s}
  |                                             ^^^^^^^^^^^^^^^
  = evaluate as often as there is something new";
    assert_eq!(without_places, expected);
    assert!(!directory.path().join("site").exists());
    Ok(())
}

#[test]
fn an_error_of_the_site_file_has_its_name_and_line() -> Outcome {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join("site.yaml"), "intervals:\n  scrape: 15s\n  evaluation: 30s\n")?;
    let output = run(directory.path(), &["--output", "site", "--site", "site.yaml"])?;
    let expected = "error: site.yaml: line 3: intervals.evaluation: \"30s\" must be a length of time between 5s and 15s, such as 5s\n";
    assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(2), expected));
    assert!(!directory.path().join("site").exists());
    Ok(())
}

#[test]
fn the_printed_site_is_a_site_file_that_changes_nothing() -> Outcome {
    let directory = tempfile::tempdir()?;
    let printed = run(directory.path(), &["--print-site"])?;
    assert_eq!((printed.status.code(), standard_error(&printed)), (Some(0), String::new()));
    assert_eq!(fs::read_dir(directory.path())?.count(), 0);
    let text = standard_output(&printed);
    for line in ["intervals:", "  scrape: 15s", "thresholds:", "external_labels:"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}: {text}");
    }
    fs::write(directory.path().join("site.yaml"), &text)?;
    run(directory.path(), &["--output", "site"])?;

    let again = run(directory.path(), &["--output", "site", "--site", "site.yaml", "--check"])?;

    let differing = standard_output(&again);
    // Versions that are written out go to a file of the site's own, even if they are the spec's.
    assert!(differing.lines().all(|line| line.contains("compose.site.yml") || line.contains(".manifest")), "{differing}");
    Ok(())
}

#[test]
fn a_plan_says_that_a_route_moved_and_writes_nothing() -> Outcome {
    let directory = tempfile::tempdir()?;
    run(directory.path(), &["--output", "site"])?;
    let path = directory.path().join("site/alertmanager.yml");
    let moved = fs::read_to_string(&path)?.replace("- receiver: warning\n    matchers", "- receiver: info\n    matchers");
    fs::write(&path, &moved)?;

    let plan = run(directory.path(), &["--plan", "site"])?;

    let said = standard_output(&plan);
    assert_eq!(plan.status.code(), Some(0), "{}", standard_error(&plan));
    assert!(said.contains("receiver warning instead of info") && said.contains("also by e-mail to "), "{said}");
    assert!(said.contains(" series, ") && said.contains("samples per second"), "{said}");
    assert_eq!(fs::read_to_string(&path)?, moved);
    Ok(())
}
