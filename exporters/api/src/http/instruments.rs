//! The families that the layer fills: the stack's own names, or those of `OpenTelemetry`.

use std::time::Duration;

use exporter_core::{Bounds, CounterFamily, CounterSeries, GaugeFamily, GaugeSeries, HistogramFamily, HistogramSeries, Measure, Registry, TraceId};
use metric_catalogue::{Histogram, Metric, api::http, api::open_telemetry as otel};

use super::{
    exchange::{Ending, Kind, Outcome},
    layer::Names,
    status::{ByStatus, CLIENT_CLOSED, FAILED, StatusText},
};

/// What a layer registers once.
#[derive(Debug)]
pub(super) enum Families {
    Selextract(Box<SelextractFamilies>),
    OpenTelemetry(Box<OtelFamilies>),
}

#[derive(Debug)]
pub(super) struct SelextractFamilies {
    requests: CounterFamily<3>,
    duration: HistogramFamily<2>,
    request_size: HistogramFamily<2>,
    response_size: HistogramFamily<2>,
    first_byte: HistogramFamily<2>,
    active: GaugeSeries,
    aborted: CounterFamily<2>,
    panics: CounterFamily<2>,
    streams: GaugeSeries,
    stream_duration: HistogramFamily<1>,
}

#[derive(Debug)]
pub(super) struct OtelFamilies {
    active: GaugeFamily<1>,
    duration: HistogramFamily<4>,
    request_size: HistogramFamily<2>,
    response_size: HistogramFamily<3>,
}

/// Bounds that the application chose.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    pub(super) seconds: Option<Bounds>,
    pub(super) bytes: Option<Bounds>,
}

impl Families {
    pub(super) fn new(registry: &Registry, names: Names, bounds: &Choices) -> Self {
        match names {
            Names::Selextract => Self::Selextract(Box::new(SelextractFamilies {
                requests: registry.counter(&http::REQUESTS),
                duration: histogram(registry, &http::REQUEST_DURATION, bounds.seconds.as_ref()),
                request_size: histogram(registry, &http::REQUEST_SIZE, bounds.bytes.as_ref()),
                response_size: histogram(registry, &http::RESPONSE_SIZE, bounds.bytes.as_ref()),
                first_byte: histogram(registry, &http::RESPONSE_FIRST_BYTE, bounds.seconds.as_ref()),
                active: registry.gauge(&http::ACTIVE_CONNECTIONS).series([]),
                aborted: registry.counter(&http::REQUESTS_ABORTED),
                panics: registry.counter(&http::HANDLER_PANICS),
                streams: registry.gauge(&http::EVENT_STREAMS_ACTIVE).series([]),
                stream_duration: registry.histogram(&http::EVENT_STREAM_DURATION),
            })),
            Names::OpenTelemetry => Self::OpenTelemetry(Box::new(OtelFamilies {
                active: registry.gauge(&otel::ACTIVE_REQUESTS),
                duration: histogram(registry, &otel::REQUEST_DURATION, bounds.seconds.as_ref()),
                request_size: histogram(registry, &otel::REQUEST_BODY_SIZE, bounds.bytes.as_ref()),
                response_size: histogram(registry, &otel::RESPONSE_BODY_SIZE, bounds.bytes.as_ref()),
            })),
        }
    }

    /// The handles of one method and endpoint.
    pub(super) fn resolve(&self, method: &'static str, endpoint: &str) -> Instruments {
        match self {
            Self::Selextract(families) => Instruments::Selextract(Box::new(SelextractInstruments::new(families, method, endpoint))),
            Self::OpenTelemetry(families) => Instruments::OpenTelemetry(Box::new(OtelInstruments::new(families, method, endpoint))),
        }
    }
}

/// The family of `metric`, with the application's bounds if it chose some.
fn histogram<const N: usize>(registry: &Registry, metric: &'static Metric<Histogram, N>, bounds: Option<&Bounds>) -> HistogramFamily<N> {
    match bounds {
        Some(bounds) => registry.histogram_with_bounds(metric, bounds),
        None => registry.histogram(metric),
    }
}

/// The handles of one method and endpoint, looked up once.
#[derive(Debug)]
pub(super) enum Instruments {
    Selextract(Box<SelextractInstruments>),
    OpenTelemetry(Box<OtelInstruments>),
    /// An endpoint that is left out.
    Silent,
}

