//! The embedded store: everything in memory, within bounds, gone with the process.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use api_metrics::business::{State, UnitsLeft};

use super::{Task, User};
use crate::{
    identity,
    task::{PlanKind, TaskKind},
};

/// How long a session is valid.
const SESSION: Duration = Duration::from_hours(24);

/// Entries of each kind; past it nobody can register, and the oldest session or task goes.
const MOST: usize = 50_000;

/// Windows in which a user counts as active, in the order of the metric's label.
const PERIODS: [Duration; 3] = [Duration::from_hours(1), Duration::from_hours(24), Duration::from_hours(24 * 7)];

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Memory {
    low: f64,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    users: HashMap<String, Account>,
    emails: HashMap<String, String>,
    sessions: Aging<(String, Instant)>,
    tasks: Aging<Task>,
}

#[derive(Debug)]
struct Account {
    user: User,
    password_hash: String,
    seen: Instant,
}

/// Entries of which the oldest goes first.
#[derive(Debug)]
struct Aging<T> {
    entries: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Aging<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Aging<T> {
    fn insert(&mut self, key: String, value: T) {
        if self.entries.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }
}

impl Memory {
    pub(super) fn new(low: f64) -> Self {
        Self { low, tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn register(&self, email: &str, password_hash: &str, plan: PlanKind) -> Option<String> {
        let mut tables = self.tables();
        if tables.emails.contains_key(email) || tables.users.len() >= MOST {
            return None;
        }
        let id = identity::uuid();
        let user = User { id: id.clone(), email: email.to_owned(), plan: plan.as_str().to_owned(), units: plan.units() };
        tables.emails.insert(email.to_owned(), id.clone());
        tables.users.insert(id.clone(), Account { user, password_hash: password_hash.to_owned(), seen: Instant::now() });
        Some(id)
    }

    pub(super) fn login(&self, email: &str) -> Option<(String, String)> {
        let tables = self.tables();
        let account = tables.users.get(tables.emails.get(email)?)?;
        Some((account.user.id.clone(), account.password_hash.clone()))
    }

    pub(super) fn open_session(&self, user: &str, token_hash: &str) {
        self.tables().sessions.insert(token_hash.to_owned(), (user.to_owned(), Instant::now() + SESSION));
    }

    pub(super) fn session(&self, token_hash: &str) -> Option<String> {
        let (mut tables, now) = (self.tables(), Instant::now());
        let user = tables.sessions.entries.get(token_hash).filter(|(_, ends)| *ends > now)?.0.clone();
        tables.users.get_mut(&user)?.seen = now;
        Some(user)
    }

    pub(super) fn user(&self, id: &str) -> Option<User> {
        self.tables().users.get(id).map(|account| account.user.clone())
    }

    pub(super) fn consume(&self, user: &str, units: f64) -> Option<f64> {
        let mut tables = self.tables();
        let user = &mut tables.users.get_mut(user)?.user;
        (user.units >= units).then(|| {
            user.units -= units;
            user.units
        })
    }

    pub(super) fn add_units(&self, user: &str, units: f64) -> Option<f64> {
        let mut tables = self.tables();
        let user = &mut tables.users.get_mut(user)?.user;
        user.units += units;
        Some(user.units)
    }

    pub(super) fn create_task(&self, user: &str, kind: TaskKind) -> Task {
        let id = identity::uuid();
        let task = Task { id: id.clone(), user_id: user.to_owned(), kind, status: "queued".to_owned(), runtime_seconds: None };
        self.tables().tasks.insert(id, task.clone());
        task
    }

    pub(super) fn task(&self, id: &str) -> Option<Task> {
        self.tables().tasks.entries.get(id).cloned()
    }

    pub(super) fn end_task(&self, id: &str, status: &str, runtime_seconds: Option<f64>) -> Option<Task> {
        let mut tables = self.tables();
        let task = tables.tasks.entries.get_mut(id).filter(|task| task.status == "queued")?;
        status.clone_into(&mut task.status);
        task.runtime_seconds = runtime_seconds;
        Some(task.clone())
    }

    pub(super) fn state(&self) -> State {
        let (mut tables, now) = (self.tables(), Instant::now());
        let Tables { users, sessions, .. } = &mut *tables;
        sessions.entries.retain(|_, (_, ends)| *ends > now);
        sessions.order.retain(|token| sessions.entries.contains_key(token));
        let mut units = UnitsLeft::below(self.low);
        let mut active = [0; 3];
        for account in users.values() {
            units.add(&account.user.id, account.user.units);
            for (count, period) in active.iter_mut().zip(PERIODS) {
                *count += u64::from(now.saturating_duration_since(account.seen) <= period);
            }
        }
        let sessions = u64::try_from(sessions.entries.len()).ok();
        State { active_users: Some(active), sessions, units: Some(units) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_lives_through_its_uses() {
        let memory = Memory::new(10.0);
        let user = memory.register("ada@example.com", "hash", PlanKind::Free).unwrap();
        assert_eq!(memory.register("ada@example.com", "other", PlanKind::Team), None);
        assert_eq!(memory.login("ada@example.com"), Some((user.clone(), "hash".to_owned())));
        memory.open_session(&user, "token");
        assert_eq!((memory.session("token"), memory.session("other")), (Some(user.clone()), None));
        assert_eq!((memory.consume(&user, 45.0), memory.consume(&user, 6.0), memory.add_units(&user, 1.0)), (Some(5.0), None, Some(6.0)));
        let task = memory.create_task(&user, TaskKind::Export);
        assert_eq!(memory.end_task(&task.id, "succeeded", Some(2.0)).unwrap().status, "succeeded");
        assert_eq!(memory.end_task(&task.id, "failed", None), None);
        assert_eq!(memory.task(&task.id).unwrap().runtime_seconds, Some(2.0));
        let state = memory.state();
        assert_eq!((state.active_users, state.sessions), (Some([1, 1, 1]), Some(1)));
    }
}
