//! Everything that the handlers share.

use api_metrics::{CacheType, ClientAddress, Credentials, TrustedProxies, business::Business, security::Security};
use exporter_core::Registry;

use crate::{
    alerts::AlertStore,
    cache::Cache,
    celery::Celery,
    config::Config,
    error::ApiError,
    password::Passwords,
    routes::CACHES,
    simulate::Simulator,
    store::Store,
    task::{Provider, TaskKind},
};

/// Endpoints that have a rate limit.
pub(crate) const LIMITED: [&str; 3] = ["/register", "/login", "/tasks"];

/// The service's parts.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) queue: Option<Celery>,
    pub(crate) passwords: Passwords,
    pub(crate) business: Business,
    pub(crate) security: Security,
    pub(crate) alerts: AlertStore,
    pub(crate) proxies: TrustedProxies,
    /// What workers show.
    pub(crate) worker: Option<Credentials>,
    /// Whether only this machine reaches the service, so that a worker needs to show nothing.
    pub(crate) local: bool,
    pub(crate) simulator: Simulator,
    rate_limit: u32,
}

impl App {
    pub(crate) fn new(config: &Config, registry: &Registry) -> anyhow::Result<Self> {
        let business = Business::new(registry, &TaskKind::labels());
        business.expect(&Provider::ALL.map(Provider::label), &CACHES);
        let store = Store::new(config)?;
        if let Store::Postgres(database) = &store {
            let database = database.clone();
            business.watch_pool(move || database.connections());
        }
        Ok(Self {
            store,
            cache: Cache::new(config)?,
            queue: Celery::new(config)?,
            passwords: Passwords::new()?,
            business,
            security: Security::new(registry, &LIMITED),
            alerts: AlertStore::default(),
            proxies: config.trusted_proxies(),
            worker: config.worker_token_file.clone().map(|file| Credentials::bearer(file.into())),
            local: config.is_local(),
            simulator: Simulator::default(),
            rate_limit: config.rate_limit,
        })
    }

    /// Lets a client's request pass, unless it has sent too many of this kind within the minute.
    pub(crate) async fn limit(&self, endpoint: &'static str, client: ClientAddress) -> Result<(), ApiError> {
        if self.cache.count(&format!("limit:{endpoint}:{}", client.label())).await <= u64::from(self.rate_limit) {
            return Ok(());
        }
        self.security.rate_limited(endpoint, client);
        Err(ApiError::TooMany)
    }

    /// A value that is kept as text, from the cache or else from `read`.
    pub(crate) async fn cached<F>(&self, cache: CacheType, key: &str, read: F) -> Result<String, ApiError>
    where
        F: Future<Output = Result<String, ApiError>>,
    {
        if let Some(value) = self.cache.get(key).await {
            self.business.cache_read(cache, api_metrics::CacheResult::Hit);
            return Ok(value);
        }
        self.business.cache_read(cache, api_metrics::CacheResult::Miss);
        let value = read.await?;
        self.cache.put(key, &value).await;
        Ok(value)
    }
}
