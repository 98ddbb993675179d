//! `--web.config.file`, in the format that every Prometheus exporter knows: TLS, client certificates, headers, users, rate.
//!
//! Reference: prometheus/exporter-toolkit, docs/web-configuration.md. What differs is said where it is read: [`protocol`] on
//! versions, suites and curves, [`headers`] on HTTP/2, [`users`] on what a login costs.

use std::path::Path;

mod client;
mod fault;
mod file;
mod gate;
mod headers;
mod logins;
mod node;
mod pem;
mod protocol;
mod rate;
mod stamp;
mod tls;
mod users;
mod watch;

pub(crate) use gate::Gate;
pub use logins::Logins;
pub(crate) use tls::Tls;
pub(crate) use users::{Credentials, Users};
pub(crate) use watch::Web;

use fault::Fault;
use headers::Headers;
use rate::Bucket;
use stamp::Stamped;

/// Keys of the whole.
const KEYS: [&str; 4] = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];

/// A configuration as it is used; the default is that of an exporter without one.
#[derive(Debug, Default)]
pub(crate) struct WebConfig {
    pub(crate) tls: Option<Tls>,
    pub(crate) headers: Headers,
    pub(crate) users: Option<Users>,
    rate: Option<Bucket>,
}

impl WebConfig {
    /// Whether one more request is within the rate.
    pub(crate) fn within_rate(&self) -> bool {
        self.rate.as_ref().is_none_or(Bucket::take)
    }
}

/// One reading of a configuration.
#[derive(Debug)]
struct Reading {
    /// The files that make it up, the configuration itself first.
    files: Vec<Stamped>,
    /// What is taken, though it does not do what it says.
    warnings: Vec<String>,
    result: Result<WebConfig, Fault>,
}

fn load(path: &Path) -> Reading {
    let mut reading = Reading { files: vec![Stamped::new(path.to_owned())], warnings: Vec::new(), result: Ok(WebConfig::default()) };
    reading.result = read(path, &mut reading.files, &mut reading.warnings);
    reading
}

fn read(path: &Path, files: &mut Vec<Stamped>, warnings: &mut Vec<String>) -> Result<WebConfig, Fault> {
    let text = file::read_text(path).map_err(|error| Fault::whole(format_args!("cannot be read: {error}")))?;
    let mut sections = node::document(&text)?.section(&KEYS)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    Ok(WebConfig {
        tls: tls::read(sections.take("tls_server_config"), directory, files, warnings)?,
        headers: headers::read(sections.take("http_server_config"))?,
        users: Users::read(sections.take("basic_auth_users"))?,
        rate: rate::read(sections.take("rate_limit"))?,
    })
}

/// Whether the file asks for TLS, for who only wants to know how to talk to the exporter; `None` if it cannot be read.
pub(crate) fn asks_for_tls(path: &Path) -> Option<bool> {
    let text = file::read_text(path).ok()?;
    let mut sections = node::document(&text).ok()?.section(&KEYS).ok()?;
    let Some(section) = sections.take("tls_server_config") else { return Some(false) };
    Some(!section.entries().ok()?.is_empty())
}

#[cfg(test)]
pub(crate) mod pki;
#[cfg(test)]
mod tests;
