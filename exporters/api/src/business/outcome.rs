//! Closed sets of label values.

#[cfg(test)]
use metric_catalogue::api::business;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// It gave its result.
    Succeeded,
    /// It gave an error.
    Failed,
    /// The user took it back.
    Cancelled,
    /// It took longer than it may.
    TimedOut,
}

/// Why a proxy gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFailure {
    /// Nothing came in time.
    Timeout,
    /// Nobody listens there.
    Refused,
    /// The site behind it does not want this proxy.
    Banned,
    /// The proxy does not know us.
    Auth,
    /// Anything else.
    Other,
}

/// What a cache answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheResult {
    /// The value.
    Hit,
    /// That it has none.
    Miss,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Cancelled, Self::TimedOut];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }

    /// The status with this label value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl ProxyFailure {
    /// Every failure.
    pub const ALL: [Self; 5] = [Self::Timeout, Self::Refused, Self::Banned, Self::Auth, Self::Other];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Banned => "banned",
            Self::Auth => "auth",
            Self::Other => "other",
        }
    }
}

impl CacheResult {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hit, Self::Miss];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

#[cfg(test)]
#[test]
fn values_are_the_catalogue_s() {
    assert_eq!(TaskStatus::ALL.map(TaskStatus::as_str), business::TASK_STATUSES);
    assert_eq!(ProxyFailure::ALL.map(ProxyFailure::as_str), business::PROXY_FAILURES);
    assert_eq!(CacheResult::ALL.map(CacheResult::as_str), business::CACHE_RESULTS);
    assert_eq!(TaskStatus::parse("timed_out"), Some(TaskStatus::TimedOut));
    assert_eq!(TaskStatus::parse("lost"), None);
}
