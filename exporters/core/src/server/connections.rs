//! The table of open connections, and who has to go when it is full.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::{
    limits::{Limit, Limits},
    timed::{Phase, Stage},
};

/// Open connections at the most: enough for any number of real scrapers.
const MOST: usize = 256;

/// Every open connection.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Table>,
    limits: Arc<Limits>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    entries: HashMap<u64, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    stage: Arc<Stage>,
    evict: Arc<Notify>,
}

/// One open connection; leaves the table when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    id: u64,
    entry: Entry,
    table: Arc<Connections>,
}

impl Connections {
    pub(super) fn new(limits: Arc<Limits>) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), limits, changed: Notify::new() })
    }

    /// Takes a connection in. When the table is full the one that has been silent for longest goes; if all are being
    /// answered, there is no room.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Connection> {
        let mut table = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if table.entries.len() >= MOST {
            self.limits.hit(Limit::Connections);
            let silent = table.entries.iter().filter_map(|(id, entry)| match entry.stage.now() {
                (Phase::Handshake | Phase::Idle | Phase::Head | Phase::Login, since) => Some((since, *id)),
                _ => None,
            });
            let (_, oldest) = silent.min()?;
            if let Some(entry) = table.entries.remove(&oldest) {
                entry.evict.notify_one();
            }
        }
        let id = table.next;
        table.next += 1;
        let entry = Entry { stage: Stage::new(Arc::clone(&self.limits)), evict: Arc::default() };
        table.entries.insert(id, entry.clone());
        self.limits.opened();
        Some(Connection { id, entry, table: Arc::clone(self) })
    }

    pub(super) fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).entries.len()
    }

    /// Waits until no connection is open.
    pub(super) async fn drained(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open() == 0 {
                return;
            }
            changed.await;
        }
    }
}

impl Connection {
    pub(super) fn stage(&self) -> Arc<Stage> {
        Arc::clone(&self.entry.stage)
    }

    /// Waits until this connection has to make room for another.
    pub(super) async fn evicted(&self) {
        self.entry.evict.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.table.open.lock().unwrap_or_else(PoisonError::into_inner).entries.remove(&self.id);
        self.table.limits.closed();
        self.table.changed.notify_waiters();
    }
}
