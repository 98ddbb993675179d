//! `tls_server_config`: from the entries to what the server speaks.

use std::{path::Path, sync::Arc, time::SystemTime};

use rustls::{
    ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};

use super::{
    client::Clients,
    fault::Fault,
    node::Field,
    pem::{self, Pem},
    protocol,
    stamp::Stamped,
};

const KEYS: [&str; 13] = [
    "cert",
    "key",
    "client_ca",
    "cert_file",
    "key_file",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "curve_preferences",
    "prefer_server_cipher_suites",
];

/// What connections are secured with.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) server: Arc<ServerConfig>,
    /// When the first certificate of the server's chain expires.
    pub(super) expiry: Option<SystemTime>,
}

/// Reads the section, and the files that it names; their paths are added to `files` before.
pub(super) fn read(section: Option<Field>, directory: &Path, files: &mut Vec<Stamped>, warnings: &mut Vec<String>) -> Result<Option<Tls>, Fault> {
    let Some(section) = section else { return Ok(None) };
    let place = section.clone();
    let mut section = section.section(&KEYS)?;
    if section.is_empty() {
        return Ok(None);
    }
    let certificate = Pem::take(&mut section, "cert", directory)?;
    let key = Pem::take(&mut section, "key", directory)?;
    let authorities = Pem::take(&mut section, "client_ca", directory)?;
    files.extend([&certificate, &key, &authorities].into_iter().flatten().filter_map(|pem| pem.file.clone()).map(Stamped::new));
    let Some(certificate) = certificate else { return Err(place.fault("found no certificate, expected cert_file or cert")) };
    let Some(key) = key else { return Err(place.fault("found no private key, expected key_file or key")) };
    let clients = Clients::take(&mut section, authorities, warnings)?;
    let protocol = protocol::take(&mut section, warnings)?;

    let chain = certificate.certificates()?;
    let expiry = pem::expiry(&chain);
    let provider = Arc::new(protocol.provider);
    let verifier = clients.verifier(&provider)?.unwrap_or_else(WebPkiClientVerifier::no_client_auth);
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&protocol.versions)
        .map_err(|error| place.fault(format_args!("cannot be used: {error}")))?
        .with_client_cert_verifier(verifier);
    let mut server = builder.with_single_cert(chain, key.private_key()?).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => key.fault("a private key that is not the certificate's"),
        error => certificate.fault(&format!("a certificate or key that cannot be used: {error}")),
    })?;
    // HTTP/2 is not offered.
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server.ignore_client_order = protocol.prefer_server;
    // Each connection shows its certificate: a resumed session would go on with one that has expired meanwhile.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    if expiry.is_some_and(|expiry| expiry <= SystemTime::now()) {
        warnings.push("the server's certificate has expired".to_owned());
    }
    Ok(Some(Tls { server: Arc::new(server), expiry }))
}
