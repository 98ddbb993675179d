//! What is counted of tasks, under one of two schemes of names.

mod native;
mod peer;

pub(crate) use native::Native;
pub(crate) use peer::{Hostnames, Peer, host};

use crate::event::Kind;

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// The task's name and its number.
    pub(crate) name: &'a str,
    pub(crate) number: u32,
    /// Node name of the sender.
    pub(crate) hostname: &'a str,
    /// The task's queue, where it is known.
    pub(crate) queue: &'a str,
}

/// An outcome, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    Succeeded,
    Failed {
        /// Class of the exception.
        class: &'a str,
        /// Whether that is a time limit.
        timeout: bool,
    },
    Retried,
    Revoked,
    Rejected,
}

/// A time, in seconds, that is observed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// Of an attempt that ended, and whether it succeeded.
    Run {
        succeeded: bool,
    },
    Queue,
    Prefetch,
}

/// The scheme in use: one page has one.
#[derive(Debug)]
pub(crate) enum Scheme {
    /// Ours.
    Native(Native),
    /// The one of danihodovic/celery-exporter.
    Peer(Peer),
}

impl Scheme {
    /// Removes what was counted of hosts that are gone, if it is counted by host.
    pub(crate) fn forget(&mut self, hosts: &[&str]) {
        if let Self::Peer(peer) = self {
            peer.forget(hosts);
        }
    }

    /// Counts an event before the end: sent, received, started.
    pub(crate) fn event(&mut self, kind: Kind, about: About<'_>) {
        match self {
            Self::Native(native) => native.event(kind, about),
            Self::Peer(peer) => peer.event(kind, about),
        }
    }

    /// Counts the end of an attempt.
    pub(crate) fn ended(&mut self, outcome: Outcome<'_>, about: About<'_>) {
        match self {
            Self::Native(native) => native.ended(outcome, about),
            Self::Peer(peer) => peer.ended(outcome, about),
        }
    }

    /// Observes a time.
    pub(crate) fn took(&mut self, time: Time, seconds: f64, about: About<'_>) {
        match self {
            Self::Native(native) => native.took(time, seconds, about),
            Self::Peer(peer) => peer.took(time, seconds, about),
        }
    }
}
