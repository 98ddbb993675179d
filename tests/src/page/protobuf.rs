//! Reads delimited protobuf pages with the messages that prometheus-client has from `metrics.proto`.

use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{Metric, MetricFamily};
use prost::Message;

use super::{Family, Labels, Page, PageError, Sample};

/// Reads delimited `io.prometheus.client.MetricFamily` messages into what the text formats call the same.
///
/// # Errors
/// The position of the first message that cannot be read, as its line.
pub fn protobuf(mut page: &[u8]) -> Result<Page, PageError> {
    let mut families = Vec::new();
    while !page.is_empty() {
        let line = families.len() + 1;
        let family = MetricFamily::decode_length_delimited(&mut page).map_err(|error| PageError { line, problem: error.to_string() })?;
        families.push(read(&family));
    }
    Ok(Page { families })
}

fn read(family: &MetricFamily) -> Family {
    let kind = ["counter", "gauge", "summary", "untyped", "histogram"][usize::try_from(family.r#type).expect("a known type")];
    let samples = family.metric.iter().flat_map(|metric| samples(&family.name, metric)).collect();
    Family { name: family.name.clone(), kind: kind.to_owned(), help: family.help.clone(), samples }
}

fn samples(name: &str, metric: &Metric) -> Vec<Sample> {
    let labels: Labels = metric.label.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect();
    assert_eq!(labels.len(), metric.label.len(), "a label is there twice");
    let plain = |suffix: &str, value: f64| Sample { name: format!("{name}{suffix}"), labels: labels.clone(), value };
    let with = |suffix: &str, label: &str, edge: f64, value: f64| {
        let mut sample = plain(suffix, value);
        sample.labels.insert(label.to_owned(), edge.to_string());
        sample
    };
    let count = |count: u64| f64::from(u32::try_from(count).expect("tests count less"));
    let mut samples = Vec::new();
    samples.extend(metric.counter.as_ref().map(|counter| plain("", counter.value)));
    samples.extend(metric.gauge.as_ref().map(|gauge| plain("", gauge.value)));
    samples.extend(metric.untyped.as_ref().map(|untyped| plain("", untyped.value)));
    if let Some(histogram) = &metric.histogram {
        samples.extend(histogram.bucket.iter().map(|bucket| with("_bucket", "le", bucket.upper_bound, count(bucket.cumulative_count))));
        samples.extend([plain("_sum", histogram.sample_sum), plain("_count", count(histogram.sample_count))]);
    }
    if let Some(summary) = &metric.summary {
        samples.extend(summary.quantile.iter().map(|quantile| with("", "quantile", quantile.quantile, quantile.value)));
        samples.extend([plain("_sum", summary.sample_sum), plain("_count", count(summary.sample_count))]);
    }
    samples
}
