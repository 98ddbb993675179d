//! The layer, and what an application may choose about it.

use std::sync::Arc;

use exporter_core::{Bounds, InvalidBounds, Registry};
use tower_layer::Layer;

use super::{
    endpoint::{Endpoints, Local},
    instruments::{Choices, Families},
    service::Metrics,
};

/// Names under which requests are exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// `http_requests_total` and the others of the [module](super).
    #[default]
    Selextract,
    /// `http_server_request_duration_seconds` and the others of `OpenTelemetry`'s conventions; the status code is a label of the
    /// duration there, so requests are counted by its `_count`.
    OpenTelemetry,
}

/// Measures every request of the services that it wraps. See the [module](super).
#[derive(Clone, Debug)]
pub struct MetricsLayer {
    endpoints: Arc<Endpoints>,
}

impl MetricsLayer {
    /// A layer with the defaults, which counts in `registry`.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self::builder().build(registry)
    }

    /// A layer with choices.
    #[must_use]
    pub fn builder() -> MetricsLayerBuilder {
        MetricsLayerBuilder::default()
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Metrics<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Metrics::new(inner, Local::new(&self.endpoints))
    }
}

/// Choices for a [`MetricsLayer`].
#[derive(Clone, Debug, Default)]
pub struct MetricsLayerBuilder {
    names: Names,
    bounds: Choices,
    excluded: Vec<String>,
    endpoint: Option<Box<str>>,
}

impl MetricsLayerBuilder {
    /// Names of the families.
    #[must_use]
    pub const fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Leaves requests out: by route template (`/users/{id}`), or by path where no route matches.
    #[must_use]
    pub fn exclude<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.excluded.extend(paths.into_iter().map(Into::into));
        self
    }

    /// The endpoint of every request that no axum route matched: for services without a router. `unmatched` if not set.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Upper bounds of the histograms of request times, in seconds.
    ///
    /// # Errors
    /// There are none or more than 100, they do not ascend, or one is not finite.
    pub fn seconds(mut self, bounds: &[f64]) -> Result<Self, InvalidBounds> {
        self.bounds.seconds = Some(Bounds::new(bounds)?);
        Ok(self)
    }

    /// Upper bounds of the histograms of body sizes, in bytes.
    ///
    /// # Errors
    /// There are none or more than 100, they do not ascend, or one is not finite.
    pub fn bytes(mut self, bounds: &[f64]) -> Result<Self, InvalidBounds> {
        self.bounds.bytes = Some(Bounds::new(bounds)?);
        Ok(self)
    }

    /// The layer. Two layers on one registry share its families, with the bounds of the first.
    #[must_use]
    pub fn build(self, registry: &Registry) -> MetricsLayer {
        let families = Families::new(registry, self.names, &self.bounds);
        MetricsLayer { endpoints: Arc::new(Endpoints::new(families, self.excluded, self.endpoint)) }
    }
}
