//! TLS to the broker, in the words of Python's `ssl` module.

use exporter_core::ClientTls;

/// Takes an option, with or without kombu's prefix; `false` if it is not one.
pub(crate) fn set(tls: &mut ClientTls, name: &str, value: &str) -> bool {
    match name.strip_prefix("ssl_").unwrap_or(name) {
        "ca_certs" => tls.ca = Some(value.into()),
        "certfile" => tls.certificate = Some(value.into()),
        "keyfile" => tls.key = Some(value.into()),
        "cert_reqs" => tls.skip_verification = matches!(value.trim_start_matches("CERT_").to_ascii_lowercase().as_str(), "none" | "0"),
        _ => return false,
    }
    true
}
