//! Certificates and keys, from a file or from the configuration itself.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use super::{
    fault::Fault,
    file,
    node::{Field, Section},
};
use crate::secret::SecretFile;

/// PEM text, and the entry that it comes from.
#[derive(Debug)]
pub(super) struct Pem {
    field: Field,
    /// `None`: the entry is the text.
    pub(super) file: Option<PathBuf>,
}

impl Pem {
    /// Takes `key` or `key_file` out of a section; relative paths begin at `directory`.
    pub(super) fn take(section: &mut Section, key: &str, directory: &Path) -> Result<Option<Self>, Fault> {
        let file = section.take(&format!("{key}_file"));
        match (section.take(key), file) {
            (Some(inline), Some(_)) => Err(inline.fault(format_args!("found beside {key}_file, expected one of the two"))),
            (Some(inline), None) => Ok(Some(Self { field: inline, file: None })),
            (None, Some(file)) => Ok(Some(Self { file: Some(directory.join(file.text()?)), field: file })),
            (None, None) => Ok(None),
        }
    }

    /// At least one certificate.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Fault> {
        let text = match &self.file {
            Some(path) => file::read(path).map_err(|error| self.field.fault(format_args!("{} cannot be read: {error}", path.display())))?,
            None => self.field.text()?.as_bytes().to_vec(),
        };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => Err(self.fault("no certificate, expected PEM text with BEGIN CERTIFICATE")),
        }
    }

    /// The first private key.
    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, Fault> {
        let text = match &self.file {
            Some(path) => {
                let secret = SecretFile::from(path.clone()).read().map_err(|error| self.field.fault(error))?;
                Zeroizing::new(secret.reveal().as_bytes().to_vec())
            }
            None => Zeroizing::new(self.field.text()?.as_bytes().to_vec()),
        };
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| self.fault("no private key, expected PEM text with BEGIN PRIVATE KEY, not encrypted"))
    }

    /// A fault of what the entry leads to; never shows it.
    pub(super) fn fault(&self, found: &str) -> Fault {
        match &self.file {
            Some(path) => self.field.fault(format_args!("{} holds {found}", path.display())),
            None => self.field.fault(format_args!("holds {found}")),
        }
    }
}

/// When the first certificate of a chain to expire does so.
pub(super) fn expiry(chain: &[CertificateDer<'_>]) -> Option<SystemTime> {
    let ends = chain.iter().filter_map(|certificate| {
        let (_, parsed) = parse_x509_certificate(certificate).ok()?;
        let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    });
    ends.min()
}
