//! Once a route has been seen, the layer allocates nothing.
#![allow(clippy::allow_attributes, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, and its numbers are exact")]

use std::{
    alloc::System,
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll, Waker},
};

use api_metrics::{
    MetricsLayer,
    http::{CountedBody, Names},
};
use axum::http::{Request, Response};
use bytes::Bytes;
use exporter_core::Registry;
use http_body_util::{BodyExt, Full};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::{Layer, Service, service_fn};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Body = CountedBody<Full<Bytes>>;

fn echo(request: Request<Body>) -> Ready<Result<Response<Body>, Infallible>> {
    ready(Ok(Response::new(request.into_body())))
}

/// Calls the service and reads its answer, without a runtime.
fn exchange<S, R>(service: &mut S, request: Request<Body>) -> u16
where
    S: Service<Request<Body>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes> + Unpin,
    S::Error: std::fmt::Debug,
{
    let mut context = Context::from_waker(Waker::noop());
    let mut answer = std::pin::pin!(service.call(request));
    let Poll::Ready(Ok(answer)) = answer.as_mut().poll(&mut context) else { panic!("the service is ready at once") };
    let (head, mut body) = answer.into_parts();
    loop {
        let mut frame = std::pin::pin!(body.frame());
        match frame.as_mut().poll(&mut context) {
            Poll::Ready(Some(_)) => {}
            _ => return head.status.as_u16(),
        }
    }
}

fn request(path: &'static str) -> Request<Body> {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Request::post(path).header("traceparent", trace).body(Full::from("hello").into()).unwrap()
}

#[test]
fn known_route_costs_no_allocation() {
    for names in [Names::Selextract, Names::OpenTelemetry] {
        let registry = Registry::default();
        let layer = MetricsLayer::builder().names(names).exclude(["/health"]).build(&registry);
        let mut service = layer.layer(service_fn(echo));
        for path in ["/", "/health"] {
            exchange(&mut service, request(path));
            let requests: Vec<_> = (0..1000).map(|_| request(path)).collect();
            let region = Region::new(ALLOCATOR);
            for request in requests {
                assert_eq!(exchange(&mut service, request), 200);
            }
            let change = region.change();
            assert_eq!((change.allocations, change.reallocations), (0, 0), "{names:?} {path}");
        }
    }
}
