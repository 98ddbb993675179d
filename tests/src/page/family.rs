//! What the type of a family asks of its samples.

use std::collections::BTreeMap;

use super::{Family, Format, Labels, Sample};

/// The rules of one family.
pub(super) struct Rules<'a> {
    pub(super) format: Format,
    pub(super) family: &'a Family,
}

impl Rules<'_> {
    /// Checks a sample by itself.
    pub(super) fn check(&self, sample: &Sample, exemplar: bool) -> Result<(), String> {
        let (name, kind) = (&self.family.name, self.family.kind.as_str());
        let Some(suffix) = sample.name.strip_prefix(name.as_str()).filter(|suffix| self.suffixes().contains(suffix)) else {
            return Err(format!("{} is not a sample of {kind} {name}", sample.name));
        };
        for (label, needed) in [("le", suffix == "_bucket"), ("quantile", kind == "summary" && suffix.is_empty())] {
            let number = sample.labels.get(label).map(|value| value.parse::<f64>());
            match number {
                None if needed => return Err(format!("{} has no {label}", sample.name)),
                Some(Err(_)) if needed => return Err(format!("{label} of {} is not a number", sample.name)),
                Some(_) if !needed && ["histogram", "summary"].contains(&kind) => return Err(format!("{} has {label}", sample.name)),
                _ => {}
            }
        }
        let cumulative = ["_total", "_bucket", "_count"].contains(&suffix) || (kind == "counter" && suffix.is_empty());
        if cumulative && (sample.value.is_nan() || sample.value < 0.0) {
            return Err(format!("{} counts and is {}", sample.name, sample.value));
        }
        if kind == "info" && sample.value.to_bits() != 1_f64.to_bits() {
            return Err(format!("{} is not 1", sample.name));
        }
        if exemplar && !["_total", "_bucket"].contains(&suffix) {
            return Err(format!("{} has an exemplar", sample.name));
        }
        Ok(())
    }

    /// What may follow the family's name in a sample's.
    fn suffixes(&self) -> &'static [&'static str] {
        match (self.family.kind.as_str(), self.format) {
            ("histogram", Format::Text) => &["_bucket", "_sum", "_count"],
            ("histogram", Format::OpenMetrics) => &["_bucket", "_sum", "_count", "_created"],
            ("gaugehistogram", _) => &["_bucket", "_gsum", "_gcount"],
            ("summary", Format::Text) => &["", "_sum", "_count"],
            ("summary", Format::OpenMetrics) => &["", "_sum", "_count", "_created"],
            ("counter", Format::OpenMetrics) => &["_total", "_created"],
            ("info", _) => &["_info"],
            _ => &[""],
        }
    }

    /// Checks the family once all its samples are there.
    pub(super) fn check_whole(&self) -> Result<(), String> {
        if self.family.kind != "histogram" {
            return Ok(());
        }
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for sample in self.family.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").and_then(|bound| bound.parse().ok()).unwrap_or(f64::NAN);
            series.entry(labels).or_default().push((bound, sample.value));
        }
        for (labels, buckets) in &series {
            self.check_buckets(buckets, labels)?;
        }
        Ok(())
    }

    fn check_buckets(&self, buckets: &[(f64, f64)], labels: &Labels) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("histogram {}{labels:?}: {what}", self.family.name));
        if !buckets.is_sorted_by(|earlier, later| earlier.0 < later.0) {
            return wrong("bounds do not ascend");
        }
        if !buckets.is_sorted_by(|earlier, later| earlier.1 <= later.1) {
            return wrong("buckets are not cumulative");
        }
        let Some((f64::INFINITY, all)) = buckets.last() else {
            return wrong("no +Inf bucket");
        };
        let of = |suffix: &str| {
            let name = format!("{}{suffix}", self.family.name);
            self.family.samples.iter().find(move |sample| sample.name == name && sample.labels == *labels)
        };
        match (of("_count"), of("_sum")) {
            (Some(_), None) | (None, Some(_)) if self.format == Format::OpenMetrics => wrong("a sum and a count come together"),
            (Some(count), _) if count.value.to_bits() != all.to_bits() => wrong("count is not the +Inf bucket"),
            (None, _) if self.format == Format::Text => wrong("no count"),
            _ => Ok(()),
        }
    }
}
