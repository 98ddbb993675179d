//! Workers, by their full node name.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use exporter_core::Samples;
use foldhash::quality::RandomState;
use metric_catalogue::celery::workers;
use tracing::warn;

use crate::{
    event::{Event, Kind},
    tasks::names::cut,
};

mod ledger;

use ledger::Ledger;

/// Most workers. In a cluster each pod is another one, and those that have gone are removed only after a while.
const LIMIT: usize = 5_000;

/// After a worker has said that it ends, events of its tasks that come within this time are its last.
const LATE: Duration = Duration::from_secs(10);

/// How long workers are kept that are not heard of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Until a worker counts as gone; `None` is never.
    pub(crate) timeout: Option<Duration>,
    /// From then until its series go; `None` keeps them.
    pub(crate) purge: Option<Duration>,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Workers {
    known: HashMap<Box<str>, Worker, RandomState>,
    lifetimes: Lifetimes,
}

/// What is known of one worker.
#[derive(Debug)]
pub(crate) struct Worker {
    heard: Instant,
    /// When it was found to be gone.
    gone: Option<Instant>,
    /// Whether it has said that it ends.
    signed_off: bool,
    /// When its last heartbeat arrived, in seconds since 1970.
    heartbeat: Option<f64>,
    active: Option<u64>,
    processes: Option<u64>,
    /// Names of the queues that it takes tasks from.
    queues: Vec<String>,
    ledger: Ledger,
}

impl Workers {
    pub(crate) fn new(lifetimes: Lifetimes) -> Self {
        Self { known: HashMap::default(), lifetimes }
    }

    /// Takes an event that a worker has sent.
    pub(crate) fn event(&mut self, kind: Kind, event: &Event<'_>, now: Instant, clock: f64) {
        let Some(hostname) = event.hostname.as_deref().map(cut).filter(|hostname| !hostname.is_empty()) else { return };
        let Some(worker) = self.worker(hostname, now) else { return };
        let is_of_worker = matches!(kind, Kind::Online | Kind::Heartbeat | Kind::Offline);
        // The last events of tasks are sent after it has said that it ends.
        let is_late = worker.signed_off && !is_of_worker && worker.gone.is_some_and(|gone| now.duration_since(gone) < LATE);
        if !is_late {
            worker.here(now);
        }
        match kind {
            Kind::Online | Kind::Heartbeat | Kind::Offline => {
                worker.heartbeat = Some(clock);
                worker.active = event.active.or(worker.active);
                if let Some(processed) = event.processed {
                    worker.ledger.say(hostname, processed, event.pid);
                }
                if kind == Kind::Offline {
                    worker.leave(now);
                    worker.signed_off = true;
                }
            }
            _ => worker.ledger.hear(kind),
        }
    }

    /// Takes what a worker answered to `active_queues` and `stats`.
    pub(crate) fn answered(&mut self, hostname: &str, queues: Option<Vec<String>>, processes: Option<u64>, now: Instant) {
        let Some(worker) = self.worker(cut(hostname), now) else { return };
        worker.here(now);
        if let Some(queues) = queues {
            worker.queues = queues;
        }
        worker.processes = processes.or(worker.processes);
    }

    /// Events may have been lost just now: silence is not held against workers.
    pub(crate) fn resumed(&mut self) {
        for worker in self.known.values_mut() {
            worker.ledger.resumed();
        }
    }

