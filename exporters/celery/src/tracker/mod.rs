//! From events to counts: joins what events say of a task, and counts each attempt's end once.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::BuildHasher,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use exporter_core::{CounterSeries, HistogramSeries, Registry};
use foldhash::quality::RandomState;
use metric_catalogue::celery::{
    events::{EVENTS, LAG, TYPES},
    tasks::{DUPLICATE_OUTCOMES, FORGOTTEN},
};

use crate::{
    clocks::Clocks,
    counts::{About, Outcome, Scheme, Time, host},
    event::{
        Event, Kind, decode,
        envelope::Unreadable,
        eta,
        exception::{self, Failed},
    },
    tasks::{
        filter::Filter,
        names::{Names, UNKNOWN, cut},
        table::Table,
        task::{End, Moment},
    },
    workers::{Lifetimes, Workers},
};

mod held;

use held::{Held, What};

/// What is counted of a task whose name is not known, and of all tasks whose names are too many.
const UNKNOWN_TASK: &str = "__unknown__";
const OTHER_TASK: &str = "__other__";

/// Most queues.
const QUEUES: usize = 500;

/// Most workers whose hostnames are kept for tasks that are heard to be sent after they have started.
const HOSTS: usize = 5_000;

/// Bounds, and what is counted.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) table_bytes: usize,
    pub(crate) names: usize,
    pub(crate) tasks: Filter,
    pub(crate) lifetimes: Lifetimes,
}

/// When a message arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    /// Seconds since 1970.
    pub(crate) clock: f64,
    /// It could have arrived before, had anybody been there.
    pub(crate) waited: bool,
}

impl Arrival {
    pub(crate) fn now() -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        Self { at: Instant::now(), clock, waited: false }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Tracker {
    pub(crate) workers: Workers,
    pub(crate) table: Table,
    pub(crate) queues: Names,
    names: Names,
    /// By number of the name: whether it is counted.
    wanted: Vec<bool>,
    tasks: Filter,
    clocks: Clocks,
    scheme: Scheme,
    /// By mark, where the scheme counts by host.
    hosts: HashMap<u16, Box<str>, RandomState>,
    held: VecDeque<Held>,
    events: Vec<CounterSeries>,
    lag: HistogramSeries,
    duplicates: CounterSeries,
    forgotten: CounterSeries,
    forgotten_counted: u64,
    hasher: RandomState,
    started: Instant,
}

impl Tracker {
    pub(crate) fn new(settings: Settings, scheme: Scheme, registry: &Registry) -> Self {
        let events = registry.counter(&EVENTS);
        Self {
            workers: Workers::new(settings.lifetimes),
            table: Table::new(settings.table_bytes),
            queues: Names::new("", "__other__", QUEUES),
            names: Names::new(UNKNOWN_TASK, OTHER_TASK, settings.names),
            wanted: vec![true, true],
            tasks: settings.tasks,
            clocks: Clocks::default(),
            scheme,
            hosts: HashMap::default(),
            held: VecDeque::new(),
            events: TYPES.iter().map(|name| events.series([name])).collect(),
            lag: registry.histogram(&LAG).series([]),
            duplicates: registry.counter(&DUPLICATE_OUTCOMES).series([]),
            forgotten: registry.counter(&FORGOTTEN).series([]),
            forgotten_counted: 0,
            hasher: RandomState::default(),
            started: Instant::now(),
        }
    }

    /// Takes the body of a message.
    pub(crate) fn message(&mut self, body: &[u8], arrival: Arrival) {
        let decoded = decode(body);
        self.count("malformed", decoded.malformed);
        for event in &decoded.events {
            self.event(event, arrival);
        }
        let forgotten = self.table.forgotten;
        self.forgotten.add(forgotten - std::mem::replace(&mut self.forgotten_counted, forgotten));
    }

    /// Counts a message that cannot be read.
    pub(crate) fn unreadable(&mut self, why: Unreadable) {
        self.count(if why == Unreadable::Content { "unsupported_content" } else { "malformed" }, 1);
    }

    /// Counts a message that is too large to be read.
    pub(crate) fn too_large(&mut self) {
        self.count("too_large", 1);
    }

    /// What is due with time alone.
    pub(crate) fn tick(&mut self, now: Instant) {
        let gone = self.workers.expire(now);
        if !gone.is_empty() {
            // A host is gone with the last of its nodes.
            let here: HashSet<&str> = self.workers.names().map(host).collect();
            let gone: Vec<&str> = gone.iter().map(|node| host(node)).filter(|host| !here.contains(host)).collect();
            self.scheme.forget(&gone);
        }
        let seconds = self.seconds(now);
        while let Some(held) = self.held.pop_front_if(|held| held.due <= seconds) {
            self.settle(&held, seconds);
        }
    }

