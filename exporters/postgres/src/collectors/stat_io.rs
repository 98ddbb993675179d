//! Reads and writes by kind of backend, object and context, from `pg_stat_io`: on 16 and later.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::io::stat_io};

use super::{Collector, Server};

const BEFORE_18: &str = "
    SELECT *, reads * op_bytes AS read_bytes, writes * op_bytes AS write_bytes, extends * op_bytes AS extend_bytes FROM pg_stat_io";

const FROM_18: &str = "SELECT * FROM pg_stat_io";

/// 18 counts bytes itself, where before every operation was one block.
#[derive(Debug)]
pub(super) struct StatIo;

impl Collector for StatIo {
    fn name(&self) -> &'static str {
        "stat_io"
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        server.is_at_least(16).then(|| if server.is_at_least(18) { FROM_18 } else { BEFORE_18 }.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_io::ALL
    }
}
