//! Whether a worker sends events of its tasks, and whether they all arrive: what it says in its heartbeats is held against what
//! was seen of it.

use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::event::Kind;

/// A worker that goes on without sending events, though it was told to, is told again after this long.
pub(super) const AGAIN: Duration = Duration::from_mins(5);

/// The first time after this long: it may not have been there yet for what it was told.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// A worker says that it is there a moment before it takes requests.
pub(super) const SETTLED: Duration = Duration::from_secs(5);

/// What a worker says it has started against what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pid: Option<i64>,
    /// What it said at its last heartbeat. Events of the same moment can arrive after the heartbeat, so it is held against
    /// what has been seen by the next one.
    said: Option<u64>,
    /// What it had said when counting began.
    base: u64,
    /// Seen or known to be missed since then.
    seen: u64,
    missed: u64,
    /// Whether any event of a task came since the last heartbeat.
    heard: bool,
    /// What it said when its tasks were last heard of.
    quiet_from: Option<u64>,
    enabled: Option<bool>,
    /// When it was first to be told to send events, and when it last was.
    met: Option<Instant>,
    told: Option<Instant>,
    told_again: bool,
}

impl Ledger {
    /// Events may have been lost just now: silence is not held against the worker.
    pub(super) const fn resumed(&mut self) {
        self.quiet_from = None;
    }

    /// Whether the worker has to be told now to send events of its tasks, which it then has been: once where it is not known
    /// whether it does, and again while it works and does not.
    pub(super) fn tell(&mut self, now: Instant) -> bool {
        let met = *self.met.get_or_insert(now);
        let due = match (self.enabled, self.told) {
            (Some(true), _) => false,
            (_, None) => now.duration_since(met) >= SETTLED,
            (enabled, Some(told)) => enabled == Some(false) && now.duration_since(told) >= if self.told_again { AGAIN } else { SOON },
        };
        if due {
            self.told_again = self.told.replace(now).is_some();
        }
        due
    }

    /// Whether the worker sends events of its tasks, if that is known.
    pub(super) const fn enabled(&self) -> Option<bool> {
        self.enabled
    }

    /// Tasks that it has started, and of which no event came.
    pub(super) const fn missed(&self) -> u64 {
        self.missed
    }

    /// A heartbeat with what the worker has started since it started itself.
    pub(super) fn say(&mut self, hostname: &str, processed: u64, pid: Option<i64>) {
        match self.said {
            None => *self = Self { base: processed.saturating_sub(self.seen), pid, quiet_from: Some(processed), ..std::mem::take(self) },
            // Another process under the same name, which counts from zero.
            Some(said) if pid != self.pid || processed < said => {
                *self = Self { missed: self.missed, enabled: self.enabled, pid, ..Self::default() };
            }
            Some(said) => self.compare(hostname, said),
        }
        if std::mem::take(&mut self.heard) || self.quiet_from.is_none() {
            self.quiet_from = Some(processed);
        }
        self.said = Some(processed);
    }

    /// Holds what the worker said a heartbeat ago against what has been seen by now.
    fn compare(&mut self, hostname: &str, said: u64) {
        if !self.heard && self.quiet_from.is_some_and(|quiet_from| said > quiet_from) && self.enabled != Some(false) {
            self.enabled = Some(false);
            warn!(
                hostname,
                "Worker runs tasks and sends no events of them: start it with -E, or run `celery -A <app> control enable_events`, \
                 or start the exporter with --enable-events"
            );
        }
        if self.enabled == Some(true) {
            let short = said.saturating_sub(self.base.saturating_add(self.seen));
            self.missed += short;
            self.seen += short;
        }
    }

    /// An event of one of its tasks.
    pub(super) fn hear(&mut self, kind: Kind) {
        if self.enabled == Some(false) {
            info!("Worker sends events of its tasks now");
            // What it started before that is not missed, but unknown.
            self.base = self.said.unwrap_or(self.base).saturating_sub(self.seen);
        }
        self.enabled = Some(true);
        self.heard = true;
        self.seen += u64::from(kind == Kind::Started);
    }
}
