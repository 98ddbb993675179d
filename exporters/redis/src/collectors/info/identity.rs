//! Who the server is: the labels of one series, and what the other collectors may ask.

use exporter_core::Samples;
use metric_catalogue::redis::server::{INSTANCE, START_TIME};

use crate::state::{Server, State, clock, version};

/// As many as the series has labels, each named like its field.
const LABELS: usize = 12;

/// Fields that are remembered until INFO is read.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    labels: [&'a str; LABELS],
    mode: &'a str,
    cluster: bool,
    pub(super) read_only: &'a str,
    uptime: Option<f64>,
    now: Option<f64>,
}

impl<'a> Identity<'a> {
    /// Remembers what it needs; true if the field is a label, which is no measurement even if numeric.
    pub(super) fn take(&mut self, field: &str, value: &'a str) -> bool {
        match field {
            "server_mode" => self.mode = value,
            "cluster_enabled" => self.cluster = value == "1",
            "slave_read_only" => self.read_only = value,
            "uptime_in_seconds" => self.uptime = value.parse().ok(),
            "server_time_usec" => self.now = value.parse().ok().map(|microseconds: f64| microseconds / 1e6),
            _ => {}
        }
        let mut slots = INSTANCE.definition().labels.iter().zip(&mut self.labels);
        let Some((_, slot)) = slots.find(|(label, _)| **label == field) else { return false };
        *slot = value;
        true
    }

    /// The value of a label of the series.
    pub(super) fn label(&self, name: &str) -> &'a str {
        let mut slots = INSTANCE.definition().labels.iter().zip(&self.labels);
        slots.find(|(label, _)| **label == name).map_or("", |(_, value)| *value)
    }

    /// Sends the series, and tells the state what the server is.
    pub(super) fn send(&mut self, state: &mut State, samples: &mut Samples) {
        if self.label("redis_mode").is_empty() {
            self.take("redis_mode", self.mode);
        }
        samples.gauge(&INSTANCE, self.labels, 1_u32);
        let start = self.uptime.map(|uptime| state.started(self.label("run_id"), self.now.unwrap_or_else(clock), uptime));
        samples.gauge(&START_TIME, [], start);
        let valkey = Some(self.label("valkey_version")).filter(|text| !text.is_empty()).map(version);
        let sentinel = self.label("redis_mode") == "sentinel";
        state.server = Some(Server { version: version(self.label("redis_version")), valkey, sentinel, cluster: self.cluster });
    }
}

#[cfg(test)]
mod tests {
    use super::{super::read, *};

    #[test]
    fn every_label_has_a_slot() {
        assert_eq!(INSTANCE.definition().labels.len(), LABELS);
    }

    #[test]
    fn server_is_known_from_its_fields() {
        let info = "# Server\nredis_version:7.2.4\nserver_mode:cluster\nvalkey_version:8.1.0\n# Cluster\ncluster_enabled:1\n";
        let (state, _) = read(info);
        assert_eq!(state.server, Some(Server { version: (7, 2), valkey: Some((8, 1)), sentinel: false, cluster: true }));
    }

    #[test]
    fn start_is_on_the_server_s_clock() {
        let (_, text) = read("# Server\nrun_id:a\nserver_time_usec:1795441988220749\nuptime_in_seconds:3\n");
        assert!(text.contains("redis_start_time_seconds 1795441985\n"), "{text}");
    }
}
