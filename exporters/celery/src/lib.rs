//! Metrics of a Celery application: its tasks, workers and queues, read from the broker.
//!
//! Workers publish [`event`]s of what they do. A thread of its own keeps a subscription to them, joins them to tasks, and
//! counts; it also looks at the queues from time to time and asks workers what they serve. A scrape shows what is known
//! at that moment and asks nobody, so it is quick whatever becomes of the broker.
//!
//! What it needs on Redis, as an access list: `+select +ping +client|setname +psubscribe +publish +smembers +llen +lindex
//! +hlen +sadd +srem +brpop +del`, reading every key of the database, writing `_kombu.binding.reply.celery.pidbox` and
//! `*.reply.celery.pidbox`, and the channels `/0.celeryev/*` and `/0.celery.pidbox` of database 0. On `RabbitMQ` it
//! configures, writes and reads `celeryev\..*` and `.*\.reply\.celery\.pidbox`, and besides configures
//! `reply\.celery\.pidbox`, writes `celery\.pidbox`, and reads `celeryev` and `reply\.celery\.pidbox`. Without what
//! concerns `pidbox` it still counts, and workers are not asked for their processes.

use std::sync::Arc;

use exporter_core::{Aliases, ConfigError, Exporter, Relabeling, Site};
use metric_catalogue::celery::exporter::EXPORTER;

pub mod config;
pub mod event;
pub mod source;

mod address;
mod amqp;
mod clocks;
mod connect;
mod counts;
mod freshness;
#[cfg(test)]
mod fuzz;
mod health;
mod options;
mod pidbox;
mod queues;
mod redis;
mod settings;
mod shared;
mod tasks;
mod tls;
mod tracker;
mod watch;
mod workers;

/// The exporter: what core needs to know to run it.
#[derive(Debug)]
pub struct Celery;

impl Exporter for Celery {
    const NAME: &'static str = "celery-exporter";
    const ENVIRONMENT: &'static str = "CELERY_EXPORTER";
    const DEFAULT_LISTEN_ADDRESS: &'static str = ":9808";
    const OWN: &'static metric_catalogue::exporter::Exporter = &EXPORTER;
    const READS_IN_BACKGROUND: bool = true;
    type Config = config::Config;
    type Source = source::Application;

    fn source(config: Self::Config) -> Result<Self::Source, ConfigError> {
        let settings = config.settings()?;
        let shared = Arc::new(shared::Shared::new(&settings));
        let source = source::Application::new(&settings, Arc::clone(&shared));
        watch::start(settings, shared)?;
        Ok(source)
    }

    fn relabeling(config: &Self::Config) -> Result<Relabeling, ConfigError> {
        config.relabeling()
    }

    fn aliases(config: &Self::Config) -> Aliases {
        config.aliases()
    }

    fn site(source: &Self::Source) -> Option<Arc<dyn Site>> {
        Some(Arc::new(source.health()))
    }

    fn check(source: &Self::Source) -> Vec<String> {
        source.report()
    }
}
