//! Basic authentication from a web configuration file, as Prometheus' programs read it: users with bcrypt hashes.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use api_metrics::metrics_page::{Access, Checked};
use axum::{
    extract::ConnectInfo,
    response::{IntoResponse, Response},
};
use exporter_core::{ConfigError, Logins};
use http::{StatusCode, header, request::Parts};

/// Users who may read.
#[derive(Debug)]
pub(crate) struct WebConfig(Logins);

impl WebConfig {
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        Logins::read(path).map(Self)
    }
}

impl Access for WebConfig {
    fn check<'a>(&'a self, head: &'a Parts) -> Checked<'a> {
        Box::pin(async {
            let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
            let shown = head.headers.get(header::AUTHORIZATION);
            let Some(shown) = shown else { return Err(Box::new(challenge())) };
            if self.0.allow(shown.as_bytes(), peer).await { Ok(()) } else { Err(Box::new(challenge())) }
        })
    }
}

fn challenge() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"selextract\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "wrong or missing credentials\n").into_response()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use base64::{Engine, prelude::BASE64_STANDARD};
    use http::Request;

    use super::*;

    #[tokio::test]
    async fn users_of_the_file_pass() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.yml");
        fs::write(&path, format!("basic_auth_users:\n  prometheus: {}\n", bcrypt::hash("CANARY", 4).unwrap())).unwrap();
        let config = WebConfig::read(&path).unwrap();
        let head = |header: Option<String>| {
            let mut request = Request::builder();
            if let Some(header) = header {
                request = request.header(header::AUTHORIZATION, header);
            }
            request.body(()).unwrap().into_parts().0
        };
        for (text, expected) in [("prometheus:CANARY", true), ("prometheus:wrong", false), ("other:CANARY", false), ("prometheus", false)] {
            let head = head(Some(format!("Basic {}", BASE64_STANDARD.encode(text))));
            assert_eq!(config.check(&head).await.is_ok(), expected, "{text}");
        }
        assert!(config.check(&head(None)).await.is_err() && !format!("{config:?}").contains("$2"));
        fs::write(&path, "tls_server_config: {}\n").unwrap();
        assert!(WebConfig::read(&path).is_err());
    }
}
