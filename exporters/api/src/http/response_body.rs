//! Response bodies that are watched to their end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::{Exchange, Outcome};

pin_project! {
    /// The service's response body; the request ends with it.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        body: B,
        exchange: Option<Exchange>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) const fn new(body: B, exchange: Option<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(exchange) = this.exchange else { return this.body.poll_frame(context) };
        let polled = match catch_unwind(AssertUnwindSafe(|| this.body.as_mut().poll_frame(context))) {
            Ok(polled) => polled,
            Err(panic) => {
                exchange.end(Outcome::Panicked);
                resume_unwind(panic)
            }
        };
        match &polled {
            // A server may not ask again after the last frame, so what the body says of itself counts too.
            Poll::Ready(Some(Ok(frame))) => exchange.sent(frame.data_ref().map_or(0, Buf::remaining), this.body.is_end_stream()),
            Poll::Ready(Some(Err(_))) => exchange.end(Outcome::Failed),
            Poll::Ready(None) => exchange.end(Outcome::Complete),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
