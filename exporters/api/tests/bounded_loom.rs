//! Every interleaving of additions with the opening and closing of a cell, and of additions with pages of a whole family, which
//! replace its table: an event is on exactly one series, and a series once on a page.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "a test of parts, which fails by panicking, and whose numbers are exact"
)]

#[path = "../src/bounded/cell.rs"]
mod cell;
#[path = "../src/bounded/ghosts.rs"]
mod ghosts;
#[path = "../src/bounded/keeper.rs"]
mod keeper;
#[path = "../src/bounded/key.rs"]
mod key;
#[path = "../src/bounded/settings.rs"]
mod settings;
#[path = "../src/bounded/sketch.rs"]
mod sketch;
#[path = "../src/bounded/table.rs"]
mod table;
#[path = "../src/bounded/values.rs"]
mod values;

/// As in the family, but seen by loom.
mod atomic {
    pub(super) use loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    };

    /// What the lock-free one promises: a reader keeps the value that it has found.
    pub(super) struct Swap<T>(Mutex<std::sync::Arc<T>>);

    impl<T> Swap<T> {
        pub(super) fn from_pointee(value: T) -> Self {
            Self(Mutex::new(value.into()))
        }

        pub(super) fn load(&self) -> std::sync::Arc<T> {
            std::sync::Arc::clone(&self.0.lock().unwrap())
        }

        pub(super) fn store(&self, value: std::sync::Arc<T>) {
            *self.0.lock().unwrap() = value;
        }
    }
}

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use foldhash::{SharedSeed, quality::SeedableRandomState};
use loom::{sync::Arc, thread};

use cell::Cell;
use settings::Settings;
use values::{Bounded, OTHER};

fn opened() -> Cell {
    let cell = Cell::new();
    cell.open(0.0);
    cell
}

fn add(named: &Cell, other: &Cell) {
    if !named.add(1.0) {
        other.add(1.0);
    }
}

#[test]
fn event_is_on_one_series_while_its_value_is_withdrawn() {
    loom::model(|| {
        let cells = Arc::new((opened(), opened()));
        let adders: Vec<_> = (0..2)
            .map(|_| {
                let cells = Arc::clone(&cells);
                thread::spawn(move || add(&cells.0, &cells.1))
            })
            .collect();
        let last = cells.0.close().unwrap_or(f64::NAN);
        for adder in adders {
            adder.join().unwrap();
        }
        assert_eq!(last + cells.1.amount().unwrap(), 2.0);
        assert!(cells.0.amount().is_none() && !cells.0.add(1.0));
    });
}

#[test]
fn event_is_on_one_series_while_its_value_is_opened() {
    loom::model(|| {
        let cells = Arc::new((Cell::new(), opened()));
        let adder = {
            let cells = Arc::clone(&cells);
            thread::spawn(move || {
                add(&cells.0, &cells.1);
                add(&cells.0, &cells.1);
            })
        };
        // The keeper opens what it has announced, and announces what was wanted.
        if cells.0.is_wanted() {
            cells.0.open(10.0);
        }
        let seen = cells.0.amount().unwrap_or(10.0);
        adder.join().unwrap();
        assert!((10.0..=11.0).contains(&seen));
        assert_eq!(cells.0.amount().unwrap_or(10.0) - 10.0 + cells.1.amount().unwrap(), 2.0);
    });
}

const EPOCH: Duration = Duration::from_secs(30);

/// One page: its series, and what has come since the last.
fn scrape(bounded: &Bounded, now: Instant, last: &mut BTreeMap<String, f64>) -> f64 {
    let (mut page, mut increase) = (Vec::new(), 0.0);
    bounded.collect(now, |value, _, amount| page.push((value.unwrap_or(OTHER).to_owned(), amount)));
    let mut names: Vec<_> = page.iter().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), page.len(), "a series is on the page twice: {page:?}");
    for (name, amount) in page {
        increase += amount - last.insert(name, amount).unwrap_or(0.0);
    }
    increase
}

#[test]
fn event_is_on_one_series_while_pages_replace_the_table() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        // A value is announced with the first page, counted from the second on, idle after one epoch more, and withdrawn.
        let settings = Settings { values: 2, epoch: EPOCH, turnover: 1, idle_epochs: 1 };
        let bounded = Arc::new(Bounded::with_hasher(settings, 1, SeedableRandomState::with_seed(7, SharedSeed::global_fixed())));
        let (start, mut last) = (Instant::now(), BTreeMap::new());
        bounded.add("ada", 0, 1.0);
        let mut increases = scrape(&bounded, start, &mut last);
        let adder = {
            let bounded = Arc::clone(&bounded);
            thread::spawn(move || {
                bounded.add("ada", 0, 1.0);
                bounded.add("ada", 0, 1.0);
            })
        };
        for epoch in 1..=4 {
            increases += scrape(&bounded, start + EPOCH * epoch, &mut last);
        }
        adder.join().unwrap();
        for epoch in 5..=7 {
            increases += scrape(&bounded, start + EPOCH * epoch, &mut last);
        }
        assert_eq!(increases, 3.0);
    });
}
