//! One task, and the rules by which each attempt at it ends once.
//!
//! Events carry no number of their attempt, and do not arrive in order: a client's `task-sent` comes after the worker's
//! `task-received` when the worker is quick, and `task-retried` after the next attempt was sent, received or even started.
//! So attempts are not matched one by one: what is kept is how many of them wait and run.

/// A time that is not known.
const NEVER: f64 = f64::NAN;

/// No attempt: one more than can be told apart.
const NONE: u8 = u8::MAX;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Failed,
    /// Killed by its time limit, which prefork workers report twice.
    Killed,
    Retried,
    Revoked,
    /// By its own wish; reported as a failure, as a rejection or as both.
    Rejected,
    /// Given up by its worker, to be delivered again: no outcome.
    Cancelled,
}

/// What is known of an attempt that has not started.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// When it was sent, by the exporter's clock.
    sent: f64,
    /// When it may start at the earliest, by the worker's clock.
    eta: f64,
    /// When it arrived at a worker, by the worker's clock.
    received: f64,
    worker: u16,
    retries: u8,
    /// Another worker has received and started it, so that this one may never.
    passed_on: bool,
}

impl Attempt {
    const NONE: Self = Self { sent: NEVER, eta: NEVER, received: NEVER, worker: 0, retries: NONE, passed_on: false };

    fn is_with(&self, worker: u16) -> bool {
        self.worker == worker && !self.received.is_nan()
    }
}

/// See the [module](self). Small: there is one for each of a hundred thousand tasks.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: u32,
    pub(crate) queue: u16,
    /// The attempt that starts next, and the one after it.
    first: Attempt,
    second: Attempt,
    /// When the last attempt started, by the worker's clock.
    started: f64,
    /// When an attempt started that has not been seen to be sent, by the exporter's clock.
    unsent: f64,
    unsent_retries: u8,
    /// The worker on which it started.
    unsent_worker: u16,
    /// Attempts received and not started.
    waiting: u8,
    /// Attempts started and not ended.
    running: u8,
    /// The worker that reported the last end, and that end, until an attempt starts again.
    worker: u16,
    ended: Option<End>,
    /// Rejected without having asked for it: a failure is on its way that says why.
    pub(crate) dropped: bool,
}

/// Times that an attempt spent before it started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Waits {
    pub(crate) queue: Option<f64>,
    pub(crate) prefetch: Option<f64>,
}

/// A point in time by the clock of its sender, and how far the exporter's clock is ahead of that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: f64,
    pub(crate) offset: f64,
}

impl Moment {
    const fn ours(self) -> f64 {
        self.at + self.offset
    }
}

impl Task {
    pub(crate) const fn new(name: u32) -> Self {
        Self {
            name,
            queue: 0,
            first: Attempt::NONE,
            second: Attempt::NONE,
            started: NEVER,
            unsent: NEVER,
            unsent_retries: NONE,
            unsent_worker: 0,
            waiting: 0,
            running: 0,
            worker: 0,
            ended: None,
            dropped: false,
        }
    }

    /// A client has sent an attempt. Gives its time in the queue, and the worker, if it has started already.
    pub(crate) fn sent(&mut self, retries: Option<u32>, moment: Moment, eta: Option<f64>) -> Option<(f64, u16)> {
        let retries = short(retries);
        if self.unsent_retries == retries && !self.unsent.is_nan() {
            let from = eta.map_or(moment.ours(), |eta| (eta + moment.offset).max(moment.ours()));
            let wait = (self.unsent - from).max(0.0);
            (self.unsent, self.unsent_retries) = (NEVER, NONE);
            return Some((wait, self.unsent_worker));
        }
        let attempt = self.attempt(retries);
        attempt.sent = moment.ours();
        attempt.eta = eta.unwrap_or(NEVER);
        None
    }

    /// A worker has received an attempt.
    pub(crate) fn received(&mut self, retries: Option<u32>, at: f64, eta: Option<f64>, worker: u16) {
        let attempt = self.delivered(short(retries), worker);
        (attempt.received, attempt.worker) = (at, worker);
        if let Some(eta) = eta {
            attempt.eta = eta;
        }
        self.waiting = self.waiting.saturating_add(1);
    }

    /// A worker has started an attempt.
    pub(crate) fn started(&mut self, moment: Moment, worker: u16) -> Waits {
        let attempt = self.begin(worker);
        self.running = self.running.saturating_add(1);
        self.ended = None;
        self.started = moment.at;
        let mut waits = Waits::default();
        if attempt.worker == worker && !attempt.received.is_nan() {
            waits.prefetch = Some((moment.at - attempt.received.max(attempt.eta)).max(0.0));
        }
        if attempt.sent.is_nan() {
            self.unsent_worker = worker;
            (self.unsent, self.unsent_retries) = (moment.ours(), if attempt.retries == NONE { 0 } else { attempt.retries });
        } else {
            waits.queue = Some((moment.ours() - attempt.sent.max(attempt.eta + moment.offset)).max(0.0));
        }
        waits
    }

