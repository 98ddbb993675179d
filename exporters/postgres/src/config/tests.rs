//! What the command line and the variables come to.

use std::{fs, os::unix::fs::PermissionsExt};

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    config: Config,
}

fn config(flags: &[&str]) -> Config {
    Line::try_parse_from(["postgres-exporter"].iter().chain(flags)).unwrap().config
}

fn from(variables: &[(&str, &str)]) -> Result<Target, String> {
    target(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())).map_err(|error| error.to_string())
}

fn password(target: &Target) -> Option<String> {
    target.config(None, false).get_password().map(|password| String::from_utf8_lossy(password).into_owned())
}

#[test]
fn collectors_have_upstream_s_defaults() {
    let enabled = config(&[]).collectors;
    for name in ["database", "locks", "stat_bgwriter", "stat_user_tables", "wal"] {
        assert!(enabled.runs(name), "{name}");
    }
    for name in ["stat_statements", "postmaster", "process_idle", "long_running_transactions", "xlog_location", "nothing"] {
        assert!(!enabled.runs(name), "{name}");
    }
    assert!(!config(&["--collector.replication_slot=false"]).runs("replication_slots"));
    assert!(!config(&["--disable-settings-metrics"]).runs("settings"));
    let enabled = config(&["--collector.locks=false", "--collector.postmaster"]).collectors;
    assert!(!enabled.runs("locks") && enabled.runs("postmaster"));
}

#[test]
fn every_flag_of_upstream_has_its_default() {
    // Upstream turns statistics of the checkpointer off, and has the dashboards of 17 and later empty; here they are on.
    let defaults = [
        ("buffercache_summary", false),
        ("database", true),
        ("database_wraparound", false),
        ("locks", true),
        ("long_running_transactions", false),
        ("postmaster", false),
        ("process_idle", false),
        ("replication", true),
        ("replication_slots", true),
        ("roles", true),
        ("settings", true),
        ("stat_activity", true),
        ("stat_activity_autovacuum", false),
        ("stat_archiver", true),
        ("stat_bgwriter", true),
        ("stat_checkpointer", true),
        ("stat_database", true),
        ("stat_progress_vacuum", true),
        ("stat_replication", true),
        ("stat_statements", false),
        ("stat_user_tables", true),
        ("stat_wal_receiver", false),
        ("statio_user_indexes", false),
        ("statio_user_tables", true),
        ("wal", true),
        ("xlog_location", false),
    ];
    for (name, default) in defaults {
        assert_eq!(config(&[]).collectors.runs(name), default, "{name}");
        for given in [true, false] {
            assert_eq!(config(&[&format!("--collector.{name}={given}")]).runs(name), given, "{name}");
        }
        assert!(config(&[&format!("--collector.{name}")]).runs(name), "{name}");
    }
}

#[test]
fn own_flag_goes_before_that_of_a_group() {
    let runs = |flags: &[&str], name| config(flags).runs(name);
    assert!(!runs(&["--disable-default-metrics"], "stat_database_conflicts"));
    assert!(runs(&["--disable-default-metrics"], "stat_database") && runs(&["--disable-default-metrics"], "settings"));
    assert!(runs(&["--disable-default-metrics", "--collector.stat_database_conflicts"], "stat_database_conflicts"));
    assert!(runs(&["--disable-settings-metrics", "--collector.settings"], "settings"));
    assert!(runs(&[], "database_size") && !runs(&["--collector.database=false"], "database_size"));
    assert!(runs(&["--collector.database=false", "--collector.database_size"], "database_size"));
    assert!(!runs(&["--collector.database_size=false"], "database_size"));
}

#[test]
fn old_name_of_a_flag_is_taken() {
    assert!(config(&["--auto-discover-databases"]).visits_all() && config(&["--collect-databases"]).visits_all());
    assert!(!config(&[]).visits_all());
}

#[test]
fn labels_and_prefix_are_checked() {
    assert!(config(&["--constantLabels=env=prod, team=data", "--metric-prefix=postgres"]).relabeling().is_ok());
    for wrong in ["--constantLabels=env", "--constantLabels=datname=x", "--metric-prefix=9"] {
        let error = config(&[wrong]).relabeling().unwrap_err().to_string();
        assert!(wrong.starts_with(error.split(':').next().unwrap()), "{error}");
    }
}

#[test]
fn name_wins_over_parts_and_libpq_fills_gaps() {
    let found = from(&[("DATA_SOURCE_NAME", "postgres://me:a,b@db/x"), ("DATA_SOURCE_URI", "other"), ("PGPORT", "6000"), ("PGUSER", "you")]).unwrap();
    assert_eq!(found.name, "db:6000");
    assert_eq!(password(&found).as_deref(), Some("a,b"));
    assert_eq!(found.config(None, false).get_user(), Some("me"));
}

#[test]
fn parts_make_a_target() {
    let found =
        from(&[("DATA_SOURCE_URI", "db:5433/shop?sslmode=disable"), ("DATA_SOURCE_USER", "me@x"), ("DATA_SOURCE_PASS", "p@,ss/word")]).unwrap();
    assert_eq!((found.name.as_str(), password(&found).as_deref()), ("db:5433", Some("p@,ss/word")));
}

#[test]
fn password_file_is_read_for_each_connection() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("first\n");
    let found = from(&[("DATA_SOURCE_URI", "db"), ("DATA_SOURCE_PASS_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(password(&found).as_deref(), Some("first"));
    write("second");
    assert_eq!(password(&found).as_deref(), Some("second"));
}

#[test]
fn password_inside_a_connection_string_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("connection");
    let path = file.to_str().unwrap();
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    for (variable, form) in [("DATA_SOURCE_NAME_FILE", "postgresql://me:PASSWORD@db/x"), ("DATA_SOURCE_URI_FILE", "me:PASSWORD@db/x")] {
        write(&form.replace("PASSWORD", "first"));
        let found = from(&[(variable, path)]).unwrap();
        assert_eq!(password(&found).as_deref(), Some("first"), "{variable}");
        write(&form.replace("PASSWORD", "second"));
        assert_eq!(password(&found).as_deref(), Some("second"), "{variable}");
    }
}

#[test]
fn errors_name_the_variable_and_no_secret() {
    let error = from(&[("DATA_SOURCE_NAME", "host=db password='CANARY")]).unwrap_err();
    assert!(error.starts_with("DATA_SOURCE_NAME: ") && !error.contains("CANARY"), "{error}");
    let error = from(&[("DATA_SOURCE_NAME", "postgres://u:CANARY@a/x,postgres://u:CANARY@b/x")]).unwrap_err();
    assert!(error.contains("2 servers") && error.contains("/probe") && !error.contains("CANARY"), "{error}");
    let error = from(&[("DATA_SOURCE_URI", "u:CANARY@db:port/x")]).unwrap_err();
    assert!(error.starts_with("DATA_SOURCE_URI: ") && !error.contains("CANARY"), "{error}");
    let error = from(&[("DATA_SOURCE_PASS_FILE", "/does/not/exist")]).unwrap_err();
    assert!(error.starts_with("DATA_SOURCE_PASS_FILE: ") && error.contains("/does/not/exist"), "{error}");
}
