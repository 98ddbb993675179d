//! Request bodies whose bytes are counted as they are read.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::HttpBody;
use bytes::Buf;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use super::endpoint::Endpoint;

/// A request body that the layer can count without changing its type.
///
/// axum's `Body` is one: whatever is in it is in a box of axum's own, so that counting one with content costs an allocation, the only
/// one of the layer. Around another service, turn its body into a [`CountedBody`] first:
/// `ServiceBuilder::new().map_request(|request: Request<B>| request.map(CountedBody::from)).layer(metrics)`.
pub trait Countable: HttpBody {
    /// The same body; its bytes go to `tally`.
    #[must_use]
    fn counted(self, tally: Tally) -> Self;
}

/// Bytes of one request body; recorded when it is dropped.
#[derive(Debug)]
pub struct Tally {
    endpoint: Arc<Endpoint>,
    bytes: u64,
}

impl Tally {
    pub(super) const fn new(endpoint: Arc<Endpoint>) -> Self {
        Self { endpoint, bytes: 0 }
    }

    /// So much more was read.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.endpoint.instruments().received(self.bytes);
    }
}

pin_project! {
    /// A body that counts what is read from it, once the layer has told it where.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        #[pin]
        body: B,
        tally: Option<Tally>,
    }
}

impl<B> From<B> for CountedBody<B> {
    fn from(body: B) -> Self {
        Self { body, tally: None }
    }
}

impl<B: HttpBody> Countable for CountedBody<B> {
    fn counted(mut self, tally: Tally) -> Self {
        self.tally = Some(tally);
        self
    }
}

impl Countable for axum::body::Body {
    fn counted(self, tally: Tally) -> Self {
        // Boxed by axum: a body that is empty is left as it is.
        Self::new(CountedBody { body: self, tally: Some(tally) })
    }
}

impl<B: HttpBody> HttpBody for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(data), Some(tally)) = (frame.data_ref(), this.tally)
        {
            tally.add(data.remaining());
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