    /// When the task with this id could first run, in seconds since 1970, if that is known.
    pub(crate) fn ready(&self, id: &str) -> Option<f64> {
        self.table.peek(self.table.find(id)?)?.ready()
    }

    fn event(&mut self, event: &Event<'_>, arrival: Arrival) {
        let Some(kind) = Kind::of(&event.kind) else { return self.count("unknown", 1) };
        if let Some(series) = self.events.get(kind.position()) {
            series.add(1);
        }
        let hostname = cut(event.hostname.as_deref().unwrap_or_default());
        let stamped = event.timestamp.filter(|stamped| stamped.is_finite()).unwrap_or(arrival.clock);
        let offset = self.clocks.offset(hostname, stamped, arrival.clock, arrival.waited);
        self.lag.observe((arrival.clock - stamped - offset).max(0.0));
        if kind != Kind::Sent {
            self.workers.event(kind, event, arrival.at, arrival.clock);
        }
        if !matches!(kind, Kind::Online | Kind::Heartbeat | Kind::Offline)
            && let Some(id) = event.uuid.as_deref()
        {
            self.task(kind, event, (cut(id), hostname), Moment { at: stamped, offset }, self.seconds(arrival.at));
        }
    }

    fn task(&mut self, kind: Kind, event: &Event<'_>, (id, hostname): (&str, &str), moment: Moment, now: u32) {
        let at = self.table.enter(id, now);
        let unregistered = event.exception.as_deref().and_then(exception::unregistered);
        let name = event.name.as_deref().or(unregistered).map(|name| self.number(name));
        let queue = event.queue.as_deref().map(|queue| self.queues.number(queue));
        let worker = self.mark(hostname);
        self.keep_host(kind, worker, hostname);
        let Some(task) = self.table.task(at) else { return };
        if let Some(name) = name {
            task.name = name;
        }
        if let Some(queue) = queue {
            task.queue = u16::try_from(queue).unwrap_or(0);
        }
        let number = task.name;
        let wanted = is_wanted(&self.wanted, number);
        let about = About { name: self.names.name(number), number, hostname, queue: self.queues.name(u32::from(task.queue)) };
        let eta = event.eta.as_deref().and_then(eta::seconds);
        let scheme = wanted.then_some(&mut self.scheme);
        let mut held = None;
        let ended = match kind {
            Kind::Sent => {
                let late = task.sent(event.retries, moment, eta);
                let late = late.map(|(wait, worker)| (wait, self.hosts.get(&worker).map_or(hostname, |hostname| hostname)));
                sent(scheme, about, late);
                None
            }
            Kind::Received => {
                task.received(event.retries, moment.at, eta, worker);
                before(scheme, kind, about, [None, None]);
                None
            }
            Kind::Started => {
                let waits = task.started(moment, worker);
                before(scheme, kind, about, [waits.queue, waits.prefetch]);
                None
            }
            Kind::Rejected if event.requeue != Some(true) && task.awaits_end() => {
                task.dropped = true;
                held = Some(What::Rejection);
                None
            }
            _ => end(kind, event),
        };
        if let Some((end, outcome)) = ended {
            let ran = if task.is_running() { task.ran(Some(moment.at)) } else { None };
            task.dropped = false;
            let ran = event.runtime.or(ran);
            match outcome {
                _ if !task.ended(end, worker) => self.duplicates.add(1),
                Some(outcome) if number == UNKNOWN => held = Some(What::Nameless { outcome: outcome.into(), ran }),
                Some(outcome) => after(wanted.then_some(&mut self.scheme), outcome, ran, about),
                None => {}
            }
        }
        self.table.file(at, now);
        if let Some(what) = held {
            self.hold(Held { due: now + held::SECONDS, id: id.into(), hostname: hostname.into(), what }, now);
        }
    }

    fn keep_host(&mut self, kind: Kind, mark: u16, hostname: &str) {
        if kind == Kind::Started && matches!(self.scheme, Scheme::Peer(_)) && !self.hosts.contains_key(&mark) {
            if self.hosts.len() >= HOSTS {
                self.hosts.clear();
            }
            self.hosts.insert(mark, hostname.into());
        }
    }

    fn hold(&mut self, held: Held, now: u32) {
        self.held.push_back(held);
        if self.held.len() > held::MOST
            && let Some(oldest) = self.held.pop_front()
        {
            self.settle(&oldest, now);
        }
    }

