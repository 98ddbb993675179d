//! Ends that are not counted at once, since an event that is on its way can say more of them.

use crate::counts::Outcome;

/// This much later it is taken that nothing more comes.
pub(super) const SECONDS: u32 = 2;

/// Most ends that are held; past it the oldest is counted as it is.
pub(super) const MOST: usize = 10_000;

/// An end, and what it is held for.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) due: u32,
    pub(super) id: Box<str>,
    pub(super) hostname: Box<str>,
    pub(super) what: What,
}

/// What is held.
#[derive(Debug)]
pub(super) enum What {
    /// A rejection that nobody asked for: the failure that caused it may follow, and is the outcome then.
    Rejection,
    /// The outcome of a task whose name is not known: a quick worker is heard before the client that has sent it.
    Nameless { outcome: Owned, ran: Option<f64> },
}

/// An outcome that lives longer than its event.
#[derive(Debug)]
pub(super) enum Owned {
    Plain(Outcome<'static>),
    Failed { class: Box<str>, timeout: bool },
}

impl From<Outcome<'_>> for Owned {
    fn from(outcome: Outcome<'_>) -> Self {
        match outcome {
            Outcome::Failed { class, timeout } => Self::Failed { class: class.into(), timeout },
            Outcome::Succeeded => Self::Plain(Outcome::Succeeded),
            Outcome::Retried => Self::Plain(Outcome::Retried),
            Outcome::Revoked => Self::Plain(Outcome::Revoked),
            Outcome::Rejected => Self::Plain(Outcome::Rejected),
        }
    }
}

impl Owned {
    pub(super) fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Plain(outcome) => *outcome,
            Self::Failed { class, timeout } => Outcome::Failed { class, timeout: *timeout },
        }
    }
}
