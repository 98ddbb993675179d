//! What a client accepts. RFC 9110, section 12.5.

use super::Format;

/// The format that was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub(crate) format: Format,
    /// How names outside the legacy character set are written. Ours are all inside it, so every scheme writes them alike,
    /// but a client that names one is told which one it got.
    escaping: Option<&'static str>,
}

impl Negotiated {
    /// The format that an `Accept` header asks for; text when it asks for nothing that we have.
    pub(crate) fn from_accept(accept: &str) -> Self {
        let mut best = (0.0, Self { format: Format::Text, escaping: None });
        for (range, quality) in ranges(accept) {
            let Some(format) = offered(range) else { continue };
            // Of equals the first wins: Prometheus and its peers list what they prefer first.
            if quality > best.0 {
                best = (quality, Self { format, escaping: escaping(range) });
            }
        }
        best.1
    }

    /// The exact `Content-Type`.
    pub(crate) fn content_type(self) -> String {
        let base = self.format.content_type();
        self.escaping.map_or_else(|| base.to_owned(), |scheme| format!("{base}; escaping={scheme}"))
    }
}

pub(crate) fn accepts_gzip(accept_encoding: &str) -> bool {
    let quality_of = |coding: &str| {
        let named = |range: &str| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(coding));
        ranges(accept_encoding).find(|(range, _)| named(range)).map(|(_, quality)| quality)
    };
    quality_of("gzip").or_else(|| quality_of("*")).is_some_and(|quality| quality > 0.0)
}

/// The parts of a header, parameters and all, with their q-values.
fn ranges(header: &str) -> impl Iterator<Item = (&str, f64)> {
    header.split(',').map(|part| {
        let quality = part.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f64>().ok().filter(|quality| (0.0..=1.0).contains(quality)))
        });
        // A q-value that cannot be read counts as 0: the client did not clearly ask for it.
        (part, quality.map_or(1.0, Option::unwrap_or_default))
    })
}

/// Our format for a media range, if we have one.
fn offered(range: &str) -> Option<Format> {
    let media = range.split(';').next()?.trim().to_ascii_lowercase();
    match (media.as_str(), parameter(range, "version")) {
        ("application/openmetrics-text", None | Some("1.0.0")) => Some(Format::OpenMetrics),
        ("application/vnd.google.protobuf", _) => {
            let asked = [parameter(range, "proto"), parameter(range, "encoding")];
            (asked == [Some("io.prometheus.client.MetricFamily"), Some("delimited")]).then_some(Format::Protobuf)
        }
        ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => Some(Format::Text),
        _ => None,
    }
}

/// The scheme that a range names, in our words; one that would rewrite legacy names too is answered with one that does not.
fn escaping(range: &str) -> Option<&'static str> {
    match parameter(range, "escaping")? {
        "allow-utf-8" => Some("allow-utf-8"),
        "values" => Some("values"),
        _ => Some("underscores"),
    }
}

fn parameter<'a>(range: &'a str, name: &str) -> Option<&'a str> {
    let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let found = parameters.map(|(found, value)| (found.trim(), value)).find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_headers_of_real_clients() {
        let prometheus_2_42 =
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let cases = [
            (prometheus_2_42, Format::OpenMetrics),
            (prometheus_3, Format::OpenMetrics),
            (browser, Format::Text),
            ("*/*", Format::Text),
            ("", Format::Text),
            ("application/json", Format::Text),
            ("text/plain;version=0.0.4", Format::Text),
            ("application/openmetrics-text; version=0.0.1", Format::Text),
            ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", Format::OpenMetrics),
            ("text/plain;q=0.5, application/openmetrics-text;q=0.6", Format::OpenMetrics),
            ("text/plain;q=0.6, application/openmetrics-text;q=0.5", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=lots", Format::Text),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;q=0.1", Format::Protobuf),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,text/plain;q=0.1", Format::Text),
            ("application/vnd.google.protobuf", Format::Text),
        ];
        for (accept, expected) in cases {
            assert_eq!(Negotiated::from_accept(accept).format, expected, "{accept}");
        }
    }

    #[test]
    fn escaping_is_answered_where_it_is_asked_for() {
        for (scheme, expected) in [("allow-utf-8", "allow-utf-8"), ("underscores", "underscores"), ("values", "values"), ("dots", "underscores")] {
            let agreed = Negotiated::from_accept(&format!("application/openmetrics-text;version=1.0.0;escaping={scheme}"));
            assert_eq!(agreed.content_type(), format!("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping={expected}"));
        }
        assert_eq!(Negotiated::from_accept("text/plain").content_type(), "text/plain; version=0.0.4; charset=utf-8");
    }

    #[test]
    fn gzip_only_where_it_is_accepted() {
        for (header, expected) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
            ("*", true),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
        ] {
            assert_eq!(accepts_gzip(header), expected, "{header}");
        }
    }
}
