//! HTTP requests, as the tower layer sees them.

/// Bounds of request times unless the application sets others: those that OpenTelemetry advises.
pub const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Bounds of body sizes: powers of four, from the smallest JSON answers to large downloads.
pub const BYTES: &[f64] = &[256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0];

/// Bounds of the life of an event stream: from a lost connection to a working day.
pub const STREAM_SECONDS: &[f64] = &[1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 28800.0];

/// Values of the label method: the registered ones, and one for all others.
pub const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"];

crate::catalogue! {
    /// Requests that have ended, by the status sent to the client; 499 if the client left first, 500 if the handler panicked
    REQUESTS: Counter = "http_requests_total" ["method", "endpoint", "status_code"] closed(&[("method", METHODS)]);
    /// Time from the arrival of a request until the last byte of its answer; upgraded connections and event streams are not in it
    REQUEST_DURATION: Histogram = "http_request_duration_seconds" ["method", "endpoint"] bounds(SECONDS) closed(&[("method", METHODS)]);
    /// Bytes of request bodies that were really read
    REQUEST_SIZE: Histogram = "http_request_size_bytes" ["method", "endpoint"] bounds(BYTES) closed(&[("method", METHODS)]);
    /// Bytes of response bodies that were really sent
    RESPONSE_SIZE: Histogram = "http_response_size_bytes" ["method", "endpoint"] bounds(BYTES) closed(&[("method", METHODS)]);
    /// Time from the arrival of a request until the head of its answer
    RESPONSE_FIRST_BYTE: Histogram = "http_response_first_byte_seconds" ["method", "endpoint"] bounds(SECONDS) closed(&[("method", METHODS)]);
    /// Requests in flight
    ACTIVE_CONNECTIONS: Gauge = "selextract_active_connections" [];
    /// Requests whose client left before the answer was complete
    REQUESTS_ABORTED: Counter = "http_requests_aborted_total" ["method", "endpoint"] closed(&[("method", METHODS)]);
    /// Panics of handlers and of response bodies
    HANDLER_PANICS: Counter = "http_handler_panics_total" ["method", "endpoint"] closed(&[("method", METHODS)]);
    /// Event streams that are open
    EVENT_STREAMS_ACTIVE: Gauge = "http_event_streams_active" [];
    /// Time for which event streams were open
    EVENT_STREAM_DURATION: Histogram = "http_event_stream_duration_seconds" ["endpoint"] bounds(STREAM_SECONDS);
}