    /// Whether an end that a worker reports is one that has not been counted.
    pub(crate) fn ended(&mut self, end: End, worker: u16) -> bool {
        let repeats = match self.ended {
            Some(End::Killed) => matches!(end, End::Killed | End::Rejected),
            Some(End::Rejected) => end == End::Rejected,
            _ => false,
        };
        if repeats && self.worker == worker {
            return false;
        }
        if self.running > 0 {
            self.running -= 1;
        } else if end == End::Retried {
            // Nothing is reported before it is retried, so what ran has not been seen.
        } else if self.waiting > 0 {
            self.begin(worker);
        } else if self.ended.is_some() {
            return false;
        }
        self.worker = worker;
        // What follows a retry is another attempt, whatever of it has been seen.
        self.ended = (end != End::Retried && end != End::Cancelled).then_some(end);
        true
    }

    /// How long the attempt that started last has run, by its worker's clock.
    pub(crate) fn ran(&self, until: Option<f64>) -> Option<f64> {
        until.map(|until| (until - self.started).max(0.0)).filter(|_| !self.started.is_nan())
    }

    /// When the attempt that starts next could first run, by the exporter's clock.
    pub(crate) fn ready(&self) -> Option<f64> {
        Some(self.first.sent.max(self.first.eta)).filter(|ready| !ready.is_nan())
    }

    /// Whether an attempt runs.
    pub(crate) const fn is_running(&self) -> bool {
        self.running > 0
    }

    /// Whether an end that is reported now would be one that has not been counted.
    pub(crate) const fn awaits_end(&self) -> bool {
        self.is_held() || self.ended.is_none()
    }

    /// Whether a worker has it.
    pub(crate) const fn is_held(&self) -> bool {
        self.waiting > 0 || self.running > 0
    }

    /// Whether nothing more is expected of it.
    pub(crate) const fn is_done(&self) -> bool {
        !self.is_held() && self.first.retries == NONE
    }

    /// The attempt that an event before its start is about.
    fn attempt(&mut self, retries: u8) -> &mut Attempt {
        let slot = if self.first.retries == retries || self.first.retries == NONE { &mut self.first } else { &mut self.second };
        if slot.retries != retries {
            *slot = Attempt { retries, ..Attempt::NONE };
        }
        slot
    }

    /// The attempt that a worker receives. What it gives back can be with another one before its own start is reported, so
    /// that an attempt has two of them for a while.
    fn delivered(&mut self, retries: u8, worker: u16) -> &mut Attempt {
        let first = &self.first;
        if first.retries != retries && first.passed_on && first.worker == worker {
            self.first = std::mem::replace(&mut self.second, Attempt::NONE);
        }
        let first = &self.first;
        let is_elsewhere = first.retries == retries && !first.received.is_nan() && first.worker != worker;
        let has_room = self.second.retries == retries || self.second.retries == NONE;
        if !(is_elsewhere && has_room) {
            return self.attempt(retries);
        }
        self.second.retries = retries;
        &mut self.second
    }

    /// The attempt that this worker starts now waits no longer: the first one, unless the worker has received the second one
    /// only. A worker under load reports a start later than another reports that of the next attempt.
    fn begin(&mut self, worker: u16) -> Attempt {
        self.waiting = self.waiting.saturating_sub(1);
        if !self.second.is_with(worker) || self.first.is_with(worker) {
            let next = std::mem::replace(&mut self.second, Attempt::NONE);
            return std::mem::replace(&mut self.first, next);
        }
        let mut attempt = std::mem::replace(&mut self.second, Attempt::NONE);
        if attempt.retries == self.first.retries {
            // It was sent once, whoever starts it.
            attempt.sent = std::mem::replace(&mut self.first.sent, NEVER);
            self.first.passed_on = true;
        }
        attempt
    }
}

