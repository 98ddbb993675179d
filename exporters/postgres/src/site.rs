//! `/probe` for servers that are named by whoever asks, and `/status` for people.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use exporter_core::{Site, SiteAnswer, SiteFuture, SiteQuestion, Target};
use metric_catalogue::postgres::exporter::EXPORTER;
use tokio::time::Instant;

use crate::{config::Config, modules::Modules, source::Postgres, status::Status};

/// A connection that no probe has used for so long is closed.
const IDLE: Duration = Duration::from_mins(5);

/// Most servers that are kept connected; the one that has not been probed for the longest time makes room.
const TARGETS: usize = 64;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Pages {
    config: Config,
    modules: Arc<Modules>,
    status: Arc<Mutex<Status>>,
    probed: Arc<Mutex<Probed>>,
}

/// Servers that are kept connected, by target and module.
type Probed = HashMap<(String, String), Kept>;

#[derive(Debug)]
struct Kept {
    target: Arc<Target<Postgres>>,
    used: Instant,
}

impl Pages {
    pub(crate) fn new(config: Config, modules: Arc<Modules>, status: Arc<Mutex<Status>>) -> Self {
        Self { config, modules, status, probed: Arc::default() }
    }

    async fn probe(&self, question: SiteQuestion<'_>) -> SiteAnswer {
        let Some(name) = question.parameter("target").filter(|name| !name.is_empty()) else {
            return SiteAnswer::Refused("parameter \"target\" is missing".to_owned());
        };
        let Some(module) = question.parameter("auth_module").filter(|module| !module.is_empty()) else {
            return SiteAnswer::Refused("parameter \"auth_module\" is missing".to_owned());
        };
        match self.kept(name, module) {
            Ok(target) => SiteAnswer::Metrics(target.page(question.deadline).await),
            Err(refused) => SiteAnswer::Refused(refused),
        }
    }

    /// The server, connected or not; checked against the configuration each time, since that may have changed.
    fn kept(&self, name: String, module: String) -> Result<Arc<Target<Postgres>>, String> {
        let target = self.modules.target(&name, &module)?;
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name, module);
        if !probed.contains_key(&key) && probed.len() >= TARGETS {
            let oldest = probed.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            oldest.and_then(|key| probed.remove(&key));
        }
        let fresh = || Kept { target: Arc::new(Target::new(Postgres::probed(&self.config, target), &EXPORTER)), used: Instant::now() };
        let kept = probed.entry(key).or_insert_with(fresh);
        kept.used = Instant::now();
        let target = Arc::clone(&kept.target);
        drop(probed);
        self.expire();
        Ok(target)
    }

    /// Closes what is idle, once enough time has passed for this probe to be.
    fn expire(&self) {
        let probed = Arc::clone(&self.probed);
        tokio::spawn(async move {
            tokio::time::sleep(IDLE).await;
            probed.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| kept.used.elapsed() < IDLE);
        });
    }

    fn status(&self) -> String {
        let mut page =
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>postgres-exporter</title></head>\n<body>\n".to_owned();
        let _ = self.status.lock().unwrap_or_else(PoisonError::into_inner).write(&mut page);
        let _ = page.write_str("</body>\n</html>\n");
        page
    }
}

impl Site for Pages {
    fn answer<'a>(&'a self, question: SiteQuestion<'a>) -> SiteFuture<'a> {
        Box::pin(async move {
            match question.path {
                "/probe" => Some(self.probe(question).await),
                "/status" => Some(SiteAnswer::Html(self.status())),
                _ => None,
            }
        })
    }
}
