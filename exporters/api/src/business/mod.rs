//! Business events, one typed function for each, and the state that is read in the background.
//!
//! ```
//! use api_metrics::{Currency, Plan, TaskStatus, TaskType, business::Business};
//! use exporter_core::{Exposition, Registry};
//!
//! const EXTRACT: TaskType = TaskType::new("extract");
//!
//! let registry = Registry::default();
//! let business = Business::new(&registry, &[EXTRACT]);
//! let page = business.clone();
//! let exposition = Exposition::new(registry).with_collect(move |samples| page.collect(samples));
//!
//! business.user_registered();
//! business.task_created(EXTRACT, "user-1");
//! business.compute_units_consumed("user-1", EXTRACT, 2.5);
//! business.task_completed(EXTRACT, TaskStatus::Succeeded, Some(std::time::Duration::from_secs(4)));
//! business.revenue(Currency::EUR, Plan::new("team"), 49.0);
//!
//! let page = String::from_utf8(exposition.render("text/plain", "").body.to_vec()).unwrap();
//! assert!(page.contains("selextract_tasks_completed_total{task_type=\"extract\",status=\"succeeded\"} 1\n"));
//! // A value is counted by name from the second epoch on: see `bounded`.
//! assert!(page.contains("selextract_compute_units_consumed_total{user_id=\"other\",task_type=\"extract\"} 2.5\n"));
//! ```

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use exporter_core::{CounterFamily, CounterSeries, FloatCounterFamily, HistogramFamily, Registry, Samples};
use metric_catalogue::api::{bounded::INVALID_AMOUNTS, business as metrics};
use tokio::{task::JoinHandle, time::timeout};
use tracing::{info, warn};

use crate::{
    bounded::{BoundedFamily, Groups, Settings},
    label::{CacheType, Currency, Plan, ProxyProvider, TaskType},
};

mod outcome;
mod state;

pub use outcome::{CacheResult, ProxyFailure, TaskStatus};
pub use state::{PoolConnections, State, StateReader, UnitsLeft};

/// Longest time that one reading of the state may take.
const READING: Duration = Duration::from_secs(10);

/// Age at which a reading of the state is no longer shown: what is not known is absent, and no alert judges it.
const STALE: Duration = Duration::from_mins(5);

/// Counts business events; clones count in the same place.
#[derive(Clone, Debug)]
pub struct Business(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registrations: CounterSeries,
    units: BoundedFamily,
    tasks_created: BoundedFamily,
    tasks_completed: CounterFamily<2>,
    task_duration: HistogramFamily<1>,
    revenue: FloatCounterFamily<2>,
    revenue_invalid: CounterSeries,
    revenue_warned: AtomicBool,
    proxy_requests: CounterFamily<1>,
    proxy_failures: CounterFamily<2>,
    cache_requests: CounterFamily<2>,
    state_failures: CounterSeries,
    state: Mutex<Option<(Instant, State)>>,
    pool: Mutex<Option<Pool>>,
}

struct Pool(Box<dyn Fn() -> PoolConnections + Send + Sync>);

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pool")
    }
}

impl Business {
    /// Families in `registry`; events of task types that are not in `task_types` count as `_OTHER` by user.
    #[must_use]
    pub fn new(registry: &Registry, task_types: &[TaskType]) -> Self {
        Self::with_settings(registry, task_types, Settings::default())
    }

    /// The same, with other settings for the families by user.
    #[must_use]
    pub fn with_settings(registry: &Registry, task_types: &[TaskType], settings: Settings) -> Self {
        let types = Groups::new(task_types.iter().map(|task_type| task_type.as_str()));
        let inner = Inner {
            registrations: registry.counter(&metrics::USER_REGISTRATIONS).series([]),
            units: BoundedFamily::grouped(registry, &metrics::COMPUTE_UNITS_CONSUMED, 0, types.clone(), settings),
            tasks_created: BoundedFamily::grouped(registry, &metrics::TASKS_CREATED, 1, types, settings),
            tasks_completed: registry.counter(&metrics::TASKS_COMPLETED),
            task_duration: registry.histogram(&metrics::TASK_EXECUTION_DURATION),
            revenue: registry.float_counter(&metrics::REVENUE),
            revenue_invalid: registry.counter(&INVALID_AMOUNTS).series([metrics::REVENUE.name()]),
            revenue_warned: AtomicBool::new(false),
            proxy_requests: registry.counter(&metrics::PROXY_REQUESTS),
            proxy_failures: registry.counter(&metrics::PROXY_FAILURES_TOTAL),
            cache_requests: registry.counter(&metrics::CACHE_REQUESTS),
            state_failures: registry.counter(&metrics::STATE_READ_FAILURES).series([]),
            state: Mutex::new(None),
            pool: Mutex::new(None),
        };
        for task_type in task_types {
            // At 0 from the start: an increase is seen only from a sample before it.
            for status in TaskStatus::ALL {
                inner.tasks_completed.add([task_type.as_str(), status.as_str()], 0);
            }
        }
        Self(Arc::new(inner))
    }

    /// A user registered.
    pub fn user_registered(&self) {
        self.0.registrations.add(1);
    }

    /// A user's task consumed compute units.
    pub fn compute_units_consumed(&self, user: &str, task_type: TaskType, units: f64) {
        self.0.units.add(user, task_type.as_str(), units);
    }

