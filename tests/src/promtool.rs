//! Prometheus' own checker.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::program;

/// What `promtool check metrics` has to say about a text page, line by line; empty if nothing.
#[must_use]
pub fn check_metrics(page: &str) -> Vec<String> {
    let mut command = program::command("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program::spawn(&mut command);
    child.stdin.take().expect("a piped stdin").write_all(page.as_bytes()).expect("promtool reads the page");
    let output = child.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    let lines: Vec<_> = String::from_utf8_lossy(&said).lines().map(str::to_owned).collect();
    assert!(output.status.success() || !lines.is_empty(), "promtool ended with {} and said nothing", output.status);
    lines
}

/// Panics with promtool's words if `prometheus.yml` or a rule file that it names is wrong.
pub fn check_config(file: &Path) {
    let mut command = program::command("promtool");
    command.args(["check", "config"]).arg(file).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = program::spawn(&mut command).wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
}
