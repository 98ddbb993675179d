//! A real Prometheus.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{self, Program};
use crate::{PATIENCE, http, port, wait};

/// Labels, the metric's name among them as `__name__`.
pub type Labels = BTreeMap<String, String>;

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    /// The process.
    pub program: Program,
    port: u16,
}

impl Prometheus {
    /// Runs a configuration of one file, given as text.
    #[must_use]
    pub fn with_config(config: &str) -> Self {
        Self::with_features(config, &[])
    }

    /// The same with features that are off by default.
    #[must_use]
    pub fn with_features(config: &str, features: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("prometheus.yml");
        fs::write(&file, config).expect("a configuration can be written");
        Self::launch(directory, &file, port::free(), features)
    }

    /// Runs `file`, beside which stands what it refers to, on `port`, which the file may name as a target.
    #[must_use]
    pub fn start(file: &Path, port: u16) -> Self {
        Self::launch(tempfile::tempdir().expect("a temporary directory"), file, port, &[])
    }

    /// Alerts are sent again each second and keep no grace period across a restart: by default a restarted Alertmanager hears of
    /// an alert after a minute, and a restarted Prometheus holds one back for ten.
    fn launch(directory: TempDir, file: &Path, port: u16, features: &[&str]) -> Self {
        let mut command = program::command("prometheus");
        command.arg("--config.file").arg(file).args(["--storage.tsdb.path", "data", "--log.level", "warn"]);
        command.args(["--web.listen-address", &format!("127.0.0.1:{port}")]);
        command.args(["--rules.alert.resend-delay", "1s", "--rules.alert.for-grace-period", "1s"]);
        command.args(features.iter().map(|feature| format!("--enable-feature={feature}")));
        let mut program = Program::start_in(directory, command);
        program.until("Prometheus to be ready", || http::get(port, "/-/ready", &[]).ok().filter(|response| response.status == 200));
        Self { program, port }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The series of an instant query, with their values.
    #[must_use]
    pub fn query(&self, expression: &str) -> Vec<(Labels, f64)> {
        let data = self.api(&format!("/api/v1/query?query={}", encode(expression)));
        let series = data["result"].as_array().expect("an instant vector");
        series.iter().map(|series| (labels(&series["metric"]), number(&series["value"][1]))).collect()
    }

    /// Active targets as the API shows them: `labels`, `health`, `lastError`, …
    #[must_use]
    pub fn targets(&self) -> Vec<Value> {
        self.api("/api/v1/targets?state=active")["activeTargets"].as_array().cloned().unwrap_or_default()
    }

    /// Pending and firing alerts as the API shows them: `labels`, `annotations`, `state`, …
    #[must_use]
    pub fn alerts(&self) -> Vec<Value> {
        self.api("/api/v1/alerts")["alerts"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until every one of `count` targets was scraped successfully.
    pub fn until_up(&self, count: usize) {
        wait::until("every target to be up", PATIENCE, || {
            let targets = self.targets();
            (targets.len() == count && targets.iter().all(|target| target["health"] == "up")).then_some(())
        });
    }

    fn api(&self, path: &str) -> Value {
        let response = http::get(self.port, path, &[]).expect("Prometheus answers");
        let mut answer: Value = serde_json::from_slice(&response.body).expect("Prometheus answers in JSON");
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer["data"].take()
    }
}

fn labels(metric: &Value) -> Labels {
    let metric = metric.as_object().expect("a series has labels");
    metric.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a label is text").to_owned())).collect()
}

fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("a value is a number in quotes")
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
