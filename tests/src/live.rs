//! Prometheus with the generated rules, times divided, over real exporters: what becomes of a real fault.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::alerting::{TIME_SCALE, api, are_up, generator, page, prometheus};
use crate::program::Program;
use crate::server::Server;
use crate::{port, wait};

/// Every job whose target is not Prometheus itself.
const JOBS: [&str; 7] = ["alertmanager", "grafana", "node", "postgres", "redis", "celery", "selextract-api"];

/// Time for a fault to be seen, and for its alert's `for` to pass.
const PATIENCE: Duration = Duration::from_secs(90);

/// A Prometheus that scrapes the exporters of a test, and empty pages in the place of all others.
#[derive(Debug)]
pub struct Live {
    /// Where it listens.
    pub port: u16,
    prometheus: Program,
    _others: Vec<Server>,
    _rendered: TempDir,
}

impl Live {
    /// Starts it over the exporters, each given by its job and the port of loopback that it listens on, and waits until every target
    /// was scraped.
    #[must_use]
    pub fn start(exporters: &[(&str, u16)]) -> Self {
        Self::start_at_site(exporters, "")
    }

    /// The same at a site with choices of its own, given as its `site.yaml`.
    #[must_use]
    pub fn start_at_site(exporters: &[(&str, u16)], site: &str) -> Self {
        Self::start_scaled(TIME_SCALE, exporters, site)
    }

    /// The same with times divided by another number.
    #[must_use]
    pub fn start_scaled(scale: u64, exporters: &[(&str, u16)], site: &str) -> Self {
        Self::launch(scale, exporters, site, None)
    }

    /// The same where the API's page asks for a token, so that Prometheus reads it from a file.
    #[must_use]
    pub fn start_with_token(exporters: &[(&str, u16)], site: &str, token: &str) -> Self {
        Self::launch(TIME_SCALE, exporters, site, Some(token))
    }

    fn launch(scale: u64, exporters: &[(&str, u16)], site: &str, token: Option<&str>) -> Self {
        let others: Vec<_> =
            JOBS.into_iter().filter(|job| exporters.iter().all(|(own, _)| own != job)).map(|job| (job, Server::start(|_| page("")))).collect();
        let port = port::free();
        let targets = exporters.iter().copied().chain(others.iter().map(|(job, server)| (*job, server.port()))).chain([("prometheus", port)]);
        let rendered = tempfile::tempdir().expect("a temporary directory");
        let set = rendered.path().join("set");
        let mut arguments = vec!["--output".to_owned(), set.display().to_string(), "--time-scale".to_owned(), scale.to_string()];
        arguments.extend(targets.flat_map(|(job, port)| ["--target".to_owned(), format!("{job}=127.0.0.1:{port}")]));
        if !site.is_empty() {
            let file = rendered.path().join("site.yaml");
            fs::write(&file, site).expect("a file can be written");
            arguments.extend(["--site".to_owned(), file.display().to_string()]);
        }
        if let Some(token) = token {
            let (environment, secrets) = (rendered.path().join(".env"), rendered.path().join("secrets"));
            fs::create_dir(&secrets).expect("a directory can be made");
            fs::write(secrets.join("metrics_token"), token).expect("a file can be written");
            fs::write(&environment, format!("METRICS_TOKEN={token}\n")).expect("a file can be written");
            arguments.extend(["--env-file".to_owned(), environment.display().to_string(), "--secrets-dir".to_owned(), secrets.display().to_string()]);
        }
        let output = generator(&arguments).output().expect("the generator can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut prometheus = Program::start(prometheus(&set.join("prometheus.yml"), port));
        prometheus.until("every target to be up", || are_up(port, exporters.len() + others.len() + 1));
        Self { port, prometheus, _others: others.into_iter().map(|(_, server)| server).collect(), _rendered: rendered }
    }

    /// Alerts of a name that fire.
    #[must_use]
    pub fn firing(&self, alertname: &str) -> Vec<Value> {
        let alerts = api(self.port, "/api/v1/alerts").map(|mut data| data["alerts"].take());
        let alerts = alerts.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        alerts.into_iter().filter(|alert| alert["labels"]["alertname"] == alertname && alert["state"] == "firing").collect()
    }

    /// Waits until an alert fires, and returns it: its labels, its annotations, its value.
    pub fn until_firing(&mut self, alertname: &str) -> Value {
        wait::until(&format!("{alertname} to fire"), PATIENCE, || self.firing(alertname).into_iter().next())
    }

    /// Waits until an alert is over.
    pub fn until_over(&mut self, alertname: &str) {
        wait::until(&format!("{alertname} to be over"), PATIENCE, || self.firing(alertname).is_empty().then_some(()));
    }

    /// What Prometheus has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        self.prometheus.log()
    }
}
