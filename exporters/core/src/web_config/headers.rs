//! `http_server_config`: the five headers that may be added to every answer.

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};

use super::{
    fault::Fault,
    node::{Field, Section},
};

/// Their names as they are written, and the values that each takes; none: any.
const HEADERS: [(&str, HeaderName, &[&str]); 5] = [
    ("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", X_XSS_PROTECTION, &[]),
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY, &[]),
];

/// Headers of every answer.
pub(super) type Headers = Vec<(HeaderName, HeaderValue)>;

/// Reads the section. `http2` is checked and has no effect: HTTP/1.1 is what is offered.
pub(super) fn read(section: Option<Field>) -> Result<Headers, Fault> {
    let Some(section) = section else { return Ok(Vec::new()) };
    let mut section = section.section(&["http2", "headers"])?;
    if let Some(field) = section.take("http2") {
        field.switch()?;
    }
    let Some(headers) = section.take("headers") else { return Ok(Vec::new()) };
    let mut headers = headers.section(&HEADERS.map(|(spelling, ..)| spelling))?;
    HEADERS.into_iter().filter_map(|header| value(&mut headers, header).transpose()).collect()
}

fn value(headers: &mut Section, (spelling, name, allowed): (&str, HeaderName, &[&str])) -> Result<Option<(HeaderName, HeaderValue)>, Fault> {
    let Some(field) = headers.take(spelling) else { return Ok(None) };
    let text = field.text()?;
    if !allowed.is_empty() && !allowed.contains(&text) {
        return Err(field.expected(allowed.join(" or ")));
    }
    let value = HeaderValue::from_str(text).map_err(|_| field.expected("a line of visible ASCII"))?;
    Ok(Some((name, value)))
}
