//! The part of the Compose specification that we write.

use serde::Serialize;
use serde_yaml::Commented;

use super::super::yaml::Entries;

#[derive(Serialize)]
pub(super) struct Document {
    pub(super) name: &'static str,
    pub(super) services: Entries<Service>,
    pub(super) networks: Entries<Network>,
    pub(super) volumes: Entries<Empty>,
    pub(super) secrets: Entries<Secret>,
}

#[derive(Default, Serialize)]
pub(super) struct Service {
    pub(super) image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) profiles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) build: Option<Build>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) command: Vec<String>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    pub(super) environment: Entries<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<Mount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) networks: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_mode: Option<Commented<&'static str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) extra_hosts: Vec<Commented<String>>,
    pub(super) healthcheck: HealthCheck,
    #[serde(flatten)]
    pub(super) limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_only: Option<Commented<bool>>,
    pub(super) cap_drop: [&'static str; 1],
    pub(super) security_opt: [&'static str; 1],
    pub(super) restart: &'static str,
    pub(super) logging: Logging,
}

/// What a container may use of the host.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Limits {
    pub(super) mem_limit: &'static str,
    pub(super) cpus: f64,
    pub(super) pids_limit: u32,
}

#[derive(Serialize)]
pub(super) struct Build {
    pub(super) context: &'static str,
    pub(super) dockerfile: &'static str,
    pub(super) args: Entries<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Mount {
    Bind { source: String, target: String, read_only: bool, bind: BindOptions },
    Volume { source: String, target: String },
}

#[derive(Serialize)]
pub(super) struct BindOptions {
    /// A directory that is not there is an error, not an empty directory of root's.
    pub(super) create_host_path: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) propagation: Option<&'static str>,
}

#[derive(Default, Serialize)]
pub(super) struct HealthCheck {
    pub(super) test: Vec<String>,
    pub(super) interval: &'static str,
    pub(super) timeout: &'static str,
    pub(super) retries: u8,
    pub(super) start_period: &'static str,
}

#[derive(Default, Serialize)]
pub(super) struct Logging {
    pub(super) driver: &'static str,
    pub(super) options: Entries<&'static str>,
}

#[derive(Default, Serialize)]
pub(super) struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) driver: Option<Commented<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) internal: Option<Commented<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external: Option<Commented<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Secret {
    /// Compose reads the value from this variable and puts it into the containers as a file.
    pub(super) environment: String,
}

/// A mapping without keys: everything as compose has it by itself.
#[derive(Serialize)]
pub(super) struct Empty {}

impl Secret {
    /// The secret of a file, from the variable of the same name.
    pub(super) fn of(file: &str) -> Self {
        Self { environment: file.to_ascii_uppercase() }
    }
}

impl Service {
    /// Volumes that the document has to declare.
    pub(super) fn named_volumes(&self) -> impl Iterator<Item = String> {
        self.volumes.iter().filter_map(|mount| match mount {
            Mount::Volume { source, .. } => Some(source.clone()),
            Mount::Bind { .. } => None,
        })
    }
}
