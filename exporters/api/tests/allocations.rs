//! Once a route has been seen, the layer allocates nothing.
#![allow(
    clippy::allow_attributes,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its numbers are exact"
)]

use std::{
    alloc::System,
    convert::Infallible,
    future::{Ready, ready},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use api_metrics::{
    MetricsLayer,
    bounded::{Bounded, Settings},
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
fn exchange<S, Q, R>(service: &mut S, request: Request<Q>) -> u16
where
    S: Service<Request<Q>, Response = Response<R>>,
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

/// Allocations of a thousand requests. The least of several counts: the test harness has threads of its own, which allocate now and
/// then, and what a request allocates is in each count.
fn allocations<S, Q, R>(service: &mut S, request: impl Fn() -> Request<Q>) -> usize
where
    S: Service<Request<Q>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes> + Unpin,
    S::Error: std::fmt::Debug,
{
    let count = |_| {
        let requests: Vec<_> = (0..1000).map(|_| request()).collect();
        let region = Region::new(ALLOCATOR);
        for request in requests {
            assert_eq!(exchange(service, request), 200);
        }
        let change = region.change();
        change.allocations + change.reallocations
    };
    (0..5).map(count).min().unwrap()
}

fn request(path: &'static str) -> Request<Body> {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Request::post(path).header("traceparent", trace).body(Full::from("hello").into()).unwrap()
}

/// The allocator counts for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn known_route_costs_no_allocation() {
    let _alone = alone();
    for names in [Names::Selextract, Names::OpenTelemetry] {
        let registry = Registry::default();
        let layer = MetricsLayer::builder().names(names).exclude(["/health"]).build(&registry);
        let mut service = layer.layer(service_fn(echo));
        for path in ["/", "/health"] {
            exchange(&mut service, request(path));
            assert_eq!(allocations(&mut service, || request(path)), 0, "{names:?} {path}");
        }
    }
}

/// A body of axum's is boxed by axum, so one that is counted is boxed once more; a request without a body costs nothing.
#[test]
fn body_of_axum_costs_one_allocation_and_none_without_content() {
    let _alone = alone();
    let registry = Registry::default();
    let mut service = MetricsLayer::new(&registry).layer(service_fn(|request: Request<axum::body::Body>| {
        drop(request);
        ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"answer")))))
    }));
    for (content, expected) in [("", 0), ("hello", 1)] {
        let request = || Request::post("/").body(axum::body::Body::from(content)).unwrap();
        exchange(&mut service, request());
        assert_eq!(allocations(&mut service, request), 1000 * expected, "{content:?}");
    }
}

/// As many groups as there may be, and a flood of values that come with all of them: each family stays within its 256 KiB.
#[test]
fn family_of_many_groups_keeps_within_its_memory() {
    let _alone = alone();
    // The second is more than there may be, and so as many.
    for groups in [1, 99] {
        let bounded = Bounded::new(Settings { epoch: Duration::from_secs(30), ..Settings::default() }, groups);
        let (start, mut most) = (Instant::now(), 0);
        let before = Region::new(ALLOCATOR);
        let held = |bounded: Bounded| {
            let region = Region::new(ALLOCATOR);
            drop(bounded);
            region.change().bytes_deallocated
        };
        for epoch in 0..120 {
            for value in 0..2_000 {
                // Heavier than the epoch's before, so that values are exchanged, and ghosts are kept of them.
                bounded.add(&format!("{epoch}-{value}"), value % groups, f64::from(epoch));
            }
            for value in 0..20 {
                for group in 0..groups {
                    bounded.add(&format!("heavy-{}-{value}", epoch / 4), group, 1e3 * f64::from(epoch));
                }
            }
            bounded.collect(start + Duration::from_secs(30) * epoch, |_, _, _| {});
            let change = before.change();
            most = most.max(change.bytes_allocated.saturating_sub(change.bytes_deallocated));
        }
        let bytes = held(bounded);
        println!("{groups} groups: {} KiB, {} KiB more at most than in the beginning", bytes / 1024, most / 1024);
        assert!(bytes <= 256 * 1024 && most <= 256 * 1024, "{groups} groups: {bytes} bytes, {most} more than in the beginning");
    }
}
