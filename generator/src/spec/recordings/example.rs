//! What the recording rules make of raw series.

use crate::spec::duration::{Duration, minutes};
use crate::spec::example::Given;

/// When the values of examples are looked at: two whole windows of five minutes after the start.
pub(crate) const AT: Duration = minutes(10);

/// Raw series, one sample per scrape interval, and every recorded series that comes of them.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) given: Given,
    pub(crate) recorded: Vec<Sample>,
}

/// A recorded series with its labels, and its value.
pub(crate) type Sample = (String, f64);

impl Example {
    pub(super) fn new(given: Given, recorded: &[(&str, f64)]) -> Self {
        Self { given, recorded: recorded.iter().map(|(series, value)| ((*series).to_owned(), *value)).collect() }
    }
}
