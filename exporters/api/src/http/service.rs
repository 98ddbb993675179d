//! The wrapped service.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{
    endpoint::Local,
    exchange::Exchange,
    future::ResponseFuture,
    request_body::{Countable, Tally},
    response_body::ResponseBody,
};

/// A service that is measured: made by [`MetricsLayer`](super::MetricsLayer).
#[derive(Clone, Debug)]
pub struct Metrics<S> {
    inner: S,
    local: Arc<Local>,
}

impl<S> Metrics<S> {
    pub(super) const fn new(inner: S, local: Arc<Local>) -> Self {
        Self { inner, local }
    }
}

impl<S, B, R> Service<Request<B>> for Metrics<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Countable,
    R: http_body::Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(endpoint) = self.local.of(&request) else { return ResponseFuture::new(self.inner.call(request), None) };
        let mut exchange = Exchange::start(endpoint, &request);
        let future = if request.body().is_end_stream() {
            exchange.endpoint().instruments().received(0);
            self.inner.call(request)
        } else {
            let tally = Tally::new(Arc::clone(exchange.endpoint()));
            self.inner.call(request.map(|body| body.counted(tally)))
        };
        exchange.called();
        ResponseFuture::new(future, Some(exchange))
    }
}
