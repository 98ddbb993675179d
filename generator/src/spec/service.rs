//! What alerts are about.

/// Becomes the labels `service` and `team`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The machine.
    Host,
    /// The API.
    Api,
    /// Celery and its workers.
    Celery,
    /// The `PostgreSQL` server.
    Postgres,
    /// The Redis server.
    Redis,
    /// What users do and pay for.
    Business,
    /// Attacks, and what stands against them.
    Security,
    /// This stack itself.
    Monitoring,
}

impl Service {
    /// The label's value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Api => "api",
            Self::Celery => "celery",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Business => "business",
            Self::Security => "security",
            Self::Monitoring => "monitoring",
        }
    }

    /// Who looks after it.
    pub(crate) const fn team(self) -> &'static str {
        match self {
            Self::Host | Self::Postgres | Self::Redis | Self::Monitoring => "platform",
            Self::Api | Self::Celery | Self::Business => "backend",
            Self::Security => "security",
        }
    }
}
