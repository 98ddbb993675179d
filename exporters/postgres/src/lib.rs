//! Metrics of a `PostgreSQL` server, 14 to 18.
//!
//! One connection is kept, and each scrape is one flight on it: [`source`] sends the statements of all `collectors` at once
//! and hands each the rows of its own. What is dear or takes locks is measured in the background.

use std::sync::Arc;

use exporter_core::{ConfigError, Exporter, Relabeling, Site};
use metric_catalogue::postgres::exporter::EXPORTER;

pub mod config;
pub mod maps;
pub mod source;

mod background;
mod collectors;
mod custom;
mod dsn;
mod failure;
mod given_up;
mod link;
mod mapping;
mod modules;
mod names;
mod outcomes;
mod password;
mod plan;
mod reply;
mod row;
mod session;
mod site;
mod status;
mod target;
mod tls;

/// The exporter: what core needs to know to run it.
#[derive(Debug)]
pub struct Postgres;

impl Exporter for Postgres {
    const NAME: &'static str = "postgres-exporter";
    const ENVIRONMENT: &'static str = "PG_EXPORTER";
    const DEFAULT_LISTEN_ADDRESS: &'static str = ":9187";
    const OWN: &'static metric_catalogue::exporter::Exporter = &EXPORTER;
    type Config = config::Config;
    type Source = source::Postgres;

    fn source(config: Self::Config) -> Result<Self::Source, ConfigError> {
        config.warn();
        let target = config::target(&|name| std::env::var(name).ok())?;
        Ok(source::Postgres::new(&config, target))
    }

    fn relabeling(config: &Self::Config) -> Result<Relabeling, ConfigError> {
        config.relabeling()
    }

    fn check(source: &Self::Source) -> Vec<String> {
        source.advice()
    }

    fn site(source: &Self::Source) -> Option<Arc<dyn Site>> {
        source.site()
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    #[test]
    fn flags_do_not_meet() {
        config::Config::augment_args(clap::Command::new("test")).debug_assert();
    }

    #[test]
    fn name_is_the_catalogue_s() {
        assert_eq!(Postgres::NAME, metric_catalogue::postgres::PROGRAM.name);
    }
}
