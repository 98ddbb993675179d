//! Ten million values that come once, at full speed on two threads, while two hundred users are counted and pages are made: memory,
//! exactness, who is named, and how long the longest additions took. Prints its figures.
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "its figures are what it is for"
)]

use std::{
    alloc::System,
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use api_metrics::bounded::{Bounded, Settings};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Values that come once, of each of two threads.
const ATTACKS: u64 = 5_000_000;

/// An event of a user among so many attacks.
const EVERY: u64 = 20;

/// Time between pages; an epoch ends with each.
const PAGES: Duration = Duration::from_millis(50);

fn user(rank: u64) -> String {
    format!("user-{rank:03}")
}

/// Users by a law in which the first comes twice as often as the second: bits that are 0 before the first 1.
fn rank(random: u64) -> u64 {
    (u64::from((random | 1 << 20).trailing_zeros()) * 10 + (random >> 32) % 10).min(199)
}

struct Thread {
    latencies: Vec<u64>,
    users: BTreeMap<u64, u64>,
}

fn attack(bounded: &Bounded, groups: usize, seed: u64, sum: &AtomicU64) -> Thread {
    let users: Vec<String> = (0..200).map(user).collect();
    let mut found = Thread { latencies: Vec::with_capacity(usize::try_from(ATTACKS / EVERY).unwrap()), users: BTreeMap::new() };
    let mut random = seed;
    let mut name = String::with_capacity(32);
    for number in 0..ATTACKS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        name.clear();
        std::fmt::Write::write_fmt(&mut name, format_args!("{seed}-{number:x}-{random:x}")).unwrap();
        let group = usize::try_from(number).unwrap() % groups;
        bounded.add(&name, group, 1.0);
        if number % EVERY == 0 {
            let rank = rank(random);
            *found.users.entry(rank).or_default() += 1;
            let start = Instant::now();
            bounded.add(&users[usize::try_from(rank).unwrap()], group, 1.0);
            found.latencies.push(u64::try_from(start.elapsed().as_nanos()).unwrap());
        }
    }
    sum.fetch_add(ATTACKS + ATTACKS / EVERY, Ordering::Relaxed);
    found
}

/// The whole attack on a family of so many groups.
fn run(groups: usize) {
    let region = Region::new(ALLOCATOR);
    let bounded = Bounded::new(Settings { epoch: PAGES, ..Settings::default() }, groups);
    bounded.collect(Instant::now(), |_, _, _| {});
    let sum = AtomicU64::new(0);
    let (mut last, mut increases, mut most) = (BTreeMap::<(String, usize), f64>::new(), 0.0, 0);
    let start = Instant::now();
    let mut page = || {
        let mut tracked = Vec::new();
        bounded.collect(Instant::now(), |value, group, amount| tracked.push((value.unwrap_or("other").to_owned(), group, amount)));
        for (value, group, amount) in &tracked {
            // What is not named is there from the first page on; whatever is named is there at 0, or goes on where it was.
            let before = last.insert((value.clone(), *group), *amount).unwrap_or(0.0);
            increases += if *amount < before { *amount } else { amount - before };
        }
        most = most.max(tracked.len());
        tracked
    };
    let threads = thread::scope(|scope| {
        let workers = [1, 2].map(|seed| {
            let (bounded, sum) = (&bounded, &sum);
            scope.spawn(move || attack(bounded, groups, seed, sum))
        });
        while workers.iter().any(|worker| !worker.is_finished()) {
            page();
            thread::sleep(PAGES);
        }
        workers.map(|worker| worker.join().unwrap())
    });
    let took = start.elapsed();
    let named: Vec<String> = page().into_iter().map(|(value, ..)| value).collect();
    let truth = sum.load(Ordering::Relaxed);
    let mut users = BTreeMap::<u64, u64>::new();
    threads.iter().flat_map(|thread| &thread.users).for_each(|(rank, events)| *users.entry(*rank).or_default() += events);
    let mut heaviest: Vec<_> = users.into_iter().collect();
    heaviest.sort_unstable_by_key(|(_, events)| std::cmp::Reverse(*events));
    let in_top = heaviest.iter().take(20).filter(|(rank, _)| named.contains(&user(*rank))).count();
    let mut latencies: Vec<u64> = threads.into_iter().flat_map(|thread| thread.latencies).collect();
    latencies.sort_unstable();
    let at = |per_mille: usize| latencies[(latencies.len() - 1) * per_mille / 1000];
    assert_eq!(increases, truth as f64, "the sum is exact");
    println!(
        "groups {groups}: events {truth}, increases seen {increases}, {:.0} ns an event and thread",
        took.as_nanos() as f64 * 2.0 / truth as f64
    );
    println!("users of the true top 20 named {in_top}, series at most {most}");
    println!("an event of a user, clock included: p50 {} ns, p99 {} ns, p99.9 {} ns, max {} ns", at(500), at(990), at(999), at(1000));
    let before = region.change();
    drop(bounded);
    let after = region.change();
    println!("the family itself: {} KiB", (after.bytes_deallocated - before.bytes_deallocated) / 1024);
}

fn main() {
    [1, 24].into_iter().for_each(run);
}
