//! The page's side: what is known now, without asking anybody.

use std::{fmt, sync::Arc};

use exporter_core::{Failure, Flight, Registry, Samples, Source};
use metric_catalogue::celery::{peer, tasks};

use crate::{
    counts::host,
    health::Health,
    settings::{NameScheme, Settings},
    shared::Shared,
    tracker::Arrival,
};

/// What the exporter knows of a Celery application.
pub struct Application {
    shared: Arc<Shared>,
    peer: bool,
    connections: u64,
}

impl fmt::Debug for Application {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Application").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Application {
    pub(crate) fn new(settings: &Settings, shared: Arc<Shared>) -> Self {
        Self { shared, peer: matches!(settings.names, NameScheme::Peer { .. }), connections: 0 }
    }

    /// What a person is told who asks for a check.
    pub(crate) fn report(&self) -> Vec<String> {
        self.shared.report()
    }

    /// The path that tells whether the broker can be reached.
    pub(crate) fn health(&self) -> Health {
        Health(Arc::clone(&self.shared))
    }

    fn native(&self, samples: &mut Samples) {
        {
            let tracker = self.shared.tracker();
            tracker.workers.collect(samples);
            samples.gauge(&tasks::TRACKED, [], tracker.table.len());
        }
        self.shared.read_queues().collect(Arrival::now().clock, samples);
    }

    /// The peer's names; two nodes of one host are one there, up if either is.
    fn peer(&self, samples: &mut Samples) {
        let tracker = self.shared.tracker();
        let mut hosts: std::collections::BTreeMap<&str, (bool, u64)> = std::collections::BTreeMap::new();
        for (hostname, up, active) in tracker.workers.each() {
            let known = hosts.entry(host(hostname)).or_default();
            *known = (known.0 || up, known.1 + active.unwrap_or(0));
        }
        for (hostname, (up, active)) in hosts {
            samples.gauge(&peer::WORKER_UP, [hostname], up);
            samples.gauge(&peer::WORKER_TASKS_ACTIVE, [hostname], active);
        }
        for (queue, length, consumers) in self.shared.read_queues().each() {
            let (workers, processes) = tracker.workers.of_queue(queue);
            samples.gauge(&peer::QUEUE_LENGTH, [queue], length);
            samples.gauge(&peer::CONSUMERS, [queue], consumers);
            samples.gauge(&peer::WORKERS, [queue], workers);
            samples.gauge(&peer::PROCESSES, [queue], processes);
        }
    }
}

impl Source for Application {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        let (state, connections) = self.shared.state();
        for _ in self.connections..connections {
            flight.connected();
        }
        self.connections = connections;
        if state.is_ok() {
            flight.reached();
        }
        let samples = flight.samples();
        self.shared.collect(samples);
        if self.peer {
            self.peer(samples);
        } else {
            self.native(samples);
        }
        state
    }

    fn registry(&self) -> Registry {
        self.shared.registry.clone()
    }
}
