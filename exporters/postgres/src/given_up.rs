//! Sessions that were given up. The server may go on with one, if its process does not heed the request to stop or if a cut
//! link keeps the end of the connection from it. Until it is known to be gone, it takes the place of a further session, so
//! that all that there are stay within one and the number of further ones.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use exporter_core::{Failure, Reason};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How long a session whose identity was never learnt is believed to be there: by default a server waits as long for a login.
const UNKNOWN: Duration = Duration::from_mins(1);

/// Between two looks while no place is left: each look is a session too many for a moment.
const LOOK: Duration = Duration::from_mins(1);

/// A place of a further session.
pub(crate) type Place = OwnedSemaphorePermit;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct GivenUp {
    places: Arc<Semaphore>,
    most: usize,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    entries: Vec<Entry>,
    /// When a session last found that too many were still there.
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    /// What the session said of itself; see [`IDENTITY`](crate::session::IDENTITY).
    identity: Option<String>,
    since: Instant,
    /// None while all places are taken.
    place: Option<Place>,
}

impl GivenUp {
    /// `most` further sessions.
    pub(crate) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), most, ledger: Mutex::default() }
    }

    /// Waits for the place of a further session.
    pub(crate) async fn place(&self) -> Result<Place, Failure> {
        Arc::clone(&self.places).acquire_owned().await.map_err(|error| Failure::new(Reason::Internal, error))
    }

    /// A session is left to itself, with the place that it had.
    pub(crate) fn add(&self, identity: Option<String>, place: Option<Place>) {
        let place = place.or_else(|| Arc::clone(&self.places).try_acquire_owned().ok());
        self.ledger().entries.push(Entry { identity, since: Instant::now(), place });
    }

    /// Sees to it that one more session is not one too many; waits for sessions that are about to end.
    pub(crate) async fn make_room(&self) -> Result<(), Failure> {
        loop {
            {
                let mut ledger = self.ledger();
                ledger.forget_unknown();
                let (entries, covered) = (ledger.entries.len(), ledger.entries.iter().filter(|entry| entry.place.is_some()).count());
                if covered == entries {
                    return Ok(());
                }
                if covered >= self.most {
                    // Nobody is left who could see whether they are gone, so that somebody must come for it.
                    let in_vain = ledger.looked.is_some_and(|looked| looked.elapsed() < LOOK);
                    return if in_vain { Err(too_many(entries)) } else { Ok(()) };
                }
            }
            let place = self.place().await?;
            if let Some(entry) = self.ledger().entries.iter_mut().find(|entry| entry.place.is_none()) {
                entry.place = Some(place);
            }
        }
    }

    /// Whether these are all the sessions that there may be: who looked at them must go.
    pub(crate) fn is_full(&self) -> bool {
        self.ledger().entries.len() > self.most
    }

    /// Those that may still be there, as far as they are known by name.
    pub(crate) fn suspects(&self) -> Vec<String> {
        self.ledger().entries.iter().filter_map(|entry| entry.identity.clone()).collect()
    }

    /// All others among the [suspects](Self::suspects) are gone.
    pub(crate) fn retain(&self, alive: &[String]) -> Result<(), Failure> {
        let mut ledger = self.ledger();
        ledger.forget_unknown();
        ledger.entries.retain(|entry| entry.identity.as_ref().is_none_or(|identity| alive.contains(identity)));
        let known = ledger.entries.iter().filter(|entry| entry.identity.is_some()).count();
        if known >= self.most {
            ledger.looked = Some(Instant::now());
            return Err(too_many(known));
        }
        ledger.looked = None;
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn forget_unknown(&mut self) {
        self.entries.retain(|entry| entry.identity.is_some() || entry.since.elapsed() < UNKNOWN);
    }
}

fn too_many(sessions: usize) -> Failure {
    Failure::new(Reason::Timeout, format!("{sessions} sessions that were given up still run on the server and do not heed requests to stop"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(given_up: &GivenUp, identity: &str, place: Option<Place>) {
        given_up.add(Some(identity.to_owned()), place);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_takes_a_place_until_it_is_gone() {
        let given_up = GivenUp::new(2);
        add(&given_up, "1", None);
        given_up.make_room().await.unwrap();
        assert_eq!(given_up.suspects(), ["1"]);
        let other = given_up.place().await.unwrap();
        assert!(given_up.places.try_acquire().is_err(), "one given up and one in use");

        given_up.retain(&["1".to_owned()]).unwrap();
        add(&given_up, "2", Some(other));
        assert_eq!(given_up.retain(&["1".to_owned(), "2".to_owned()]).unwrap_err().reason, Reason::Timeout);
        given_up.retain(&["2".to_owned()]).unwrap();
        assert!(given_up.places.try_acquire().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_waited_for() {
        let given_up = Arc::new(GivenUp::new(1));
        let place = given_up.place().await.unwrap();
        add(&given_up, "1", None);
        let waiting = tokio::spawn({
            let given_up = Arc::clone(&given_up);
            async move { given_up.make_room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());

        drop(place);

        waiting.await.unwrap().unwrap();
        assert!(given_up.places.try_acquire().is_err(), "what was given up has it");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_place_one_session_looks_now_and_then() {
        let given_up = GivenUp::new(1);
        add(&given_up, "1", None);
        add(&given_up, "2", None);
        given_up.make_room().await.unwrap();
        given_up.retain(&["1".to_owned(), "2".to_owned()]).unwrap_err();
        assert_eq!(given_up.make_room().await.unwrap_err().reason, Reason::Timeout);
        tokio::time::advance(LOOK).await;
        given_up.make_room().await.unwrap();
        given_up.make_room().await.unwrap();

        given_up.retain(&[]).unwrap();

        given_up.make_room().await.unwrap();
        assert!(given_up.suspects().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_without_a_name_are_forgotten() {
        let given_up = GivenUp::new(1);
        given_up.add(None, None);
        given_up.retain(&[]).unwrap();
        assert!(given_up.places.try_acquire().is_err());
        tokio::time::advance(UNKNOWN).await;
        given_up.make_room().await.unwrap();
        assert!(given_up.places.try_acquire().is_ok());
    }
}
