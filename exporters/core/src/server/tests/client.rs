//! The other end of a secured connection.

use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::web_config::pki::Identity;

pub(super) const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// Trusts the authority of `pki`, and shows `identity` if asked.
pub(super) fn client(pki: &Pki, versions: &[&'static SupportedProtocolVersion], identity: Option<&Identity>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(pki.authority.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_protocol_versions(versions).unwrap();
    let builder = builder.with_root_certificates(roots);
    let mut client = match identity {
        Some(identity) => builder.with_client_auth_cert(vec![identity.certificate.clone()], identity.key.clone_key()).unwrap(),
        None => builder.with_no_client_auth(),
    };
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    client
}

impl Harness {
    /// A secured connection; with TLS 1.3 a refused client learns of it with the first answer only.
    pub(super) async fn secure(&self, client: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client)).connect(name, self.connect().await).await
    }

    /// The whole answer to one request on a secured connection of its own.
    pub(super) async fn ask_secured(&self, client: ClientConfig, request: &str) -> io::Result<String> {
        let mut stream = self.secure(client).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8(answer).unwrap())
    }
}

/// Whether the server answered; if not, it has to have said why.
pub(super) fn is_served(answer: &io::Result<String>) -> bool {
    match answer {
        Ok(answer) => {
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            true
        }
        Err(error) => {
            let alert = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
            assert!(matches!(alert, Some(rustls::Error::AlertReceived(_))), "{error}");
            false
        }
    }
}
