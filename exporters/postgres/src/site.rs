//! `/probe` for servers that are named by whoever asks, and `/status` for people.

use std::{
    collections::HashMap,
    fmt::Write,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use exporter_core::{Limits, Relabeling, Site, SiteAnswer, SiteFuture, SiteQuestion, Target};
use metric_catalogue::postgres::exporter::EXPORTER;
use tokio::{
    net::lookup_host,
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    config::Config,
    modules::{LINK_LOCAL, Modules, is_link_local_address},
    source::Postgres,
    status::Status,
    target::Pins,
};

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
    relabeling: Relabeling,
    /// Connections of all probed servers together, beside their kept ones.
    budget: Arc<Semaphore>,
}

/// Servers that are kept connected, by target and module.
type Probed = HashMap<(String, String), Kept>;

#[derive(Debug)]
struct Kept {
    target: Arc<Target<Postgres>>,
    pins: Pins,
    used: Instant,
}

impl Pages {
    pub(crate) fn new(config: Config, modules: Arc<Modules>, status: Arc<Mutex<Status>>) -> Self {
        let budget = config.budget();
        // One that is wrong has ended the start.
        let relabeling = config.relabeling().unwrap_or_default();
        Self { config, modules, status, probed: Arc::default(), relabeling, budget }
    }

    async fn probe(&self, question: SiteQuestion<'_>) -> SiteAnswer {
        let Some(name) = question.parameter("target").filter(|name| !name.is_empty()) else {
            return SiteAnswer::Refused("parameter \"target\" is missing".to_owned());
        };
        let Some(module) = question.parameter("auth_module").filter(|module| !module.is_empty()) else {
            return SiteAnswer::Refused("parameter \"auth_module\" is missing".to_owned());
        };
        match self.kept(name, module, question.deadline).await {
            Ok(target) => SiteAnswer::Metrics(target.page(question.deadline).await),
            Err(refused) => SiteAnswer::Refused(refused),
        }
    }

    /// The server, connected or not; checked against the configuration each time, since that may have changed.
    async fn kept(&self, name: String, module: String, deadline: Instant) -> Result<Arc<Target<Postgres>>, String> {
        let target = self.modules.target(&name, &module)?;
        let addresses = match target.place() {
            Some(place) => resolve(place, deadline).await?,
            None => Vec::new(),
        };
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name, module);
        if !probed.contains_key(&key) && probed.len() >= TARGETS {
            let oldest = probed.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            oldest.and_then(|key| probed.remove(&key));
        }
        let fresh = || {
            let pins = Pins::default();
            let source = Postgres::probed(&self.config, target.pinned(Arc::clone(&pins)), &self.budget);
            Kept { target: Arc::new(Target::with(source, &EXPORTER, Limits::default(), self.relabeling.clone())), pins, used: Instant::now() }
        };
        let kept = probed.entry(key).or_insert_with(fresh);
        kept.used = Instant::now();
        *kept.pins.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
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

/// The addresses of a host, none if there are none in time; the page says so then.
async fn resolve(place: (&str, u16), deadline: Instant) -> Result<Vec<IpAddr>, String> {
    let Ok(Ok(found)) = timeout_at(deadline, lookup_host(place)).await else { return Ok(Vec::new()) };
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if addresses.iter().copied().any(is_link_local_address) { Err(LINK_LOCAL.to_owned()) } else { Ok(addresses) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn resolved_address_is_checked() {
        let deadline = Instant::now() + Duration::from_mins(1);
        assert_eq!(resolve(("127.0.0.1", 5432), deadline).await, Ok(vec![IpAddr::from([127, 0, 0, 1])]));
        assert_eq!(resolve(("169.254.169.254", 5432), deadline).await, Err(LINK_LOCAL.to_owned()));
        assert_eq!(resolve(("::ffff:169.254.169.254", 5432), deadline).await, Err(LINK_LOCAL.to_owned()));
    }
}
