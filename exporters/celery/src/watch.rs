//! The thread that talks to the broker, whatever becomes of the broker.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use exporter_core::{ConfigError, Failure, Reason};
use tracing::error;

use crate::{
    amqp, redis,
    settings::{Broker, Settings},
    shared::{Part, Shared},
};

/// Wait before the next attempt: short, since whatever is published meanwhile is lost, and cheap at one connection.
const RETRY: Duration = Duration::from_millis(250);

/// After a refused password an attempt is made this often only: it can be wrong for long, and each one is logged there.
const RETRY_REFUSED: Duration = Duration::from_secs(5);

/// How often time alone is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Starts the thread. It is apart from the one that serves pages, so that neither waits for the other.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn start(settings: Settings, shared: Arc<Shared>) -> Result<(), ConfigError> {
    let work = move || {
        while let Err(cause) = catch_unwind(AssertUnwindSafe(|| run(&settings, &shared)))
            .map_err(|_| "a defect".to_owned())
            .and_then(|ended| ended.map_err(|error| error.to_string()))
        {
            error!(cause, "The connection to the broker starts anew");
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("broker".to_owned()).spawn(work).map(drop).map_err(|error| ConfigError::of("thread", &error))
}

fn run(settings: &Settings, shared: &Shared) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut counted, mut absent) = (amqp::events::Counted::default(), amqp::poll::Absent::default());
        let events = repeat(Part::Events, shared, async || match &settings.broker {
            Broker::Redis(broker) => redis::events::read(broker, shared).await,
            Broker::Amqp(broker) => amqp::events::read(broker, &mut counted, shared).await,
        });
        let polls = repeat(Part::Polls, shared, async || match &settings.broker {
            Broker::Redis(broker) => redis::poll::poll(broker, &settings.polling, shared).await,
            Broker::Amqp(broker) => amqp::poll::poll(broker, &settings.polling, &mut absent, shared).await,
        });
        let ticks = async {
            loop {
                tokio::time::sleep(TICK).await;
                shared.tracker().tick(Instant::now());
            }
        };
        tokio::join!(events, polls, ticks);
    });
    Ok(())
}

/// Does one part of the conversation over and over.
async fn repeat(part: Part, shared: &Shared, mut attempt: impl AsyncFnMut() -> Result<Infallible, Failure>) {
    loop {
        let failure = match attempt().await {
            Err(failure) => failure,
            Ok(never) => match never {},
        };
        let wait = match failure.reason {
            Reason::Auth => RETRY_REFUSED,
            // An exchange that is not there yet, and may not be made by us.
            Reason::Permission => TICK,
            _ => RETRY,
        };
        shared.failed(part, failure);
        tokio::time::sleep(wait).await;
    }
}