    /// A user created a task.
    pub fn task_created(&self, task_type: TaskType, user: &str) {
        self.0.tasks_created.add(user, task_type.as_str(), 1.0);
    }

    /// A task ended, after executing for so long if it was executed.
    pub fn task_completed(&self, task_type: TaskType, status: TaskStatus, executed: Option<Duration>) {
        self.0.tasks_completed.add([task_type.as_str(), status.as_str()], 1);
        if let Some(executed) = executed {
            self.0.task_duration.observe([task_type.as_str()], executed.as_secs_f64());
        }
    }

    /// Money came in, in units of the currency.
    pub fn revenue(&self, currency: Currency, plan: Plan, amount: f64) {
        if let Err(error) = self.0.revenue.add([currency.as_str(), plan.as_str()], amount) {
            self.0.revenue_invalid.add(1);
            if !self.0.revenue_warned.swap(true, Ordering::Relaxed) {
                warn!(family = metrics::REVENUE.name(), %error, "Amount refused, as are all further ones of its kind");
            }
        }
    }

    /// Exposes these providers' and caches' events at 0, so that the first of them is seen as an increase. Others are on the page
    /// from their first event on.
    pub fn expect(&self, providers: &[ProxyProvider], caches: &[CacheType]) {
        for provider in providers {
            self.0.proxy_requests.add([provider.as_str()], 0);
            for failure in ProxyFailure::ALL {
                self.0.proxy_failures.add([provider.as_str(), failure.as_str()], 0);
            }
        }
        for cache in caches {
            for result in [CacheResult::Hit, CacheResult::Miss] {
                self.0.cache_requests.add([cache.as_str(), result.as_str()], 0);
            }
        }
    }

    /// A request is sent through a proxy.
    pub fn proxy_requested(&self, provider: ProxyProvider) {
        self.0.proxy_requests.add([provider.as_str()], 1);
    }

    /// A request through a proxy failed.
    pub fn proxy_failed(&self, provider: ProxyProvider, failure: ProxyFailure) {
        self.0.proxy_failures.add([provider.as_str(), failure.as_str()], 1);
    }

    /// A cache was read.
    pub fn cache_read(&self, cache: CacheType, result: CacheResult) {
        self.0.cache_requests.add([cache.as_str(), result.as_str()], 1);
    }

    /// Asks `pool` for its connections each time a page is made.
    pub fn watch_pool(&self, pool: impl Fn() -> PoolConnections + Send + Sync + 'static) {
        *lock(&self.0.pool) = Some(Pool(Box::new(pool)));
    }

    /// A reading of the state, made now.
    pub fn set_state(&self, state: State) {
        self.set_state_of(Instant::now(), state);
    }

    fn set_state_of(&self, moment: Instant, state: State) {
        *lock(&self.0.state) = Some((moment, state));
    }

    /// Reads the state again and again, until what is returned is dropped.
    #[must_use = "reading ends when this is dropped"]
    pub fn watch_state(&self, reader: impl StateReader) -> Watch {
        let business = self.clone();
        Watch(tokio::spawn(async move {
            let mut failing = false;
            loop {
                let read = timeout(READING, reader.read()).await.unwrap_or_else(|_| Err(format!("no answer within {} s", READING.as_secs())));
                match read {
                    Ok(state) => {
                        if std::mem::take(&mut failing) {
                            info!("State is read again");
                        }
                        business.set_state(state);
                    }
                    Err(error) => {
                        business.0.state_failures.add(1);
                        if !std::mem::replace(&mut failing, true) {
                            warn!(error, "State cannot be read");
                        }
                    }
                }
                tokio::time::sleep(reader.every()).await;
            }
        }))
    }

    /// Adds what is not in the registry: the families by user, and the state.
    pub fn collect(&self, samples: &mut Samples) {
        self.collect_at(Instant::now(), samples);
    }

    fn collect_at(&self, now: Instant, samples: &mut Samples) {
        self.0.units.collect(now, samples);
        self.0.tasks_created.collect(now, samples);
        let connections = lock(&self.0.pool).as_ref().map(|pool| pool.0());
        if let Some(connections) = connections {
            for (state, count) in metrics::POOL_STATES.iter().zip([connections.idle, connections.in_use, connections.max]) {
                samples.gauge(&metrics::DATABASE_POOL, [state], count);
            }
        }
        if let Some((read, state)) = &*lock(&self.0.state) {
            let age = now.saturating_duration_since(*read);
            samples.gauge(&metrics::STATE_AGE, [], age);
            if age < STALE {
                collect_state(state, samples);
            }
        }
    }
}

fn collect_state(state: &State, samples: &mut Samples) {
    for (period, users) in metrics::PERIODS.iter().zip(state.active_users.into_iter().flatten()) {
        samples.gauge(&metrics::ACTIVE_USERS, [period], users);
    }
    samples.gauge(&metrics::USER_SESSIONS, [], state.sessions);
    if let Some(UnitsLeft(units)) = &state.units {
        samples.gauge(&metrics::USERS_UNITS_LOW, [], units.low);
        samples.gauge(&metrics::USERS_UNITS_EXHAUSTED, [], units.exhausted);
        for (user, left) in units.kept() {
            samples.gauge(&metrics::COMPUTE_UNITS_REMAINING, [user], left);
        }
    }
}

/// Reads the state in the background until it is dropped.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