    /// Lets workers go that have not been heard of, and removes those that have been gone for long: their names.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Box<str>> {
        let Lifetimes { timeout, purge } = self.lifetimes;
        let purged = self.known.extract_if(|hostname, worker| {
            if worker.gone.is_none() && timeout.is_some_and(|timeout| now.duration_since(worker.heard) >= timeout) {
                warn!(hostname, "Worker has not been heard of for its timeout");
                worker.leave(now);
            }
            worker.gone.zip(purge).is_some_and(|(gone, purge)| now.duration_since(gone) >= purge)
        });
        purged.map(|(hostname, _)| hostname).collect()
    }

    /// Names of all that are known.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(|hostname| &**hostname)
    }

    /// Names of those that are up.
    pub(crate) fn up(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter(|(_, worker)| worker.gone.is_none()).map(|(hostname, _)| &**hostname)
    }

    /// Names of those that are up and have to be told now to send events of their tasks: once each process of which it is
    /// not known whether it does, and again those that work and do not.
    pub(crate) fn tell(&mut self, now: Instant) -> Vec<String> {
        let up = self.known.iter_mut().filter(|(_, worker)| worker.gone.is_none());
        up.filter_map(|(hostname, worker)| worker.ledger.tell(now).then(|| hostname.to_string())).collect()
    }

    /// The queues of all workers that are up.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &str> {
        self.known.values().filter(|worker| worker.gone.is_none()).flat_map(|worker| worker.queues.iter().map(String::as_str))
    }

    /// Workers of a queue, and their processes.
    pub(crate) fn of_queue(&self, queue: &str) -> (u64, u64) {
        let takes = self.known.values().filter(|worker| worker.gone.is_none() && worker.queues.iter().any(|known| known == queue));
        takes.fold((0, 0), |(workers, processes), worker| (workers + 1, processes + worker.processes.unwrap_or(0)))
    }

    /// Every worker: hostname, whether it is up, and the tasks that it runs.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, bool, Option<u64>)> {
        self.known.iter().map(|(hostname, worker)| (&**hostname, worker.gone.is_none(), worker.active))
    }

    /// Sends what is known.
    pub(crate) fn collect(&self, samples: &mut Samples) {
        samples.gauge(&workers::ACTIVE, [], self.up().count());
        for (hostname, worker) in &self.known {
            samples.gauge(&workers::UP, [hostname], worker.gone.is_none());
            samples.gauge(&workers::SIGNED_OFF, [hostname], worker.signed_off);
            samples.gauge(&workers::TASKS_ACTIVE, [hostname], worker.active);
            samples.gauge(&workers::PROCESSES, [hostname], worker.processes);
            samples.gauge(&workers::LAST_HEARTBEAT, [hostname], worker.heartbeat);
            samples.gauge(&workers::EVENTS_ENABLED, [hostname], worker.ledger.enabled());
            samples.counter(&workers::EVENTS_MISSED, [hostname], worker.ledger.missed());
        }
    }

    fn worker(&mut self, hostname: &str, now: Instant) -> Option<&mut Worker> {
        if !self.known.contains_key(hostname) {
            if self.known.len() >= LIMIT {
                let oldest = self.known.iter().filter(|(_, worker)| worker.gone.is_some()).min_by_key(|(_, worker)| worker.heard);
                let oldest = oldest.map(|(hostname, _)| hostname.clone())?;
                self.known.remove(&oldest);
            }
            let worker = Worker {
                heard: now,
                gone: None,
                signed_off: false,
                heartbeat: None,
                active: None,
                processes: None,
                queues: Vec::new(),
                ledger: Ledger::default(),
            };
            self.known.insert(hostname.into(), worker);
        }
        self.known.get_mut(hostname)
    }
}

impl Worker {
    fn here(&mut self, now: Instant) {
        self.heard = now;
        self.gone = None;
        self.signed_off = false;
    }

    fn leave(&mut self, now: Instant) {
        self.gone = Some(now);
        self.active = Some(0);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ledger::{AGAIN, SETTLED, SOON},
        *,
    };

    const LIFETIMES: Lifetimes = Lifetimes { timeout: Some(Duration::from_mins(5)), purge: Some(Duration::from_mins(10)) };

    fn send(workers: &mut Workers, json: &str, now: Instant) {
        let event: Event<'_> = serde_json::from_str(json).unwrap();
        workers.event(Kind::of(&event.kind).unwrap(), &event, now, 1.0);
    }

