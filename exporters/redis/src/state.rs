//! What the exporter knows of the server: what it said of itself, and what one reply needs from another.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, SystemTime},
};

use crate::fields::Fields;

/// Databases that a server has unless it is told otherwise, for servers that do not let their configuration be read.
const DEFAULT_DATABASES: u64 = 16;

/// Most databases that get a row while they are empty.
const MOST_DATABASES: u64 = 1024;

/// A start that moves by less than this between scrapes has not moved: uptime is in whole seconds.
const START_JITTER_SECONDS: f64 = 2.0;

/// Major and minor version.
pub type Version = (u32, u32);

/// Everything that outlives a reply.
#[derive(Debug)]
pub struct State {
    /// What the last INFO said; `None` before the first on a connection.
    pub server: Option<Server>,
    /// Calls by command, of this flight.
    pub commands: HashMap<String, Calls>,
    /// Primaries that a Sentinel watches, by name and address.
    pub masters: Vec<Master>,
    /// Databases that INFO showed in this flight; `None` if INFO could not be read.
    pub keyspace: Option<BTreeSet<u64>>,
    /// Databases that the server is configured for.
    pub databases: Option<u64>,
    /// Run and time of its start, in seconds.
    pub start: Option<(String, f64)>,
    /// How fields become metrics.
    pub tables: Tables,
}

/// What decides which commands the server knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Version of Redis that it is or is compatible with.
    pub version: Version,
    /// Version of Valkey, if it is one.
    pub valkey: Option<Version>,
    /// It is a Sentinel.
    pub sentinel: bool,
    /// It is a node of a cluster.
    pub cluster: bool,
}

/// What INFO says of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calls {
    /// How often it was called.
    pub count: u64,
    /// How long that took in all.
    pub microseconds: f64,
}

/// A primary that a Sentinel watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// Its name there.
    pub name: String,
    /// `ip:port`.
    pub address: String,
}

/// The tables from fields to metrics.
#[derive(Debug)]
pub struct Tables {
    /// Lines of INFO.
    pub info: Fields,
    /// Lines of INFO of a replica about its primary.
    pub replica: Fields,
    /// Parts of the lines about commands.
    pub commands: Fields,
    /// Parts of the lines about databases.
    pub keyspace: Fields,
    /// Lines of CLUSTER INFO.
    pub cluster: Fields,
    /// Parameters of the configuration.
    pub config: Fields,
    /// What a Sentinel says of a primary.
    pub sentinel: Fields,
}

impl Default for State {
    fn default() -> Self {
        let tables = Tables {
            info: Fields::of("INFO "),
            replica: Fields::of("REPLICA "),
            commands: Fields::of("COMMANDSTATS "),
            keyspace: Fields::of("KEYSPACE "),
            cluster: Fields::of("CLUSTER INFO "),
            config: Fields::of("CONFIG "),
            sentinel: Fields::of("SENTINEL MASTERS "),
        };
        Self { server: None, commands: HashMap::new(), masters: Vec::new(), keyspace: None, databases: None, start: None, tables }
    }
}

impl State {
    /// Forgets the last flight's figures.
    pub fn begin(&mut self) {
        self.commands.clear();
        self.keyspace = None;
    }

    /// Forgets the server: the next connection may lead to another.
    pub fn forget(&mut self) {
        self.server = None;
        self.databases = None;
        self.masters.clear();
    }

    /// The databases that exist and hold no key: those that INFO leaves out.
    #[must_use]
    pub fn empty_databases(&self) -> Vec<u64> {
        let (Some(keyspace), Some(server)) = (&self.keyspace, &self.server) else { return Vec::new() };
        if server.sentinel {
            return Vec::new();
        }
        let databases = self.databases.unwrap_or(if server.cluster { 1 } else { DEFAULT_DATABASES });
        (0..databases.min(MOST_DATABASES)).filter(|index| !keyspace.contains(index)).collect()
    }

    /// When the run began. Computed from figures in whole seconds, it is held while it moves by no more than their error.
    pub fn started(&mut self, run: &str, now: f64, uptime: f64) -> f64 {
        let start = (now - uptime).floor();
        match &self.start {
            Some((known, held)) if known == run && (start - held).abs() <= START_JITTER_SECONDS => *held,
            _ => {
                self.start = Some((run.to_owned(), start));
                start
            }
        }
    }
}

/// The exporter's clock, for servers that do not tell theirs.
#[must_use]
pub fn clock() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// Major and minor of `7.0.15`; 0 where it is no number.
#[must_use]
pub fn version(text: &str) -> Version {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_is_steady_within_a_run() {
        let mut state = State::default();
        assert_eq!(state.started("a", 1000.9, 100.0).to_string(), "900");
        assert_eq!(state.started("a", 1002.1, 101.0).to_string(), "900");
        assert_eq!(state.started("b", 1003.0, 1.0).to_string(), "1002");
        assert_eq!(state.started("b", 2003.0, 1.0).to_string(), "2002");
    }

    #[test]
    fn empty_databases_follow_the_configuration() {
        let mut state = State { server: Some(Server::default()), keyspace: Some([0, 3].into()), databases: Some(4), ..State::default() };
        assert_eq!(state.empty_databases(), [1, 2]);
        state.databases = None;
        assert_eq!(state.empty_databases().len(), 14);
        state.databases = Some(u64::MAX);
        assert_eq!(state.empty_databases().len(), 1022);
        state.keyspace = None;
        assert!(state.empty_databases().is_empty(), "INFO was not read");
    }

    #[test]
    fn versions_have_two_numbers() {
        assert_eq!(version("7.0.15"), (7, 0));
        assert_eq!(version("8.1.0-rc1"), (8, 1));
        assert_eq!(version("255.255.255"), (255, 255));
        assert_eq!(version("unstable"), (0, 0));
    }
}