#[derive(Debug)]
pub(super) struct SelextractInstruments {
    labels: (&'static str, Box<str>),
    requests: CounterFamily<3>,
    statuses: ByStatus<CounterSeries>,
    duration: HistogramSeries,
    request_size: HistogramSeries,
    response_size: HistogramSeries,
    first_byte: HistogramSeries,
    active: GaugeSeries,
    aborted: CounterSeries,
    panics: CounterSeries,
    streams: GaugeSeries,
    stream_duration: HistogramFamily<1>,
}

#[derive(Debug)]
pub(super) struct OtelInstruments {
    labels: (&'static str, Box<str>),
    duration: HistogramFamily<4>,
    response_size: HistogramFamily<3>,
    statuses: ByStatus<(HistogramSeries, HistogramSeries)>,
    request_size: HistogramSeries,
    active: GaugeSeries,
}

impl SelextractInstruments {
    fn new(families: &SelextractFamilies, method: &'static str, endpoint: &str) -> Self {
        let labels = [method, endpoint];
        let instruments = Self {
            labels: (method, endpoint.into()),
            requests: families.requests.clone(),
            statuses: ByStatus::default(),
            duration: families.duration.series(labels),
            request_size: families.request_size.series(labels),
            response_size: families.response_size.series(labels),
            first_byte: families.first_byte.series(labels),
            active: families.active.clone(),
            aborted: families.aborted.series(labels),
            panics: families.panics.series(labels),
            streams: families.streams.clone(),
            stream_duration: families.stream_duration.clone(),
        };
        // Exposed at 0 from the first request on: an increase is seen only from a sample before it, and these raise alerts.
        for status in [FAILED, CLIENT_CLOSED] {
            // Not kept at hand: most endpoints never answer so, and a look-up passes what is kept.
            drop(instruments.series(status));
        }
        instruments
    }

    fn series(&self, status: u16) -> CounterSeries {
        let (method, endpoint) = &self.labels;
        self.requests.series([method, endpoint, StatusText::new(status).as_str(status)])
    }

    fn count(&self, status: u16, add: impl FnOnce(&CounterSeries)) {
        self.statuses.with(status, || self.series(status), add);
    }
}

impl OtelInstruments {
    fn new(families: &OtelFamilies, method: &'static str, endpoint: &str) -> Self {
        Self {
            labels: (method, endpoint.into()),
            duration: families.duration.clone(),
            response_size: families.response_size.clone(),
            statuses: ByStatus::default(),
            request_size: families.request_size.series([method, endpoint]),
            active: families.active.series([method]),
        }
    }

    fn answered(&self, status: u16, seconds: f64, sent: Option<f64>, trace: Option<TraceId>) {
        let (method, endpoint) = &self.labels;
        let series = || {
            let text = StatusText::new(status);
            let code = text.as_str(status);
            let error = if status >= FAILED { code } else { "" };
            (self.duration.series([method, endpoint, code, error]), self.response_size.series([method, endpoint, code]))
        };
        self.statuses.with(status, series, |(duration, response_size)| {
            observe(duration, seconds, trace);
            if let Some(sent) = sent {
                response_size.observe(sent);
            }
        });
    }
}

impl Instruments {
    /// A request has arrived.
    pub(super) fn start(&self) {
        match self {
            Self::Selextract(instruments) => instruments.active.add(1.0),
            Self::OpenTelemetry(instruments) => instruments.active.add(1.0),
            Self::Silent => {}
        }
    }

    /// Its body has been read, as far as it will be.
    pub(super) fn received(&self, bytes: u64) {
        let Some(bytes) = bytes.measure() else { return };
        match self {
            Self::Selextract(instruments) => instruments.request_size.observe(bytes),
            Self::OpenTelemetry(instruments) => instruments.request_size.observe(bytes),
            Self::Silent => {}
        }
    }

    /// The head of the answer is there.
    pub(super) fn head(&self, after: Duration, trace: Option<TraceId>) {
        if let Self::Selextract(instruments) = self {
            observe(&instruments.first_byte, after.as_secs_f64(), trace);
        }
    }

    /// The answer turns out to be an event stream.
    pub(super) fn stream(&self) {
        if let Self::Selextract(instruments) = self {
            instruments.streams.add(1.0);
        }
    }

    /// The request has ended; called once for each.
    pub(super) fn end(&self, ending: &Ending) {
        let seconds = ending.took.as_secs_f64();
        let sent = ending.sent.measure().filter(|_| ending.kind != Kind::Upgrade);
        let latency = (ending.kind == Kind::Plain).then_some(seconds);
        match self {
            Self::Selextract(instruments) => {
                instruments.active.add(-1.0);
                instruments.count(ending.status, |series| match ending.trace {
                    Some(trace) => series.add_traced(1, trace),
                    None => series.add(1),
                });
                match ending.outcome {
                    Outcome::Aborted => instruments.aborted.add(1),
                    Outcome::Panicked => instruments.panics.add(1),
                    Outcome::Complete | Outcome::Failed => {}
                }
                if let Some(seconds) = latency {
                    observe(&instruments.duration, seconds, ending.trace);
                }
                if let Some(sent) = sent {
                    instruments.response_size.observe(sent);
                }
                if ending.kind == Kind::Stream {
                    instruments.streams.add(-1.0);
                    instruments.stream_duration.observe([&instruments.labels.1], seconds);
                }
            }
            Self::OpenTelemetry(instruments) => {
                instruments.active.add(-1.0);
                // Its count is the count of requests, so all are in it: those that go on as something else with the time to their head.
                let seconds = latency.unwrap_or_else(|| ending.head.map_or(seconds, |head| head.as_secs_f64()));
                instruments.answered(ending.status, seconds, sent, ending.trace);
            }
            Self::Silent => {}
        }
    }
}

/// Counts one observation, as an exemplar if its request is traced.
fn observe(series: &HistogramSeries, value: f64, trace: Option<TraceId>) {
    match trace {
        Some(trace) => series.observe_traced(value, trace),
        None => series.observe(value),
    }
}
