//! How many sessions a role has on a server, looked at all the time from a session of another role.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::postgres::Session;

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(10);

/// See the [module](self). It looks until it is asked what it saw.
#[derive(Debug)]
pub struct Sampler {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What a [`Sampler`] saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How often it looked.
    pub looks: usize,
    /// The most sessions at a time.
    pub most: usize,
    /// Each of these: its process, state and statement.
    pub sessions: Vec<String>,
}

impl Sampler {
    /// Looks at the sessions that a role has for clients; the role must not be `postgres`.
    #[must_use]
    pub fn start(port: u16, role: &str) -> Self {
        let ended = Arc::<AtomicBool>::default();
        let mut session = Session::open(port, "postgres").expect("the server has a connection left");
        // Whole sessions only: one that has not said who it is, or is about to end, has no role in this view.
        let sql = format!(
            "SELECT concat_ws(' ', pid, state, left(query, 60)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = '{role}'"
        );
        let is_over = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            while !is_over.load(Ordering::SeqCst) {
                let sessions = session.query(&sql).expect("the server runs");
                seen.looks += 1;
                if sessions.len() > seen.most {
                    seen.most = sessions.len();
                    seen.sessions = sessions;
                }
                thread::sleep(PERIOD);
            }
            seen
        });
        Self { ended, thread }
    }

    /// What was seen since the start.
    #[must_use]
    pub fn seen(self) -> Seen {
        self.ended.store(true, Ordering::SeqCst);
        self.thread.join().expect("the server ran all the time")
    }
}
