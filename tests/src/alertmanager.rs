//! A real Alertmanager, alone.

use std::path::Path;

use serde_json::Value;

use crate::http;
use crate::program::{self, Program};

/// A running Alertmanager.
#[derive(Debug)]
pub struct Alertmanager {
    /// The process.
    pub program: Program,
    port: u16,
}

impl Alertmanager {
    /// Runs `file` on `port`, which a Prometheus configuration may already name.
    #[must_use]
    pub fn start(file: &Path, port: u16) -> Self {
        let mut command = program::command("prometheus-alertmanager");
        command.arg("--config.file").arg(file).args(["--storage.path", "data", "--log.level", "debug"]);
        // A minute at the scale of these tests, as Compose has it: what was told is on disk soon after.
        command.args(["--data.maintenance-interval", "2s"]);
        // An empty cluster address turns gossip off; otherwise every notification waits for peers to settle.
        command.args(["--cluster.listen-address=", "--web.listen-address", &format!("127.0.0.1:{port}")]);
        let mut program = Program::start(command);
        program.until("Alertmanager to be ready", || http::get(port, "/-/ready", &[]).ok().filter(|response| response.status == 200));
        Self { program, port }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Current alerts as the API shows them: `labels`, `status.state` (`active`, `suppressed`), `status.inhibitedBy`, …
    #[must_use]
    pub fn alerts(&self) -> Vec<Value> {
        let response = http::get(self.port, "/api/v2/alerts", &[]).expect("Alertmanager answers");
        serde_json::from_slice(&response.body).expect("Alertmanager answers in JSON")
    }
}
