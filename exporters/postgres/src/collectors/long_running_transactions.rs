//! Transactions of clients that have been open for more than a minute.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::activity::long_running_transactions};

use super::{
    Collector, Server,
    activity::{ACTIVITY, Backend},
};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// What upstream calls long.
const LONG: f64 = 60.0;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct LongRunningTransactions;

impl Collector for LongRunningTransactions {
    fn name(&self) -> &'static str {
        "long_running_transactions"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ACTIVITY.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        long_running_transactions::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let (mut count, mut oldest) = (0_u64, 0.0_f64);
        for row in rows {
            let backend = Backend::new(row)?;
            let age = backend.transaction.filter(|age| *age > LONG && !backend.kind.starts_with("autovacuum"));
            count += u64::from(age.is_some());
            oldest = oldest.max(age.unwrap_or(0.0));
        }
        samples.gauge(&long_running_transactions::COUNT, [], count);
        samples.gauge(&long_running_transactions::OLDEST, [], oldest);
        samples.gauge(&long_running_transactions::OLDEST_AGE, [], oldest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::activity::backend, *};

    #[test]
    fn long_ones_are_counted() {
        let transaction = |age| backend(&[("backend_type", "client backend"), ("pid", "1"), ("transaction", age)]);
        let mut samples = Samples::default();

        LongRunningTransactions.read(&[transaction("59"), transaction("61"), transaction("300")], &mut samples).unwrap();

        assert!(samples.text().starts_with("pg_long_running_transactions 2\npg_long_running_transactions_oldest_timestamp_seconds 300\n"));
    }
}
