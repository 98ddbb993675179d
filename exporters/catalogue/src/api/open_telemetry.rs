//! HTTP requests under the names of OpenTelemetry's semantic conventions: the layer's alternative to [`http`](super::http).
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>, spelled as its Prometheus exporters do.

use super::http::{BYTES, METHODS, SECONDS};

crate::catalogue! {
    /// Duration of HTTP server requests
    REQUEST_DURATION: Histogram = "http_server_request_duration_seconds" ["http_request_method", "http_route", "http_response_status_code", "error_type"]
        upstream optional(1) bounds(SECONDS) closed(&[("http_request_method", METHODS)]);
    /// Number of active HTTP server requests
    ACTIVE_REQUESTS: Gauge = "http_server_active_requests" ["http_request_method"] upstream closed(&[("http_request_method", METHODS)]);
    /// Size of HTTP server request bodies
    REQUEST_BODY_SIZE: Histogram = "http_server_request_body_size_bytes" ["http_request_method", "http_route"]
        upstream bounds(BYTES) closed(&[("http_request_method", METHODS)]);
    /// Size of HTTP server response bodies
    RESPONSE_BODY_SIZE: Histogram = "http_server_response_body_size_bytes" ["http_request_method", "http_route", "http_response_status_code"]
        upstream bounds(BYTES) closed(&[("http_request_method", METHODS)]);
}
