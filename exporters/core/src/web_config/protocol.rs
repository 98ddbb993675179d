//! Versions, cipher suites and curves by their names in Go, as rustls has them.
//!
//! rustls has neither TLS before 1.2 nor suites without forward secrecy or with CBC. What it lacks is left out with a
//! warning, as long as something is left.

use rustls::{
    NamedGroup, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{CryptoProvider, SupportedKxGroup, ring},
    version::{TLS12, TLS13},
};

use super::{
    fault::Fault,
    node::{Field, Section},
};

/// Versions as they are written, oldest first.
const VERSIONS: [&str; 4] = ["TLS10", "TLS11", "TLS12", "TLS13"];

/// Curves as they are written; `None`: rustls' ring provider has it not.
const CURVES: [(&str, Option<NamedGroup>); 4] = [
    ("X25519", Some(NamedGroup::X25519)),
    ("CurveP256", Some(NamedGroup::secp256r1)),
    ("CurveP384", Some(NamedGroup::secp384r1)),
    ("CurveP521", None),
];

/// What a server may speak.
#[derive(Debug)]
pub(super) struct Protocol {
    pub(super) provider: CryptoProvider,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
    /// Whether the server's order of suites decides.
    pub(super) prefer_server: bool,
}

/// Takes its entries out of `tls_server_config`.
pub(super) fn take(section: &mut Section, warnings: &mut Vec<String>) -> Result<Protocol, Fault> {
    let mut provider = ring::default_provider();
    let mut versions = versions(section.take("min_version"), section.take("max_version"), warnings)?;
    if let Some(field) = section.take("cipher_suites") {
        provider.cipher_suites = suites(field, &provider.cipher_suites, &mut versions, warnings)?;
    }
    if let Some(field) = section.take("curve_preferences") {
        provider.kx_groups = curves(field, &provider.kx_groups, warnings)?;
    }
    let prefer_server = section.take("prefer_server_cipher_suites").map(|field| field.switch()).transpose()?.unwrap_or(true);
    Ok(Protocol { provider, versions, prefer_server })
}

fn versions(lowest: Option<Field>, highest: Option<Field>, warnings: &mut Vec<String>) -> Result<Vec<&'static SupportedProtocolVersion>, Fault> {
    let rank = |field: &Field| {
        let text = field.text()?;
        VERSIONS.iter().position(|version| *version == text).ok_or_else(|| field.expected(format_args!("one of {}", VERSIONS.join(", "))))
    };
    let least = lowest.as_ref().map(rank).transpose()?;
    if least.is_some_and(|rank| rank < 2) {
        warnings.push("min_version below TLS12 means TLS12, older versions are not spoken".to_owned());
    }
    let most = highest.as_ref().map(rank).transpose()?;
    if let (Some(field), Some(..2)) = (&highest, most) {
        return Err(field.expected("TLS12 or TLS13, older versions are not spoken"));
    }
    match (least, most) {
        (Some(3), Some(2)) => Err(highest.or(lowest).map_or_else(|| Fault::whole(""), |field| field.expected("min_version or above"))),
        (Some(3), _) => Ok(vec![&TLS13]),
        (_, Some(2)) => Ok(vec![&TLS12]),
        _ => Ok(vec![&TLS13, &TLS12]),
    }
}

/// The suites listed, in this order, behind all of TLS 1.3, which are not configurable in Go either.
fn suites(
    field: Field,
    known: &[SupportedCipherSuite],
    versions: &mut Vec<&'static SupportedProtocolVersion>,
    warnings: &mut Vec<String>,
) -> Result<Vec<SupportedCipherSuite>, Fault> {
    let place = field.clone();
    let mut found: Vec<_> = known.iter().filter(|suite| suite.tls13().is_some()).copied().collect();
    let mut listed = 0;
    for item in field.list()? {
        let name = item.text()?;
        match known.iter().find(|suite| go_name(suite) == name) {
            Some(suite) => {
                listed += 1;
                if suite.tls13().is_none() {
                    found.push(*suite);
                }
            }
            None if is_weak(name) => warnings.push(format!("cipher_suites: {name} is left out, it is not spoken")),
            None => return Err(item.expected(format_args!("one of {}", known.iter().map(go_name).collect::<Vec<_>>().join(", ")))),
        }
    }
    if found.iter().all(|suite| suite.tls13().is_some()) {
        versions.retain(|version| version.version != TLS12.version);
    }
    if listed == 0 || versions.is_empty() {
        let names: Vec<_> = known.iter().filter(|suite| suite.tls13().is_none()).map(go_name).collect();
        return Err(place.fault(format_args!("found no suite that is spoken, expected some of {}", names.join(", "))));
    }
    Ok(found)
}

/// Go writes `TLS_AES_128_GCM_SHA256` where rustls has `TLS13_AES_128_GCM_SHA256`; the others are alike.
fn go_name(suite: &SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_")
}

/// Suites that a Go version has among its secure ones, and rustls has not.
fn is_weak(name: &str) -> bool {
    name.starts_with("TLS_") && (name.ends_with("_CBC_SHA") || name.ends_with("_CBC_SHA256")) || name.starts_with("TLS_RSA_WITH_AES_")
}

fn curves(field: Field, known: &[&'static dyn SupportedKxGroup], warnings: &mut Vec<String>) -> Result<Vec<&'static dyn SupportedKxGroup>, Fault> {
    let place = field.clone();
    let mut found = Vec::new();
    for item in field.list()? {
        let name = item.text()?;
        let Some((_, group)) = CURVES.iter().find(|(curve, _)| *curve == name) else {
            return Err(item.expected(format_args!("one of {}", CURVES.map(|(curve, _)| curve).join(", "))));
        };
        match known.iter().find(|known| Some(known.name()) == *group) {
            Some(group) => found.push(*group),
            None => warnings.push(format!("curve_preferences: {name} is left out, it is not spoken")),
        }
    }
    if found.is_empty() { Err(place.fault("found no curve that is spoken, expected some of X25519, CurveP256, CurveP384")) } else { Ok(found) }
}
