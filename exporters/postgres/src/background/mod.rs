//! Measurements that a page must not wait for: sizes take locks, directories may be huge, and other databases need
//! connections of their own.
//!
//! One task makes rounds. Each round visits the connected database and, if asked to, all others, over at most K connections
//! that are closed afterwards. A page shows what the last visit found, and how long ago that was.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use exporter_core::Flight;
use metric_catalogue::postgres::background;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    collectors::{self, Collector, Options},
    config::Config,
    link::Dialer,
    outcomes::Outcomes,
    status::Status,
};

mod sizes;
mod tasks;
mod visit;

use visit::{Databases, Round, Visit};

/// What every visit found last, by database; the empty name is the server as a whole.
type Visits = Arc<Mutex<BTreeMap<String, Visit>>>;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Background {
    /// What makes the rounds, until the first page starts it.
    round: Option<Round>,
    interval: Duration,
    task: Option<JoinHandle<()>>,
    visits: Visits,
    open: Arc<AtomicUsize>,
    readers: Vec<Box<dyn Collector>>,
    rounds: watch::Receiver<u64>,
    sender: Option<watch::Sender<u64>>,
}

impl Background {
    /// `budget` bounds the connections of all rounds that share it.
    pub(crate) fn new(config: &Config, dialer: &Dialer, options: &Options, budget: &Arc<Semaphore>) -> Self {
        let visits = Visits::default();
        let open = Arc::<AtomicUsize>::default();
        let enabled = |collector: &dyn Collector| config.runs(tasks::flag(collector.name()));
        let tasks = || tasks::all(options).into_iter().filter(|task| enabled(task.as_ref())).collect::<Vec<_>>();
        let visitors = || {
            collectors::all(options).into_iter().filter(|collector| collector.is_per_database() && enabled(collector.as_ref())).collect::<Vec<_>>()
        };
        let (sender, rounds) = watch::channel(0);
        let idle = tasks().is_empty() && !config.visits_all();
        let round = Round {
            dialer: dialer.beside(visit::SESSION),
            visits: Arc::clone(&visits),
            open: Arc::clone(&open),
            connections: config.further_sessions(),
            budget: Arc::clone(budget),
            databases: Databases::default(),
            others: config.visits_all(),
            included: config.include_databases.clone(),
            excluded: config.exclude_databases.clone(),
            tasks: tasks(),
            collectors: visitors(),
        };
        Self {
            round: (!idle).then_some(round),
            interval: config.background_interval.max(Duration::from_secs(1)),
            task: None,
            visits,
            open,
            readers: tasks().into_iter().chain(visitors()).collect(),
            rounds,
            sender: Some(sender),
        }
    }

    /// Begins with the rounds, if that has not been done yet.
    pub(crate) fn start(&mut self) {
        if let (Some(mut round), Some(sender)) = (self.round.take(), self.sender.take()) {
            let interval = self.interval;
            self.task = Some(tokio::spawn(async move {
                loop {
                    let next = Instant::now() + interval;
                    round.run().await;
                    sender.send_modify(|rounds| *rounds += 1);
                    tokio::time::sleep_until(next).await;
                }
            }));
        }
    }

    /// Waits until the first round is over, or until `deadline`.
    pub(crate) async fn first_round(&mut self, deadline: Instant) {
        if self.task.is_some() {
            let _ = timeout_at(deadline, self.rounds.wait_for(|rounds| *rounds > 0)).await;
        }
    }

    /// Whether the first round is over.
    pub(crate) fn is_settled(&self) -> bool {
        self.task.is_none() || *self.rounds.borrow() > 0
    }

    /// The tasks that do not run.
    pub(crate) fn idle(config: &Config, options: &Options) -> Vec<Box<dyn Collector>> {
        tasks::all(options).into_iter().filter(|task| !config.runs(tasks::flag(task.name()))).collect()
    }

    /// Adds what was found to a page.
    pub(crate) fn read(&mut self, flight: &mut Flight, status: &Mutex<Status>, outcomes: &mut Outcomes) {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        for (database, visit) in visits.iter() {
            for reader in &mut self.readers {
                let Some(answer) = visit.answers.get(reader.name()) else { continue };
                let name = tasks::flag(reader.name());
                if !answer.rows.is_empty() {
                    flight.read(name, |samples| reader.read(&answer.rows, samples));
                }
                let mut status = status.lock().unwrap_or_else(PoisonError::into_inner);
                // What pages ask themselves has its state from there.
                if !outcomes.contains(name) || answer.error.is_some() {
                    status.collector(name, reader.right(), answer.error.as_ref());
                }
                if reader.name() == tasks::SEQUENCE_RIGHTS {
                    status.unreadable_sequences(database, tasks::unreadable(&answer.rows));
                }
                drop(status);
                outcomes.record(name, visit.took, answer.error.is_none());
                match &answer.error {
                    Some(error) => flight.failed(name, error),
                    None => flight.read(name, |_| Ok::<(), std::fmt::Error>(())),
                }
            }
            let task = if database.is_empty() { "server" } else { "database" };
            let samples = flight.samples();
            samples.gauge(&background::AGE, [task, database], visit.at.map(|at| at.elapsed()));
            samples.gauge(&background::DURATION, [task, database], visit.took);
            samples.gauge(&background::SUCCESS, [task, database], visit.error.is_none());
            match task {
                "server" => samples.gauge(&background::DATABASES_SKIPPED, [], visit.skipped),
                _ => samples.gauge(&background::SKIPPED, [database], visit.skipped),
            }
        }
        drop(visits);
        if self.task.is_some() {
            flight.samples().gauge(&background::CONNECTIONS, [], self.open.load(Ordering::Relaxed));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
