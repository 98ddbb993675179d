//! Cache and counters of requests: in Redis, or in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{AsyncCommands, aio::ConnectionManager};

use crate::{celery::lazily, config::Config, outage::Outage};

/// How long a value is kept.
const KEPT: Duration = Duration::from_secs(30);

/// Window of the rate limits; after it a client that was refused may try again.
pub(crate) const WINDOW: Duration = Duration::from_mins(1);

/// Entries in memory; past it all that have ended go, then values, then those who have sent the fewest requests.
const ENTRIES: usize = 20_000;

/// See the [module](self).
pub(crate) enum Cache {
    Memory(Mutex<HashMap<String, Entry>>),
    Redis { connection: ConnectionManager, outage: Outage },
}

/// A value in memory.
#[derive(Debug)]
pub(crate) struct Entry {
    ends: Instant,
    value: String,
    count: u64,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.kind())
    }
}

impl Cache {
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        match &config.redis_address {
            Some(address) => {
                let (connection, _) = lazily("--redis.addr", address, config)?;
                Ok(Self::Redis { connection, outage: Outage::new("redis") })
            }
            None => Ok(Self::Memory(Mutex::default())),
        }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Redis { .. } => "redis",
        }
    }

    /// A value that is still kept; none while Redis does not answer.
    pub(crate) async fn get(&self, key: &str) -> Option<String> {
        match self {
            Self::Memory(entries) => lock(entries).get(key).filter(|entry| entry.ends > Instant::now()).map(|entry| entry.value.clone()),
            Self::Redis { connection, outage } => outage.watch(connection.clone().get::<_, Option<String>>(key).await).ok().flatten(),
        }
    }

    pub(crate) async fn put(&self, key: &str, value: &str) {
        match self {
            Self::Memory(entries) => {
                let entry = Entry { ends: Instant::now() + KEPT, value: value.to_owned(), count: 0 };
                roomy(&mut lock(entries)).insert(key.to_owned(), entry);
            }
            Self::Redis { connection, outage } => {
                // Without it the next read is a miss.
                let _ = outage.watch(connection.clone().set_ex::<_, _, ()>(key, value, KEPT.as_secs()).await);
            }
        }
    }

    pub(crate) async fn remove(&self, key: &str) {
        match self {
            Self::Memory(entries) => {
                lock(entries).remove(key);
            }
            Self::Redis { connection, outage } => {
                // Without it an old value is read for as long as values are kept.
                let _ = outage.watch(connection.clone().del::<_, ()>(key).await);
            }
        }
    }

    /// How often this was called for a key within the window; 0 while Redis does not answer, so that requests pass.
    pub(crate) async fn count(&self, key: &str) -> u64 {
        match self {
            Self::Memory(entries) => {
                let (mut entries, now) = (lock(entries), Instant::now());
                let entry = roomy(&mut entries).entry(key.to_owned()).or_insert_with(|| Entry { ends: now + WINDOW, value: String::new(), count: 0 });
                if entry.ends <= now {
                    (entry.ends, entry.count) = (now + WINDOW, 0);
                }
                entry.count += 1;
                entry.count
            }
            Self::Redis { connection, outage } => {
                let mut commands = redis::pipe();
                commands.atomic().incr(key, 1).cmd("EXPIRE").arg(key).arg(WINDOW.as_secs()).arg("NX").ignore();
                let counted: redis::RedisResult<(u64,)> = commands.query_async(&mut connection.clone()).await;
                outage.watch(counted).map_or(0, |(count,)| count)
            }
        }
    }
}

fn lock(entries: &Mutex<HashMap<String, Entry>>) -> MutexGuard<'_, HashMap<String, Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn roomy(entries: &mut HashMap<String, Entry>) -> &mut HashMap<String, Entry> {
    if entries.len() >= ENTRIES {
        let now = Instant::now();
        entries.retain(|_, entry| entry.ends > now);
        // Who is near a limit, or past it, stays longest: nobody is let off by a flood from elsewhere.
        let mut most: u64 = 0;
        while entries.len() >= ENTRIES {
            entries.retain(|_, entry| entry.count > most);
            most = most.saturating_mul(2).max(1);
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_keeps_and_counts() {
        let cache = Cache::Memory(Mutex::default());
        assert_eq!(cache.get("a").await, None);
        cache.put("a", "1").await;
        assert_eq!(cache.get("a").await.as_deref(), Some("1"));
        cache.remove("a").await;
        assert_eq!(cache.get("a").await, None);
        assert_eq!((cache.count("b").await, cache.count("b").await, cache.count("c").await), (1, 2, 1));
        for key in 0..ENTRIES + 10 {
            cache.put(&key.to_string(), "").await;
        }
        let Cache::Memory(entries) = &cache else { panic!("it is in memory") };
        assert!(lock(entries).len() <= ENTRIES);
    }

    #[tokio::test]
    async fn flood_does_not_let_off_who_was_limited() {
        let cache = Cache::Memory(Mutex::default());
        for _ in 0..99 {
            cache.count("limit:/login:192.0.2.1").await;
        }
        for key in 0..3 * ENTRIES {
            cache.count(&format!("limit:/login:{key}")).await;
            cache.put(&key.to_string(), "").await;
        }
        assert_eq!(cache.count("limit:/login:192.0.2.1").await, 100);
        let Cache::Memory(entries) = &cache else { panic!("it is in memory") };
        assert!(lock(entries).len() <= ENTRIES);
    }
}
