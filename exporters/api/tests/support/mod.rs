//! What the tests of the layer share: reading a page, and checking what has to hold after any traffic.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "each test program uses its part, and fails by panicking"
)]

use std::collections::BTreeMap;

use exporter_core::{Format, Registry};

/// The samples of a page by series.
#[derive(Debug)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    pub(crate) fn of(registry: &Registry) -> Self {
        let mut out = Vec::new();
        registry.encode(Format::Text, &mut out);
        Self::read(&String::from_utf8(out).unwrap())
    }

    pub(crate) fn read(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        Self(samples.map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect())
    }

    /// A sample; 0 if it is not there.
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.0.get(series).copied().unwrap_or(0.0)
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.keys().any(|series| series.contains(text))
    }

    /// Sum of a family's samples, or of those with a label.
    pub(crate) fn sum(&self, family: &str, label: &str) -> f64 {
        let of_family = |series: &str| series.split('{').next() == Some(family) && series.contains(label);
        self.0.iter().filter(|(series, _)| of_family(series)).map(|(_, value)| value).sum()
    }

    /// A family's samples.
    pub(crate) fn of_family(&self, family: &str) -> Vec<(String, f64)> {
        let samples = self.0.iter().filter(|(series, _)| series.split('{').next() == Some(family));
        samples.map(|(series, value)| (series.clone(), *value)).collect()
    }

    pub(crate) fn requests(&self, status: u16) -> f64 {
        self.sum("http_requests_total", &format!("status_code=\"{status}\""))
    }

    pub(crate) fn series(&self) -> usize {
        self.0.len()
    }
}

/// After any traffic: nothing in flight, each request ended once, and every one that read a body was measured.
pub(crate) fn assert_settled(page: &Page, started: f64) {
    assert_eq!(page.get("selextract_active_connections"), 0.0, "{page:#?}");
    let ended = page.sum("http_requests_total", "");
    let aborted = page.sum("http_requests_aborted_total", "");
    assert_eq!(ended, started, "{page:#?}");
    assert_eq!(page.requests(499), aborted, "{page:#?}");
    assert_eq!(page.sum("http_request_size_bytes_count", ""), started, "{page:#?}");
}
