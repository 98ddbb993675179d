//! Every interleaving of threads that count, add series and read: nothing is lost, doubled or torn.
#![allow(clippy::allow_attributes, clippy::float_cmp, clippy::unwrap_used, dead_code, reason = "a test of parts, which fails by panicking")]

#[path = "../src/registry/index.rs"]
mod index;
#[path = "../src/registry/latest.rs"]
mod latest;
#[path = "../src/registry/store.rs"]
mod store;
#[path = "../src/registry/table.rs"]
mod table;

/// As in the registry, but seen by loom, and so small that a few series make everything grow.
mod sync {
    pub(super) use std::sync::{Arc, PoisonError};

    pub(super) use foldhash::fast::FixedState as RandomState;
    use loom::sync::atomic::AtomicBool;
    pub(super) use loom::sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering, fence},
    };

    /// The standard library's, and what its users may rely on: who sees a value sees all that was done before it was set.
    #[derive(Debug)]
    pub(super) struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicBool,
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self { value: std::sync::OnceLock::new(), is_set: AtomicBool::new(false) }
        }
    }

    impl<T> OnceLock<T> {
        pub(super) fn new() -> Self {
            Self::default()
        }

        pub(super) fn get(&self) -> Option<&T> {
            self.is_set.load(Ordering::Acquire).then(|| self.value.get()).flatten()
        }

        pub(super) fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.is_set.store(true, Ordering::Release);
            Ok(())
        }

        pub(super) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            if let Some(value) = self.get() {
                return value;
            }
            let value = self.value.get_or_init(make);
            self.is_set.store(true, Ordering::Release);
            value
        }
    }

    pub(super) const FIRST_LEVEL: usize = 2;
    pub(super) const FIRST_CHUNK: usize = 1;
    pub(super) const NEXT_CHUNK: usize = 2;
    pub(super) const WORDS: usize = 2;
}

mod samples {
    pub(crate) const LABEL_VALUE_BYTES: usize = 256;

    pub(crate) fn write_escaped(out: &mut String, value: &str, _: usize) -> bool {
        out.push_str(value);
        false
    }
}

use std::collections::BTreeMap;

use loom::{model::Builder, thread};

use index::Index;
use latest::Latest;
use store::{Slot, add_float};
use sync::{Arc, AtomicU64, Ordering};

metric_catalogue::catalogue! {
    /// Events
    EVENTS: Counter = "test_events_total" ["kind"];
}

/// All schedules with at most this many preemptions: more find nothing that fewer do not, and take minutes.
const PREEMPTIONS: usize = 3;

fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(test);
}

fn count(index: &Index, kind: &str) {
    if let Some(cell) = index.find(&[kind]).and_then(Slot::cell) {
        cell.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted(index: &Index) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    index.store.each(|labels, cells, _| {
        let before = counted.insert(labels.to_owned(), cells.first().unwrap().load(Ordering::Relaxed));
        assert_eq!(before, None, "{labels} is there twice");
    });
    counted
}

fn expected(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(kind, count)| (format!("kind=\"{kind}\""), *count)).collect()
}

#[test]
fn new_series_is_made_once() {
    model(|| {
        let index = Arc::new(Index::new(EVENTS.definition(), 1, 4));
        let other = Arc::clone(&index);
        let thread = thread::spawn(move || count(&other, "a"));
        count(&index, "a");
        thread.join().unwrap();
        assert_eq!((counted(&index), index.store.len()), (expected(&[("a", 2)]), 1));
    });
}

#[test]
fn known_series_is_found_while_the_table_grows() {
    model(|| {
        let index = Arc::new(Index::new(EVENTS.definition(), 1, 4));
        count(&index, "a");
        let other = Arc::clone(&index);
        let thread = thread::spawn(move || {
            count(&other, "b");
            count(&other, "a");
        });
        count(&index, "a");
        count(&index, "b");
        thread.join().unwrap();
        assert_eq!(counted(&index), expected(&[("a", 3), ("b", 2)]));
    });
}

#[test]
fn page_sees_whole_series_only() {
    model(|| {
        let index = Arc::new(Index::new(EVENTS.definition(), 1, 4));
        let other = Arc::clone(&index);
        let thread = thread::spawn(move || {
            count(&other, "a");
            count(&other, "b");
        });
        let seen = counted(&index);
        assert!(seen.keys().all(|labels| labels == "kind=\"a\"" || labels == "kind=\"b\""), "{seen:?}");
        assert!(seen.values().all(|count| *count <= 1), "{seen:?}");
        thread.join().unwrap();
        assert_eq!(counted(&index), expected(&[("a", 1), ("b", 1)]));
    });
}

#[test]
fn limit_holds_whoever_comes_first() {
    model(|| {
        let index = Arc::new(Index::new(EVENTS.definition(), 1, 1));
        let other = Arc::clone(&index);
        let thread = thread::spawn(move || count(&other, "a"));
        count(&index, "b");
        thread.join().unwrap();
        assert_eq!((counted(&index).len(), index.store.len(), index.refused()), (1, 1, 1));
    });
}

#[test]
fn amounts_are_added_once() {
    model(|| {
        let sum = Arc::new(AtomicU64::new(0));
        let other = Arc::clone(&sum);
        let thread = thread::spawn(move || add_float(&other, 0.5));
        add_float(&sum, 2.0);
        thread.join().unwrap();
        assert_eq!(f64::from_bits(sum.load(Ordering::Relaxed)), 2.5);
    });
}

#[test]
fn exemplar_is_never_torn() {
    model(|| {
        let latest = Arc::new(Latest::default());
        latest.write([1, 1]);
        let other = Arc::clone(&latest);
        let thread = thread::spawn(move || other.write([2, 2]));
        let seen = latest.read();
        assert!(matches!(seen, None | Some([1, 1] | [2, 2])), "{seen:?}");
        thread.join().unwrap();
        assert_eq!(latest.read(), Some([2, 2]));
    });
}

#[test]
fn one_of_two_exemplars_stands() {
    model(|| {
        let latest = Arc::new(Latest::default());
        let other = Arc::clone(&latest);
        let thread = thread::spawn(move || other.write([2, 2]));
        latest.write([1, 1]);
        thread.join().unwrap();
        let last = latest.read();
        assert!(matches!(last, Some([1, 1] | [2, 2])), "{last:?}");
    });
}