    /// Counts what was held, as it is known now.
    fn settle(&mut self, held: &Held, now: u32) {
        let worker = self.mark(&held.hostname);
        let at = self.table.find(&held.id);
        let task = at.and_then(|at| self.table.task(at));
        let (mut number, mut queue, mut is_outcome) = (UNKNOWN, 0, true);
        if let Some(task) = task {
            (number, queue) = (task.name, task.queue);
            if matches!(held.what, What::Rejection) {
                is_outcome = std::mem::take(&mut task.dropped) && task.ended(End::Rejected, worker);
            }
        }
        let about = About { name: self.names.name(number), number, hostname: &held.hostname, queue: self.queues.name(u32::from(queue)) };
        let scheme = (is_outcome && is_wanted(&self.wanted, number)).then_some(&mut self.scheme);
        match &held.what {
            What::Rejection => after(scheme, Outcome::Rejected, None, about),
            What::Nameless { outcome, ran } => after(scheme, outcome.outcome(), *ran, about),
        }
        if let Some(at) = at {
            self.table.file(at, now);
        }
    }

    fn number(&mut self, name: &str) -> u32 {
        let number = self.names.number(name);
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        if number != UNKNOWN && at >= self.wanted.len() {
            self.wanted.push(self.tasks.wants(name));
        }
        number
    }

    /// A worker in two bytes: enough to tell two reports of one worker from those of two.
    fn mark(&self, hostname: &str) -> u16 {
        let [low, high, ..] = self.hasher.hash_one(hostname).to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    fn count(&self, name: &str, events: u64) {
        if let Some((_, series)) = TYPES.iter().zip(&self.events).find(|(known, _)| **known == name) {
            series.add(events);
        }
    }

    fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.started).as_secs()).unwrap_or(u32::MAX)
    }
}

/// Counts a task that was sent, and its time in the queue where it has started already: that is of the host on which it has.
fn sent(scheme: Option<&mut Scheme>, about: About<'_>, late: Option<(f64, &str)>) {
    let Some(scheme) = scheme else { return };
    scheme.event(Kind::Sent, about);
    if let Some((seconds, hostname)) = late {
        scheme.took(Time::Queue, seconds, About { hostname, ..about });
    }
}

/// Counts an event before the end, and the times that it ends.
fn before(scheme: Option<&mut Scheme>, kind: Kind, about: About<'_>, [queue, prefetch]: [Option<f64>; 2]) {
    let Some(scheme) = scheme else { return };
    scheme.event(kind, about);
    for (time, seconds) in [(Time::Queue, queue), (Time::Prefetch, prefetch)] {
        if let Some(seconds) = seconds {
            scheme.took(time, seconds, about);
        }
    }
}

/// Whether tasks whose name has this number are counted.
fn is_wanted(wanted: &[bool], number: u32) -> bool {
    usize::try_from(number).ok().and_then(|number| wanted.get(number)).copied().unwrap_or(true)
}

/// Counts an outcome.
fn after(scheme: Option<&mut Scheme>, outcome: Outcome<'_>, ran: Option<f64>, about: About<'_>) {
    let Some(scheme) = scheme else { return };
    scheme.ended(outcome, about);
    let succeeded = outcome == Outcome::Succeeded;
    if (succeeded || matches!(outcome, Outcome::Failed { .. }))
        && let Some(seconds) = ran.filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
    {
        scheme.took(Time::Run { succeeded }, seconds, about);
    }
}

/// What an event says of an end.
fn end<'a>(kind: Kind, event: &'a Event<'_>) -> Option<(End, Option<Outcome<'a>>)> {
    Some(match kind {
        Kind::Succeeded => (End::Succeeded, Some(Outcome::Succeeded)),
        Kind::Retried => (End::Retried, Some(Outcome::Retried)),
        Kind::Revoked => (End::Revoked, Some(Outcome::Revoked)),
        Kind::Rejected => (End::Rejected, Some(Outcome::Rejected)),
        Kind::Cancelled => (End::Cancelled, None),
        Kind::Failed => match exception::failed(event.exception.as_deref().unwrap_or_default(), event.traceback.as_deref()) {
            Failed::Reject => (End::Rejected, Some(Outcome::Rejected)),
            Failed::Error(class @ "TimeLimitExceeded") => (End::Killed, Some(Outcome::Failed { class, timeout: true })),
            Failed::Error(class) => (End::Failed, Some(Outcome::Failed { class, timeout: class == "SoftTimeLimitExceeded" })),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
