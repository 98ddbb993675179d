//! Certificates of clients: whether one is asked for, who may have signed it, and which names it may have.

use std::{net::IpAddr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

use super::{
    fault::Fault,
    node::{Field, Section},
    pem::Pem,
};

/// `client_auth_type` as it is written, and what it means.
const POLICIES: [(&str, Policy); 6] = [
    ("NoClientCert", Policy { asked: false, required: false, verified: false }),
    ("RequestClientCert", Policy { asked: true, required: false, verified: false }),
    ("RequireClientCert", Policy { asked: true, required: true, verified: false }),
    ("RequireAnyClientCert", Policy { asked: true, required: true, verified: false }),
    ("VerifyClientCertIfGiven", Policy { asked: true, required: false, verified: true }),
    ("RequireAndVerifyClientCert", Policy { asked: true, required: true, verified: true }),
];

#[derive(Clone, Copy, Debug)]
struct Policy {
    asked: bool,
    required: bool,
    verified: bool,
}

/// What is asked of clients.
#[derive(Debug)]
pub(super) struct Clients {
    policy: Policy,
    authorities: Option<Pem>,
    allowed: Option<Vec<Name>>,
}

impl Clients {
    /// Takes its entries out of `tls_server_config`.
    pub(super) fn take(section: &mut Section, authorities: Option<Pem>, warnings: &mut Vec<String>) -> Result<Self, Fault> {
        let auth_type = section.take("client_auth_type");
        let policy = match &auth_type {
            Some(field) => policy(field)?,
            None => Policy { asked: false, required: false, verified: false },
        };
        if let Some(pem) = &authorities
            && !policy.asked
        {
            return Err(pem.fault("authorities that nothing asks for, expected client_auth_type RequireAndVerifyClientCert beside it"));
        }
        if let (Some(field), true, None) = (&auth_type, policy.verified, &authorities) {
            return Err(field.expected("client_ca_file or client_ca beside it, to verify with"));
        }
        if policy.asked && !policy.verified {
            warnings.push("client_auth_type: any certificate is taken, since none is verified; RequireAndVerifyClientCert verifies".to_owned());
        }
        let allowed = section.take("client_allowed_sans").map(|field| allowed(field, policy)).transpose()?;
        Ok(Self { policy, authorities, allowed })
    }

    /// The verifier of these clients; `None`: no certificate is asked for.
    pub(super) fn verifier(self, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<dyn ClientCertVerifier>>, Fault> {
        if !self.policy.asked {
            return Ok(None);
        }
        let inner: Arc<dyn ClientCertVerifier> = match &self.authorities {
            Some(pem) if self.policy.verified => {
                let mut roots = RootCertStore::empty();
                for certificate in pem.certificates()? {
                    roots.add(certificate).map_err(|_| pem.fault("a certificate that cannot be read, expected X.509 version 3"))?;
                }
                let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
                let builder = if self.policy.required { builder } else { builder.allow_unauthenticated() };
                builder.build().map_err(|error| pem.fault(&format!("authorities that cannot be used: {error}")))?
            }
            _ => Arc::new(Unverified { required: self.policy.required, algorithms: provider.signature_verification_algorithms }),
        };
        Ok(Some(match self.allowed {
            Some(allowed) => Arc::new(Named { inner, allowed }),
            None => inner,
        }))
    }
}

fn policy(field: &Field) -> Result<Policy, Fault> {
    let text = field.text()?;
    let found = POLICIES.iter().find(|(name, _)| *name == text);
    found.map(|(_, policy)| *policy).ok_or_else(|| field.expected(format_args!("one of {}", POLICIES.map(|(name, _)| name).join(", "))))
}

fn allowed(field: Field, policy: Policy) -> Result<Vec<Name>, Fault> {
    if !policy.required {
        return Err(field.fault("found without a certificate being required, expected client_auth_type RequireAndVerifyClientCert beside it"));
    }
    let place = field.clone();
    let names: Vec<_> = field.list()?.iter().map(|item| item.text().map(Name::new)).collect::<Result<_, _>>()?;
    if names.is_empty() { Err(place.fault("found no name, expected a DNS name, IP address, e-mail address or URI")) } else { Ok(names) }
}

/// A name that a certificate may have.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    Address(IpAddr),
    /// DNS name, e-mail address or URI, compared byte by byte.
    Text(String),
}

impl Name {
    fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Address)
    }

    fn is(&self, found: &GeneralName<'_>) -> bool {
        match (self, found) {
            (Self::Text(name), GeneralName::DNSName(found) | GeneralName::RFC822Name(found) | GeneralName::URI(found)) => name == found,
            (Self::Address(IpAddr::V4(address)), GeneralName::IPAddress(found)) => address.octets() == *found,
            (Self::Address(IpAddr::V6(address)), GeneralName::IPAddress(found)) => address.octets() == *found,
            _ => false,
        }
    }
}

/// Takes certificates of the allowed names only, of those that `inner` takes.
#[derive(Debug)]
struct Named {
    inner: Arc<dyn ClientCertVerifier>,
    allowed: Vec<Name>,
}

impl Named {
    fn allows(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, parsed)) = parse_x509_certificate(certificate) else { return false };
        let Ok(Some(names)) = parsed.subject_alternative_name() else { return false };
        names.value.general_names.iter().any(|found| self.allowed.iter().any(|name| name.is(found)))
    }
}

impl ClientCertVerifier for Named {
    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(leaf, chain, now)?;
        if self.allows(leaf) { Ok(verified) } else { Err(CertificateError::ApplicationVerificationFailure.into()) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Takes any certificate whose key the client has: nobody vouches for it.
#[derive(Debug)]
struct Unverified {
    required: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Unverified {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
