//! What is in the buffer cache, from the extension `pg_buffercache`: on 16 and later.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::io::buffercache_summary};

use super::{Collector, Server};

/// Off by default: the extension may not be there.
#[derive(Debug)]
pub(super) struct BuffercacheSummary;

impl Collector for BuffercacheSummary {
    fn name(&self) -> &'static str {
        "buffercache_summary"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn extension(&self) -> Option<&'static str> {
        Some("pg_buffercache")
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        let summary = server.qualified("pg_buffercache", "pg_buffercache_summary()")?;
        server.is_at_least(16).then(|| format!("SELECT * FROM {summary}").into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        buffercache_summary::ALL
    }
}
