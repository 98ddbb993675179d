//! Caches of transaction status and the like, from `pg_stat_slru`.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::io::stat_slru};

use super::{Collector, Server};

const SLRU: &str = "SELECT * FROM pg_stat_slru";

/// A busy cache that misses shows in waits for its lock.
#[derive(Debug)]
pub(super) struct StatSlru;

impl Collector for StatSlru {
    fn name(&self) -> &'static str {
        "stat_slru"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(SLRU.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_slru::ALL
    }
}
