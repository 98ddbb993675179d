//! What is read from where it is kept, not counted as it happens: users, sessions, units, the database pool.

use std::{future::Future, time::Duration};

use crate::bounded::Lowest;

/// Users named in `selextract_user_compute_units_remaining`.
const NAMED: usize = 200;

/// One reading. What is not known is left out of the page.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Users seen in the last hour, day and week.
    pub active_users: Option<[u64; 3]>,
    /// Valid sessions.
    pub sessions: Option<u64>,
    /// Compute units of all users.
    pub units: Option<UnitsLeft>,
}

/// Compute units that users have left: the lowest by name, the low and the exhausted ones by number.
#[derive(Clone, Debug)]
pub struct UnitsLeft(pub(super) Lowest);

impl UnitsLeft {
    /// A reading in which fewer than `low` units are few.
    #[must_use]
    pub const fn below(low: f64) -> Self {
        Self(Lowest::new(NAMED, low))
    }

    /// A user's units.
    pub fn add(&mut self, user: &str, units: f64) {
        self.0.add(user, units);
    }

    /// Numbers of users that are known otherwise, where only the lowest were added.
    #[must_use]
    pub const fn with_counts(mut self, low: u64, exhausted: u64) -> Self {
        self.0.low = low;
        self.0.exhausted = exhausted;
        self
    }
}

/// Connections of a database pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConnections {
    /// Open and free.
    pub idle: u64,
    /// Lent to somebody.
    pub in_use: u64,
    /// As many as there may be.
    pub max: u64,
}

/// Reads the state: a query, or the application's own memory.
pub trait StateReader: Send + Sync + 'static {
    /// One reading.
    ///
    /// # Errors
    /// In words for the log.
    fn read(&self) -> impl Future<Output = Result<State, String>> + Send;

    /// Time from one reading to the next.
    fn every(&self) -> Duration {
        Duration::from_secs(15)
    }
}
