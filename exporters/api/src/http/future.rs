//! The answer in the making.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use super::{
    exchange::{Exchange, Outcome},
    response_body::ResponseBody,
};

pin_project! {
    /// Future of a [`Metrics`](super::Metrics) service; dropped before its end, the request is counted as aborted.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match catch_unwind(AssertUnwindSafe(|| this.inner.as_mut().poll(context))) {
            Ok(polled) => ready!(polled),
            Err(panic) => {
                if let Some(exchange) = this.exchange {
                    exchange.end(Outcome::Panicked);
                }
                resume_unwind(panic)
            }
        };
        match polled {
            Ok(response) => {
                if let Some(exchange) = this.exchange {
                    exchange.head(&response);
                }
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, this.exchange.take()))))
            }
            Err(error) => {
                if let Some(exchange) = this.exchange {
                    exchange.end(Outcome::Failed);
                }
                Poll::Ready(Err(error))
            }
        }
    }
}
