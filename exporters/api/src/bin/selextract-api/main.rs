//! selextract-api: a small real service that is measured, on port 8000.
//!
//! Without flags everything is kept in memory, so that it runs alone; with `--postgres.dsn`, `--redis.addr` and
//! `--celery.broker-url` it has users, tasks and sessions in PostgreSQL, cache and rate limits in Redis, and tasks in a Celery queue.

#![expect(clippy::doc_markdown, reason = "doc comments of flags are help texts")]

mod alerts;
mod app;
mod cache;
mod celery;
mod config;
mod error;
mod healthcheck;
mod identity;
mod listen;
mod log;
mod outage;
mod password;
mod routes;
mod serve;
mod simulate;
mod store;
mod task;
mod web_config;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use api_metrics::{MetricsLayer, webhook};
use exporter_core::{Exposition, Registry};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use app::App;
use config::{Command, Config};

fn main() -> ExitCode {
    let config = match Config::read() {
        Ok(config) => config,
        // Help goes to stdout with exit code 0, what is wrong to stderr with 2.
        Err(error) => return ExitCode::from(u8::try_from(error.print().map_or(1, |()| error.exit_code())).unwrap_or(2)),
    };
    log::start(config.log_format, config.log_level);
    if let Some(Command::Healthcheck) = config.command {
        return match healthcheck::ask(&config.listen_address) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                error!(error = format!("{error:#}"), "Not healthy");
                ExitCode::FAILURE
            }
        };
    }
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = format!("{error:#}"), "Cannot serve");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(start(config))
}

async fn start(config: Config) -> anyhow::Result<()> {
    let registry = Registry::default();
    let app = Arc::new(App::new(&config, &registry)?);
    let _watch = app.business.watch_state(app.store.clone());
    let exposition = {
        let app = Arc::clone(&app);
        Exposition::new(registry.clone()).with_collect(move |samples| {
            app.business.collect(samples);
            app.security.collect(samples);
        })
    };
    let webhook = webhook::router(&registry, config.webhook_credentials(), app.alerts.clone());
    let layer = MetricsLayer::builder().exclude(["/metrics", "/health"]).build(&registry);
    let limits = serve::Limits::default();
    let router = serve::in_time(routes::router(&app, exposition, config.access()?, webhook), limits).layer(layer);

    let listener = listen::bind(&config.listen_address).await.with_context(|| format!("--web.listen-address {}", config.listen_address))?;
    let address = listener.local_addr()?;
    info!(%address, store = app.store.kind(), cache = app.cache.kind(), queue = app.queue.is_some(), "Listening");
    if config.webhook_credentials().is_none() && !config.is_local() {
        warn!("Anybody who reaches this service may post alerts: there is no --webhook.password-file");
    }
    let simulation = config.simulation().map(|plan| {
        let simulated = simulate::Simulated { address: listen::reachable(address), ends_tasks: app.queue.is_none() };
        tokio::spawn(simulate::run(plan, simulated, app.simulator.clone()))
    });
    serve::until(listener, router, limits, stopped()?).await;
    if let Some(simulation) = simulation {
        simulation.abort();
    }
    info!("Stopped");
    Ok(())
}

/// Resolves at SIGTERM or SIGINT.
fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
