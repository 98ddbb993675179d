//! Every interleaving of additions with the opening and closing of a cell: an event is on exactly one series.
#![allow(clippy::allow_attributes, clippy::float_cmp, clippy::unwrap_used, reason = "a test fails by panicking, and its numbers are exact")]

#[path = "../src/bounded/cell.rs"]
mod cell;

mod atomic {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
}

use loom::{sync::Arc, thread};

use cell::Cell;

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
