//! TLS to the server: `sslmode` and its certificates, read at each connection, so that renewed ones count without a restart.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{config::SslMode, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dsn::{Dsn, DsnError};

/// How far the server's certificate is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Whatever it is: `prefer`, `require`.
    Any,
    /// If an authority signed it, for whatever host: `verify-ca`.
    Authority,
    /// If an authority signed it for this host: `verify-full`.
    Host,
}

/// What the connection string says of TLS.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) mode: SslMode,
    trust: Trust,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    versions: &'static [&'static SupportedProtocolVersion],
}

static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
static ONLY_13: [&SupportedProtocolVersion; 1] = [&TLS13];
static ONLY_12: [&SupportedProtocolVersion; 1] = [&TLS12];

/// Versions between two bounds; below 1.2 there is nothing to choose from.
fn versions(dsn: &Dsn) -> Result<&'static [&'static SupportedProtocolVersion], DsnError> {
    let expected = "one of TLSv1.2, TLSv1.3";
    let from_13 = match dsn.get("ssl_min_protocol_version") {
        None | Some("TLSv1" | "TLSv1.1" | "TLSv1.2") => false,
        Some("TLSv1.3") => true,
        Some(_) => return Err(DsnError::Value { parameter: "ssl_min_protocol_version", expected }),
    };
    match dsn.get("ssl_max_protocol_version") {
        None | Some("TLSv1.3") if from_13 => Ok(&ONLY_13),
        None | Some("TLSv1.3") => Ok(&ALL),
        Some("TLSv1.2") if !from_13 => Ok(&ONLY_12),
        Some(_) => Err(DsnError::Value { parameter: "ssl_max_protocol_version", expected }),
    }
}

impl Tls {
    /// Reads `sslmode` (by default `prefer`), `sslrootcert`, `sslcert` and `sslkey`.
    pub(crate) fn new(dsn: &Dsn) -> Result<Self, DsnError> {
        let file = |name| dsn.get(name).map(PathBuf::from);
        let root = file("sslrootcert");
        let (mode, trust) = match dsn.get("sslmode").unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Trust::Any),
            "allow" | "prefer" => (SslMode::Prefer, Trust::Any),
            // As libpq has it: an authority that is given is asked.
            "require" if root.is_some() => (SslMode::Require, Trust::Authority),
            "require" => (SslMode::Require, Trust::Any),
            "verify-ca" => (SslMode::Require, Trust::Authority),
            "verify-full" => (SslMode::Require, Trust::Host),
            _ => {
                return Err(DsnError::Value { parameter: "sslmode", expected: "one of disable, allow, prefer, require, verify-ca, verify-full" });
            }
        };
        let (certificate, key) = (file("sslcert"), file("sslkey"));
        match (&certificate, &key) {
            (Some(_), None) => return Err(DsnError::Value { parameter: "sslkey", expected: "given, as sslcert is" }),
            (None, Some(_)) => return Err(DsnError::Value { parameter: "sslcert", expected: "given, as sslkey is" }),
            _ => {}
        }
        let root = root.filter(|root| root != Path::new("system"));
        Ok(Self { mode, trust, root, certificate, key, versions: versions(dsn)? })
    }

    fn client(&self) -> io::Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(self.versions).map_err(io::Error::other)?;
        let builder = match self.trust {
            Trust::Host => builder.with_root_certificates(self.roots()?),
            Trust::Authority | Trust::Any => {
                let authority = match self.trust {
                    Trust::Any => None,
                    _ => Some(
                        WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()?), Arc::clone(&provider))
                            .build()
                            .map_err(io::Error::other)?,
                    ),
                };
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyHost { authority, provider }))
            }
        };
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) if self.mode != SslMode::Disable => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
                builder.with_client_auth_cert(certificates(certificate)?, key).map_err(io::Error::other)
            }
            _ => Ok(builder.with_no_client_auth()),
        }
    }

    fn roots(&self) -> io::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match &self.root {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| unreadable(path, &error))?;
                }
            }
            // Single certificates of the system that cannot be read leave the others.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if roots.is_empty() { Err(io::Error::other("no certificate authority: the system has none, see sslrootcert")) } else { Ok(roots) }
    }
}

/// Made anew for each connection.
impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Self::TlsConnect> {
        let mut connect = MakeRustlsConnect::new(self.client()?);
        <MakeRustlsConnect as MakeTlsConnect<S>>::make_tls_connect(&mut connect, host).map_err(io::Error::other)
    }
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| unreadable(path, &error))?;
    if certificates.is_empty() { Err(io::Error::other(format!("no certificate in {}", path.display()))) } else { Ok(certificates) }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// Takes a certificate for any host, if the authority says so or nobody is asked. Signatures are still checked, so the server
/// holds the key of the certificate that it shows.
#[derive(Debug)]
struct AnyHost {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, chain, host, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(text: &str) -> Result<Tls, DsnError> {
        Tls::new(&Dsn::parse(text)?)
    }

    #[test]
    fn modes_are_libpq_s() {
        for (text, mode, trust) in [
            ("host=a", SslMode::Prefer, Trust::Any),
            ("sslmode=disable", SslMode::Disable, Trust::Any),
            ("sslmode=require", SslMode::Require, Trust::Any),
            ("sslmode=require sslrootcert=/ca", SslMode::Require, Trust::Authority),
            ("sslmode=verify-ca", SslMode::Require, Trust::Authority),
            ("sslmode=verify-full", SslMode::Require, Trust::Host),
        ] {
            let tls = tls(text).unwrap();
            assert_eq!((tls.mode, tls.trust), (mode, trust), "{text}");
        }
        assert!(tls("sslmode=maybe").unwrap_err().to_string().contains("verify-full"));
    }

    #[test]
    fn versions_are_bounded() {
        for (text, expected) in [
            ("", Some(2)),
            ("ssl_min_protocol_version=TLSv1.1", Some(2)),
            ("ssl_min_protocol_version=TLSv1.3", Some(1)),
            ("ssl_max_protocol_version=TLSv1.2", Some(1)),
            ("ssl_max_protocol_version=TLSv1.1", None),
            ("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", None),
            ("ssl_min_protocol_version=2", None),
        ] {
            assert_eq!(tls(text).ok().map(|tls| tls.versions.len()), expected, "{text}");
        }
    }

    #[test]
    fn missing_authority_is_named() {
        let error = tls("sslmode=verify-full sslrootcert=/does/not/exist").unwrap().client().unwrap_err();
        assert!(error.to_string().contains("/does/not/exist"), "{error}");
    }
}
