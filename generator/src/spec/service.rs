//! What alerts are about.

/// Becomes the labels `service` and `team`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The Redis server.
    Redis,
    /// This stack itself.
    Monitoring,
}

impl Service {
    /// The label's value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Monitoring => "monitoring",
        }
    }

    /// Who looks after it.
    pub(crate) const fn team(self) -> &'static str {
        match self {
            Self::Redis | Self::Monitoring => "platform",
        }
    }
}
