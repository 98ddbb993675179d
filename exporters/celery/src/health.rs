//! `/health`, where the peer has it: whether the broker can be reached.

use std::sync::Arc;

use exporter_core::{Site, SiteAnswer, SiteFuture, SiteQuestion};

use crate::shared::Shared;

/// The peer's path beside its page. The peer connects for each question; here what is known is told.
#[derive(Debug)]
pub(crate) struct Health(pub(crate) Arc<Shared>);

impl Site for Health {
    fn answer<'a>(&'a self, question: SiteQuestion<'a>) -> SiteFuture<'a> {
        Box::pin(async move {
            (question.path == "/health").then(|| match self.0.state().0 {
                Ok(()) => SiteAnswer::Html("Connected to the broker".to_owned()),
                Err(failure) => SiteAnswer::Unavailable(format!("not connected to the broker: {}", failure.reason)),
            })
        })
    }
}
