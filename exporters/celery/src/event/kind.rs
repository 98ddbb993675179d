//! Types of events, as a closed set.

use metric_catalogue::celery::events::TYPES;

/// A type that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sent,
    Received,
    Started,
    Succeeded,
    Failed,
    Retried,
    Revoked,
    Rejected,
    /// The worker gave the task up with its connection; the broker delivers it again.
    Cancelled,
    Online,
    Heartbeat,
    Offline,
}

impl Kind {
    /// Every kind, in the order of the catalogue's types.
    pub(crate) const ALL: [Self; 12] = [
        Self::Sent,
        Self::Received,
        Self::Started,
        Self::Succeeded,
        Self::Failed,
        Self::Retried,
        Self::Revoked,
        Self::Rejected,
        Self::Cancelled,
        Self::Online,
        Self::Heartbeat,
        Self::Offline,
    ];

    /// The kind with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        TYPES.iter().zip(Self::ALL).find(|(known, _)| **known == name).map(|(_, kind)| kind)
    }

    /// Position among the catalogue's types.
    pub(crate) fn position(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_name() {
        assert_eq!(Kind::of("task-sent"), Some(Kind::Sent));
        assert_eq!(Kind::of("worker-offline"), Some(Kind::Offline));
        assert_eq!(Kind::of("malformed"), None);
        assert_eq!(Kind::of("task-"), None);
        assert_eq!(Kind::Offline.position(), 11);
    }
}
