//! Questions to the HTTP interfaces of Prometheus and Alertmanager.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// An expression over a month may take some seconds; a server that needs longer has other troubles.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Far above the rules of a large site; a program that sends more is not Prometheus.
const ANSWER_LIMIT: u64 = 64 << 20;

/// One server.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("\"{url}\" must be http://host[:port] or https://host[:port]")]
    Url {
        /// What was given.
        url: String,
    },
    /// The server cannot be reached, or breaks off.
    #[error("cannot reach {url}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
    /// The server refuses.
    #[error("{url} answers {status}: {body}{}", hint(*status))]
    Status {
        /// What was asked.
        url: String,
        /// The status code.
        status: u16,
        /// What it says.
        body: String,
    },
    /// The server answers something else than was asked.
    #[error("{url} does not answer like {program}")]
    Answer {
        /// What was asked.
        url: String,
        /// What it should be.
        program: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
}

/// What a person may have done wrong.
const fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "; ask it from where no password is needed",
        404 => "; is it the address of another program?",
        _ => "",
    }
}

/// The frame of every answer of Prometheus.
#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self, ClientError> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(char::is_whitespace)) {
            return Err(ClientError::Url { url: url.to_owned() });
        }
        let mut config = Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        if url.starts_with("https://") {
            config = config.tls_config(tls());
        }
        Ok(Self { agent: config.build().new_agent(), url: url.trim_end_matches('/').to_owned() })
    }

    /// What Prometheus says to a GET.
    pub(crate) fn prometheus<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, ClientError> {
        let answer: Answer<T> = self.get("Prometheus", path, query)?;
        Ok(answer.data)
    }

    /// A GET, and the JSON that comes back.
    pub(crate) fn get<T: DeserializeOwned>(&self, program: &'static str, path: &str, query: &[(&str, &str)]) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.get(&url).query_pairs(query.iter().copied());
        let body = read(&url, request.call())?;
        serde_json::from_slice(&body).map_err(|source| ClientError::Answer { url, program, source })
    }

    /// A POST of JSON, of whose answer only the status counts.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<(), ClientError> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.post(&url).header("content-type", "application/json");
        read(&url, request.send(body)).map(drop)
    }
}

fn read(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Vec<u8>, ClientError> {
    let unreachable = |error: ureq::Error| ClientError::Unreachable { url: url.to_owned(), source: Box::new(error) };
    let mut answer = answer.map_err(unreachable)?;
    let body = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec().map_err(unreachable)?;
    if answer.status().is_success() {
        return Ok(body);
    }
    let body = String::from_utf8_lossy(&body).trim().to_owned();
    Err(ClientError::Status { url: url.to_owned(), status: answer.status().as_u16(), body })
}

/// The system's certificates, so that an operator's own authority is known.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<Certificate<'static>> = found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_must_be_urls() {
        for url in ["prometheus:9090", "http://", "https:///x", "http://a b"] {
            assert_eq!(Client::new(url).unwrap_err().to_string(), format!("\"{url}\" must be http://host[:port] or https://host[:port]"));
        }
        assert_eq!(Client::new("http://h:1/").unwrap().url, "http://h:1");
        assert_eq!(Client::new("https://h").unwrap().url, "https://h");
    }
}
