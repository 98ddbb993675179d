//! Certificates for the tests, made anew each time.

use std::{fs, net::IpAddr, os::unix::fs::PermissionsExt, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

/// An authority, and a directory with what it has signed.
pub(crate) struct Pki {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    pub(crate) authority: CertificateDer<'static>,
    pub(crate) authority_pem: String,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// What a certificate is to be like.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) dns: &'a [&'a str],
    pub(crate) address: Option<IpAddr>,
    pub(crate) email: Option<&'a str>,
    pub(crate) uri: Option<&'a str>,
    pub(crate) expired: bool,
    pub(crate) for_clients: bool,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let pki = Self {
            directory: tempfile::tempdir().unwrap(),
            authority: certificate.der().clone(),
            authority_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        };
        pki.write("ca.pem", &pki.authority_pem);
        pki.identity("server", Wanted { dns: &["localhost"], ..Wanted::default() });
        pki
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        // As a rename, which is how files should be replaced.
        let staged = self.path("staged");
        fs::write(&staged, text).unwrap();
        fs::set_permissions(&staged, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(staged, &path).unwrap();
        path
    }

    /// Signs a certificate and writes it to `<name>.pem`, its key to `<name>.key`.
    pub(crate) fn identity(&self, name: &str, wanted: Wanted<'_>) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let names = &mut params.subject_alt_names;
        names.extend(wanted.dns.iter().map(|dns| SanType::DnsName((*dns).try_into().unwrap())));
        names.extend(wanted.address.map(SanType::IpAddress));
        names.extend(wanted.email.map(|email| SanType::Rfc822Name(email.try_into().unwrap())));
        names.extend(wanted.uri.map(|uri| SanType::URI(uri.try_into().unwrap())));
        let usage = if wanted.for_clients { ExtendedKeyUsagePurpose::ClientAuth } else { ExtendedKeyUsagePurpose::ServerAuth };
        params.extended_key_usages = vec![usage];
        if wanted.expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (certificate_pem, key_pem) = (certificate.pem(), key.serialize_pem());
        self.write(&format!("{name}.pem"), &certificate_pem);
        self.write(&format!("{name}.key"), &key_pem);
        Identity { certificate: certificate.der().clone(), key: PrivateKeyDer::Pkcs8(key.serialize_der().into()), certificate_pem, key_pem }
    }
}
