//! TLS to a target. Certificates are read at each connection, so that renewed ones count without a restart.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::failure::{Failure, Reason};

/// The client's side of connections to a target, as flags have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// Certificate authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// Certificate to show to the server; needs its key.
    pub certificate: Option<PathBuf>,
    /// Private key of that certificate.
    pub key: Option<PathBuf>,
    /// Name that the server's certificate must bear, where it is not the host's.
    pub server_name: Option<String>,
    /// Take any certificate: whoever can answer in the server's place can read the password.
    pub skip_verification: bool,
}

impl ClientTls {
    /// The configuration of one connection.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn client(&self) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(failure)?;
        let builder = if self.skip_verification {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
                builder.with_client_auth_cert(chain, key).map_err(failure)
            }
            _ => Ok(builder.with_no_client_auth()),
        }
    }

    /// The name that the server's certificate has to bear.
    ///
    /// # Errors
    /// No certificate can bear it.
    pub fn name(&self, host: &str) -> Result<ServerName<'static>, Failure> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| Failure::new(Reason::Tls, format!("{name:?} is no name that a certificate can bear")))
    }

    fn roots(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(failure)?;
                }
            }
            // Single certificates of the system that cannot be read leave the others.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if roots.is_empty() {
            return Err(Failure::new(Reason::Tls, "no certificate authority: the system has none, and no file is given"));
        }
        Ok(roots)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| unreadable(path, error))?;
    if certificates.is_empty() {
        return Err(Failure::new(Reason::Tls, format!("no certificate in {}", path.display())));
    }
    Ok(certificates)
}

fn failure(error: rustls::Error) -> Failure {
    Failure::new(Reason::Tls, error)
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(Reason::Tls, format!("{}: {error}", path.display()))
}

/// Takes any certificate. Signatures are still checked, so the server holds the key of the certificate that it shows,
/// whoever it is.
#[derive(Debug)]
pub(crate) struct AnyCertificate(pub(crate) Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
