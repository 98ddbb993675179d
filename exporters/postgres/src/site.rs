//! `/probe` for servers that are named by whoever asks, and `/status` for people.

use std::{
    collections::HashMap,
    fmt::Write,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use exporter_core::{Limits, Relabeling, Site, SiteAnswer, SiteFuture, SiteQuestion, Target};
use metric_catalogue::postgres::exporter::EXPORTER;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout_at},
};

use crate::{
    config::Config,
    modules::{Key, LINK_LOCAL, Modules, is_link_local_address},
    source::{Postgres, Shared},
    status::Status,
    target::Pins,
};

/// A connection that no probe has used for so long is closed.
const IDLE: Duration = Duration::from_mins(5);

/// How often that is looked for.
const REAP: Duration = Duration::from_secs(30);

/// Most databases that are kept connected; the one that has not been probed for the longest time makes room.
const TARGETS: usize = 64;

/// Most of them on one server: its connections are not the asker's to use up.
const TARGETS_OF_A_SERVER: usize = 4;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Pages {
    config: Config,
    modules: Arc<Modules>,
    status: Arc<Mutex<Status>>,
    probed: Arc<Mutex<Probed>>,
    relabeling: Relabeling,
    limits: Limits,
    /// With a budget of connections for all probed servers together, beside their kept ones.
    shared: Shared,
    reaps: AtomicBool,
}

/// What is kept connected.
#[derive(Debug, Default)]
struct Probed(HashMap<Key, Kept>);

#[derive(Debug)]
struct Kept {
    target: Arc<Target<Postgres>>,
    pins: Pins,
    used: Instant,
}

impl Probed {
    /// Makes room for one more, if it is not there already, by giving up one that nobody waits for.
    fn make_room(&mut self, key: &Key) -> Result<(), String> {
        if self.0.contains_key(key) {
            return Ok(());
        }
        let neighbour = |other: &Key| other.host == key.host && other.port == key.port;
        if self.0.keys().filter(|other| neighbour(other)).count() >= TARGETS_OF_A_SERVER {
            self.give_up(neighbour).ok_or_else(|| format!("{TARGETS_OF_A_SERVER} databases of {}:{} are being probed", key.host, key.port))?;
        }
        if self.0.len() >= TARGETS {
            self.give_up(|_| true).ok_or_else(|| format!("{TARGETS} databases are being probed"))?;
        }
        Ok(())
    }

    fn give_up(&mut self, eligible: impl Fn(&Key) -> bool) -> Option<Kept> {
        let idle = self.0.iter().filter(|(key, kept)| eligible(key) && Arc::strong_count(&kept.target) == 1);
        let oldest = idle.min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone())?;
        self.0.remove(&oldest)
    }
}

impl Pages {
    pub(crate) fn new(config: Config, modules: Arc<Modules>, status: Arc<Mutex<Status>>, limits: Limits) -> Self {
        let shared = config.shared();
        // One that is wrong has ended the start.
        let relabeling = config.relabeling().unwrap_or_default();
        Self { config, modules, status, probed: Arc::default(), relabeling, limits, shared, reaps: AtomicBool::new(false) }
    }

    async fn probe(&self, question: SiteQuestion<'_>) -> SiteAnswer {
        let Some(name) = question.parameter("target").filter(|name| !name.is_empty()) else {
            return SiteAnswer::Refused("parameter \"target\" is missing".to_owned());
        };
        let Some(module) = question.parameter("auth_module").filter(|module| !module.is_empty()) else {
            return SiteAnswer::Refused("parameter \"auth_module\" is missing".to_owned());
        };
        match self.kept(&name, &module, question.deadline).await {
            Ok(target) => SiteAnswer::Metrics(target.page(question.deadline).await),
            Err(refused) => SiteAnswer::Refused(refused),
        }
    }

