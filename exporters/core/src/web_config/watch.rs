//! The web configuration as it is now: read again when one of its files changes, or on SIGHUP.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use metric_catalogue::exporter::Exporter;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Reading, WebConfig, load, stamp::Stamped};
use crate::{flags::ConfigError, samples::Samples};

/// The files are looked at this often at the most, when somebody connects or asks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Web(Mutex<State>);

#[derive(Debug)]
struct State {
    /// `None`: there is no file, and nothing ever changes.
    path: Option<PathBuf>,
    current: Arc<WebConfig>,
    files: Vec<Stamped>,
    looked: Instant,
    failing: Option<String>,
    last_success: SystemTime,
}

/// What the page says of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reload {
    success: bool,
    last_success: SystemTime,
    certificate_expiry: Option<SystemTime>,
}

impl Reload {
    pub(crate) fn collect(&self, own: &'static Exporter, samples: &mut Samples) {
        samples.gauge(own.web_config_reload_success, [], self.success);
        samples.gauge(own.web_config_last_reload_success, [], self.last_success);
        samples.gauge(own.web_certificate_expiry, [], self.certificate_expiry);
    }
}

/// Without a file.
impl Default for Web {
    fn default() -> Self {
        Self(Mutex::new(State::new(None)))
    }
}

impl Web {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// The file, or one that it names, is not as it has to be.
    pub(crate) fn start(path: Option<&Path>) -> Result<Self, ConfigError> {
        let mut state = State::new(path);
        if let Some(path) = path {
            let reading = state.read(path);
            match reading.result {
                Ok(config) => state.take(path, config, &reading.warnings),
                Err(fault) => return Err(ConfigError::of(&fault.place(path.display()), &fault)),
            }
        }
        Ok(Self(Mutex::new(state)))
    }

    /// The configuration for a new connection or request.
    pub(crate) fn current(&self) -> Arc<WebConfig> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.path.is_some() && state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            // What failed for want of a descriptor, say, leaves no trace in the files.
            if state.failing.is_some() || state.files.iter().any(Stamped::has_changed) {
                state.reload();
            }
        }
        Arc::clone(&state.current)
    }

    /// Reads the files again, changed or not.
    pub(crate) fn reload(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.path.is_none() {
            info!("Nothing to read again: there is no web configuration");
        }
        state.reload();
    }

    /// `None` without a configuration.
    pub(crate) fn status(&self) -> Option<Reload> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.path.as_ref().map(|_| Reload {
            success: state.failing.is_none(),
            last_success: state.last_success,
            certificate_expiry: state.current.tls.as_ref().and_then(|tls| tls.expiry),
        })
    }
}

impl State {
    fn new(path: Option<&Path>) -> Self {
        Self {
            path: path.map(ToOwned::to_owned),
            current: Arc::default(),
            files: Vec::new(),
            looked: Instant::now(),
            failing: None,
            last_success: SystemTime::now(),
        }
    }

    /// Takes what is in the files now, or keeps what it has; what is wrong is said once.
    fn reload(&mut self) {
        let Some(path) = self.path.clone() else { return };
        let reading = self.read(&path);
        match reading.result {
            Ok(config) => {
                info!(file = %path.display(), "Web configuration is read again");
                self.take(&path, config, &reading.warnings);
            }
            Err(fault) => {
                let error = format!("{}: {fault}", fault.place(path.display()));
                if self.failing.as_ref() != Some(&error) {
                    warn!(error, "Web configuration cannot be used, the last good one holds");
                }
                self.failing = Some(error);
            }
        }
    }

    fn take(&mut self, path: &Path, config: WebConfig, warnings: &[String]) {
        for warning in warnings {
            warn!(file = %path.display(), "{warning}");
        }
        self.current = Arc::new(config);
        self.failing = None;
        self.last_success = SystemTime::now();
    }

    fn read(&mut self, path: &Path) -> Reading {
        let mut reading = load(path);
        // What is wrong with a file is put right in one of those that it names.
        self.files = mem::take(&mut reading.files);
        reading
    }
}
