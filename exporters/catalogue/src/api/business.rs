//! What the product is for: users, tasks, compute units, money, proxies, cache and database pool.

/// Bounds of task times: from a page that is fetched at once to the longest crawl allowed.
pub const TASK_SECONDS: &[f64] = &[1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0];

/// Windows in which a user counts as active.
pub const PERIODS: &[&str] = &["1h", "24h", "7d"];

/// How a task ended.
pub const TASK_STATUSES: &[&str] = &["succeeded", "failed", "cancelled", "timed_out"];

/// Why a proxy gave no answer.
pub const PROXY_FAILURES: &[&str] = &["timeout", "refused", "banned", "auth", "other"];

/// What a cache answered.
pub const CACHE_RESULTS: &[&str] = &["hit", "miss"];

/// What the connections of the pool do, and how many there may be.
pub const POOL_STATES: &[&str] = &["idle", "in_use", "max"];

crate::catalogue! {
    /// Users who registered
    USER_REGISTRATIONS: Counter = "selextract_user_registrations_total" [];
    /// Users who were seen within the period
    ACTIVE_USERS: Gauge = "selextract_active_users" ["period"] closed(&[("period", PERIODS)]);
    /// Sessions that are valid now
    USER_SESSIONS: Gauge = "selextract_user_sessions_active" [];
    /// Compute units consumed; the heaviest users by name, all others as other
    COMPUTE_UNITS_CONSUMED: Counter = "selextract_compute_units_consumed_total" ["user_id", "task_type"];
    /// Compute units left, of the users who have the fewest
    COMPUTE_UNITS_REMAINING: Gauge = "selextract_user_compute_units_remaining" ["user_id"];
    /// Users whose compute units are below the low threshold
    USERS_UNITS_LOW: Gauge = "selextract_users_compute_units_low" [];
    /// Users who have no compute units left
    USERS_UNITS_EXHAUSTED: Gauge = "selextract_users_compute_units_exhausted" [];
    /// Tasks created; the heaviest users by name, all others as other
    TASKS_CREATED: Counter = "selextract_tasks_created_total" ["task_type", "user_id"];
    /// Tasks that ended
    TASKS_COMPLETED: Counter = "selextract_tasks_completed_total" ["task_type", "status"] closed(&[("status", TASK_STATUSES)]);
    /// Time that tasks took to execute
    TASK_EXECUTION_DURATION: Histogram = "selextract_task_execution_duration_seconds" ["task_type"] bounds(TASK_SECONDS);
    /// Revenue in units of the currency
    REVENUE: Counter = "selextract_revenue_total" ["currency", "plan"];
    /// Requests sent through proxies
    PROXY_REQUESTS: Counter = "selextract_proxy_requests_total" ["proxy_provider"];
    /// Requests through proxies that failed
    PROXY_FAILURES_TOTAL: Counter = "selextract_proxy_failures_total" ["proxy_provider", "failure_type"] closed(&[("failure_type", PROXY_FAILURES)]);
    /// Reads from caches
    CACHE_REQUESTS: Counter = "selextract_cache_requests_total" ["cache_type", "result"] closed(&[("result", CACHE_RESULTS)]);
    /// Connections of the database pool
    DATABASE_POOL: Gauge = "selextract_database_pool_connections" ["state"] closed(&[("state", POOL_STATES)]);
    /// Time since the state of users, sessions and units was last read from where it is kept
    STATE_AGE: Gauge = "selextract_state_age_seconds" [];
    /// Attempts to read the state of users, sessions and units that failed
    STATE_READ_FAILURES: Counter = "selextract_state_read_failures_total" [];
}