    fn beat(workers: &mut Workers, processed: u64, pid: u32, now: Instant) {
        send(workers, &format!(r#"{{"type": "worker-heartbeat", "hostname": "w@h", "pid": {pid}, "processed": {processed}, "active": 1}}"#), now);
    }

    fn start(workers: &mut Workers, count: usize, now: Instant) {
        for _ in 0..count {
            send(workers, r#"{"type": "task-started", "hostname": "w@h"}"#, now);
        }
    }

    fn value(workers: &Workers, name: &str) -> Option<f64> {
        let mut samples = Samples::default();
        workers.collect(&mut samples);
        samples.text().lines().find_map(|line| line.strip_prefix(name)?.rsplit(' ').next()?.parse().ok())
    }

    #[test]
    fn lost_worker_goes_down_then_away() {
        let (mut workers, start) = (Workers::new(LIFETIMES), Instant::now());
        beat(&mut workers, 0, 1, start);
        workers.expire(start + Duration::from_secs(299));
        assert_eq!((value(&workers, "celery_worker_up{"), value(&workers, "celery_workers_active")), (Some(1.0), Some(1.0)));
        workers.expire(start + Duration::from_mins(5));
        assert_eq!((value(&workers, "celery_worker_up{"), value(&workers, "celery_worker_tasks_active{")), (Some(0.0), Some(0.0)));
        workers.expire(start + Duration::from_secs(899));
        assert_eq!(value(&workers, "celery_worker_up{"), Some(0.0));
        workers.expire(start + Duration::from_mins(15));
        assert_eq!((value(&workers, "celery_worker_up{"), value(&workers, "celery_workers_active")), (None, Some(0.0)));
    }

    #[test]
    fn timeout_of_none_waits_for_ever() {
        let (mut workers, start) = (Workers::new(Lifetimes { timeout: None, ..LIFETIMES }), Instant::now());
        beat(&mut workers, 0, 1, start);
        workers.expire(start + Duration::from_hours(100));
        assert_eq!(value(&workers, "celery_worker_up{"), Some(1.0));
        send(&mut workers, r#"{"type": "worker-offline", "hostname": "w@h"}"#, start);
        workers.expire(start + Duration::from_mins(10));
        assert_eq!(value(&workers, "celery_worker_up{"), None);
    }

    #[test]
    fn worker_is_told_to_send_events_once() {
        let (mut workers, now) = (Workers::new(LIFETIMES), Instant::now());
        beat(&mut workers, 5, 1, now);
        assert_eq!(workers.tell(now), [""; 0], "it may not take requests yet");
        let now = now + SETTLED;
        assert_eq!(workers.tell(now), ["w@h"]);
        assert_eq!(workers.tell(now + AGAIN * 3), [""; 0], "an idle worker may have been told");
        for processed in [6, 8, 9] {
            beat(&mut workers, processed, 1, now);
        }
        assert_eq!(value(&workers, "celery_worker_events_enabled{"), Some(0.0));
        assert_eq!(workers.tell(now + SOON / 2), [""; 0]);
        assert_eq!(workers.tell(now + SOON), ["w@h"], "it works and does not send");
        assert_eq!(workers.tell(now + AGAIN), [""; 0]);
        assert_eq!(workers.tell(now + SOON + AGAIN), ["w@h"], "nor does it then");
        beat(&mut workers, 0, 2, now);
        assert_eq!(workers.tell(now + AGAIN * 2), [""; 0]);
        assert_eq!(workers.tell(now + AGAIN * 2 + SETTLED), ["w@h"], "another process");
        start(&mut workers, 1, now);
        assert_eq!(workers.tell(now + AGAIN * 9), [""; 0]);
    }

    #[test]
    fn name_as_long_as_a_message_is_cut() {
        let (mut workers, now) = (Workers::new(LIFETIMES), Instant::now());
        let name = format!("w@{}", "h".repeat(10_000));
        send(&mut workers, &format!(r#"{{"type": "worker-heartbeat", "hostname": "{name}"}}"#), now);
        workers.answered(&name, None, Some(2), now);
        assert_eq!(workers.each().map(|(hostname, _, _)| hostname.len()).collect::<Vec<_>>(), [256]);
    }

    #[test]
    fn worker_that_ends_in_order_is_told_from_a_lost_one() {
        let (mut workers, start) = (Workers::new(LIFETIMES), Instant::now());
        beat(&mut workers, 0, 1, start);
        let up_and_signed_off = |workers: &Workers| (value(workers, "celery_worker_up{"), value(workers, "celery_worker_signed_off{"));
        assert_eq!(up_and_signed_off(&workers), (Some(1.0), Some(0.0)));
        send(&mut workers, r#"{"type": "worker-offline", "hostname": "w@h"}"#, start);
        send(&mut workers, r#"{"type": "task-succeeded", "hostname": "w@h"}"#, start + Duration::from_secs(1));
        assert_eq!(up_and_signed_off(&workers), (Some(0.0), Some(1.0)));
        send(&mut workers, r#"{"type": "task-started", "hostname": "w@h"}"#, start + Duration::from_secs(20));
        assert_eq!(up_and_signed_off(&workers), (Some(1.0), Some(0.0)));
        workers.expire(start + Duration::from_mins(10));
        assert_eq!(up_and_signed_off(&workers), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn worker_without_events_is_found_out() {
        let (mut workers, now) = (Workers::new(LIFETIMES), Instant::now());
        for processed in [5, 5, 8, 9] {
            assert_eq!(value(&workers, "celery_worker_events_enabled{"), None);
            beat(&mut workers, processed, 1, now);
        }
        assert_eq!(value(&workers, "celery_worker_events_enabled{"), Some(0.0));
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(0.0));
        start(&mut workers, 1, now);
        beat(&mut workers, 10, 1, now);
        beat(&mut workers, 10, 1, now);
        assert_eq!(value(&workers, "celery_worker_events_enabled{"), Some(1.0));
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(0.0));
    }

    #[test]
    fn shortfall_against_the_heartbeat_is_missed() {
        let (mut workers, now) = (Workers::new(LIFETIMES), Instant::now());
        beat(&mut workers, 100, 1, now);
        start(&mut workers, 3, now);
        // The events of two of these are still under way.
        beat(&mut workers, 105, 1, now);
        start(&mut workers, 2, now);
        beat(&mut workers, 105, 1, now);
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(0.0));
        beat(&mut workers, 109, 1, now);
        start(&mut workers, 1, now);
        beat(&mut workers, 109, 1, now);
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(3.0));
        beat(&mut workers, 109, 1, now);
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(3.0));
    }

    #[test]
    fn restarted_worker_counts_from_zero() {
        let (mut workers, now) = (Workers::new(LIFETIMES), Instant::now());
        beat(&mut workers, 100, 1, now);
        start(&mut workers, 1, now);
        beat(&mut workers, 101, 1, now);
        workers.resumed();
        beat(&mut workers, 2, 2, now);
        beat(&mut workers, 2, 2, now);
        assert_eq!(value(&workers, "celery_events_missed_total{"), Some(2.0));
    }
}