/// Attempts past the two hundredth are not told apart.
fn short(retries: Option<u32>) -> u8 {
    u8::try_from(retries.unwrap_or(0)).unwrap_or(NONE - 1).min(NONE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(at: f64) -> Moment {
        Moment { at, offset: 0.0 }
    }

    #[test]
    fn waits_count_from_when_it_could_run() {
        let mut task = Task::new(1);
        assert_eq!(task.sent(Some(0), at(10.0), None), None);
        task.received(Some(0), 11.0, None, 7);
        assert_eq!(task.started(at(14.0), 7), Waits { queue: Some(4.0), prefetch: Some(3.0) });
        assert_eq!(task.ran(Some(15.5)), Some(1.5));
        task.sent(Some(1), at(15.0), Some(20.0));
        task.received(Some(1), 15.0, Some(20.0), 8);
        assert_eq!(task.started(at(20.5), 8), Waits { queue: Some(0.5), prefetch: Some(0.5) });
    }

    #[test]
    fn late_sent_still_gives_the_wait() {
        let mut task = Task::new(1);
        task.received(Some(0), 11.0, None, 7);
        assert_eq!(task.started(at(14.0), 7).queue, None);
        assert_eq!(task.sent(Some(0), at(10.0), None).map(|(wait, _)| wait), Some(4.0));
        task.ended(End::Succeeded, 7);
        assert!(task.is_done());
    }

    #[test]
    fn next_attempt_may_overtake_the_retry() {
        let mut task = Task::new(1);
        task.sent(Some(0), at(1.0), None);
        task.received(Some(0), 1.0, None, 1);
        task.sent(Some(1), at(3.0), Some(4.0));
        assert_eq!(task.started(at(2.0), 1), Waits { queue: Some(1.0), prefetch: Some(1.0) });
        task.received(Some(1), 3.0, Some(4.0), 2);
        assert_eq!(task.started(at(4.0), 2), Waits { queue: Some(0.0), prefetch: Some(0.0) });
        assert!(task.ended(End::Retried, 1));
        assert!(task.ended(End::Succeeded, 2));
        assert!(task.is_done());
    }

    #[test]
    fn starts_may_overtake_each_other() {
        let mut task = Task::new(1);
        task.sent(Some(0), at(1.0), None);
        task.received(Some(0), 2.0, None, 1);
        task.sent(Some(1), at(4.0), None);
        task.received(Some(1), 5.0, None, 2);
        assert_eq!(task.started(at(5.5), 2), Waits { queue: Some(1.5), prefetch: Some(0.5) });
        assert!(task.ended(End::Failed, 2));
        assert_eq!(task.started(at(3.0), 1), Waits { queue: Some(2.0), prefetch: Some(1.0) });
        assert!(task.ended(End::Retried, 1));
        assert!(task.is_done());
    }

    #[test]
    fn redelivery_may_overtake_the_start() {
        for [one, other] in [[1, 2], [2, 1]] {
            let mut task = Task::new(1);
            task.sent(Some(0), at(1.0), None);
            task.received(Some(0), 2.0, None, 1);
            task.received(Some(0), 4.0, None, 2);
            let waits = [one, other].map(|worker| task.started(at(if worker == 1 { 3.0 } else { 5.5 }), worker));
            let prefetch = waits.map(|waits| waits.prefetch);
            assert_eq!(prefetch, if one == 1 { [Some(1.0), Some(1.5)] } else { [Some(1.5), Some(1.0)] });
            assert!(waits[0].queue.is_some() && waits[1].queue.is_none(), "it was sent once");
            assert!(task.ended(End::Succeeded, 2));
        }
    }

    #[test]
    fn worker_that_ends_passes_its_task_on() {
        let mut task = Task::new(1);
        task.sent(Some(0), at(1.0), None);
        task.received(Some(0), 2.0, None, 1);
        task.received(Some(0), 9.0, None, 2);
        assert_eq!(task.started(at(10.0), 2), Waits { queue: Some(9.0), prefetch: Some(1.0) });
        assert_eq!(task.ready(), None);
        assert!(task.ended(End::Retried, 2));
        // The worker is back under its name, and what it had never started is no part of the next attempt.
        task.sent(Some(1), at(20.0), None);
        task.received(Some(1), 21.0, None, 1);
        assert_eq!(task.started(at(23.0), 1), Waits { queue: Some(3.0), prefetch: Some(2.0) });
    }

    #[test]
    fn hard_limit_ends_once() {
        let mut task = Task::new(1);
        task.received(Some(0), 1.0, None, 1);
        task.started(at(2.0), 1);
        assert!(task.ended(End::Killed, 1));
        assert!(!task.ended(End::Killed, 1));
        // The message goes back to the broker, and another worker may have it before the first one says so.
        task.received(Some(0), 3.0, None, 2);
        assert!(!task.ended(End::Rejected, 1));
        task.started(at(4.0), 2);
        assert!(task.ended(End::Succeeded, 2));
        assert!(!task.ended(End::Succeeded, 2));
    }

    #[test]
    fn end_without_a_start_counts_once() {
        for end in [End::Revoked, End::Failed] {
            let mut task = Task::new(1);
            task.sent(Some(0), at(1.0), None);
            assert!(task.ended(end, 1) && !task.ended(end, 1), "{end:?}");
        }
        let mut task = Task::new(1);
        task.received(Some(0), 1.0, None, 1);
        assert!(task.ended(End::Revoked, 1) && !task.ended(End::Revoked, 1));
    }

    #[test]
    fn redelivered_task_ends_again() {
        let mut task = Task::new(1);
        for worker in [1, 2] {
            task.received(Some(0), 1.0, None, worker);
            task.started(at(2.0), worker);
            assert!(task.ended(End::Rejected, worker));
        }
    }
}