    /// The server, connected or not; checked against the configuration each time, since that may have changed.
    async fn kept(&self, name: &str, module: &str, deadline: Instant) -> Result<Arc<Target<Postgres>>, String> {
        let (key, target) = self.modules.target(name, module)?;
        let addresses = match target.place() {
            Some(place) => resolve(place, deadline).await?,
            None => Vec::new(),
        };
        self.reap();
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        probed.make_room(&key)?;
        let fresh = || {
            let pins = Pins::default();
            let source = Postgres::probed(&self.config, target.pinned(Arc::clone(&pins)), &self.shared);
            Kept { target: Arc::new(Target::with(source, &EXPORTER, self.limits, self.relabeling.clone())), pins, used: Instant::now() }
        };
        let kept = probed.0.entry(key).or_insert_with(fresh);
        kept.used = Instant::now();
        *kept.pins.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
        Ok(Arc::clone(&kept.target))
    }

    /// Begins to close what is idle, if that has not been done yet.
    fn reap(&self) {
        if self.reaps.swap(true, Ordering::Relaxed) {
            return;
        }
        let probed: Weak<Mutex<Probed>> = Arc::downgrade(&self.probed);
        tokio::spawn(async move {
            while let Some(probed) = probed.upgrade() {
                probed.lock().unwrap_or_else(PoisonError::into_inner).0.retain(|_, kept| kept.used.elapsed() < IDLE);
                drop(probed);
                tokio::time::sleep(REAP).await;
            }
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

    fn modules() -> (tempfile::NamedTempFile, Arc<Modules>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "auth_modules:\n  m: {type: userpass, userpass: {username: me}, targets: ['*.test', '127.0.0.1']}\n";
        std::fs::write(file.path(), text).unwrap();
        let modules = Arc::new(Modules::new(file.path().to_owned()));
        (file, modules)
    }

    fn pages(modules: &Arc<Modules>) -> Pages {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            config: Config,
        }
        let config = <Line as clap::Parser>::parse_from(["postgres-exporter"]).config;
        Pages::new(config, Arc::clone(modules), Arc::default(), Limits::default())
    }

    #[tokio::test]
    async fn one_server_is_probed_over_few_connections() {
        let (_file, modules) = modules();
        let pages = pages(&modules);
        let deadline = Instant::now() + Duration::from_mins(1);
        let ask = async |name: &str| pages.kept(name, "m", deadline).await;
        for number in 0..20 {
            ask(&format!("127.0.0.1:5432/d{number}")).await.unwrap();
            ask(&format!("postgresql://127.0.0.1:0005432/d{number}")).await.unwrap();
        }
        assert_eq!(pages.probed.lock().unwrap().0.len(), TARGETS_OF_A_SERVER);
        // What somebody waits for is not given up.
        let mut waiting = Vec::new();
        for number in 0..TARGETS_OF_A_SERVER {
            waiting.push(ask(&format!("127.0.0.1/d{number}")).await.unwrap());
        }
        let refused = ask("127.0.0.1/another").await.unwrap_err();
        assert!(refused.contains("4 databases of 127.0.0.1:5432"), "{refused}");
        drop(waiting);
        assert!(ask("127.0.0.1/another").await.is_ok());
        for port in 1..200 {
            ask(&format!("127.0.0.1:{port}/d")).await.unwrap();
        }
        assert_eq!(pages.probed.lock().unwrap().0.len(), TARGETS);
    }

    #[tokio::test]
    async fn resolved_address_is_checked() {
        let deadline = Instant::now() + Duration::from_mins(1);
        assert_eq!(resolve(("127.0.0.1", 5432), deadline).await, Ok(vec![IpAddr::from([127, 0, 0, 1])]));
        assert_eq!(resolve(("169.254.169.254", 5432), deadline).await, Err(LINK_LOCAL.to_owned()));
        assert_eq!(resolve(("::ffff:169.254.169.254", 5432), deadline).await, Err(LINK_LOCAL.to_owned()));
    }
}
