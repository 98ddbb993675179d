//! Says once that something is not there, and once that it is again.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tracing::{info, warn};

/// Whether something that the service needs answers at the moment; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    of: &'static str,
    failing: Arc<AtomicBool>,
}

impl Outage {
    pub(crate) fn new(of: &'static str) -> Self {
        Self { of, failing: Arc::default() }
    }

    /// Takes note of an answer, and hands it on.
    pub(crate) fn watch<T, E: Display>(&self, answer: Result<T, E>) -> Result<T, E> {
        match &answer {
            Ok(_) => {
                if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
                    info!(service = self.of, "Answers again");
                }
            }
            Err(error) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    warn!(service = self.of, %error, "Does not answer");
                }
            }
        }
        answer
    }
}
