use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use foldhash::quality::SeedableRandomState;
use proptest::prelude::*;

use super::*;

const EPOCH: Duration = Duration::from_secs(10);

/// Small, so that a few values are enough to fill it.
const SMALL: Settings = Settings { values: 4, epoch: EPOCH, turnover: 1, idle_epochs: 2 };

/// What Prometheus sees: the samples of one scraper, and the increases that follow from them.
#[derive(Default)]
struct Scraper {
    last: BTreeMap<(String, usize), f64>,
    present: BTreeSet<(String, usize)>,
    /// Increases where a series goes on after a gap, and where it begins anew.
    through_gaps: f64,
    from_gaps: f64,
    first: bool,
}

impl Scraper {
    fn scrape(&mut self, bounded: &Bounded, now: Instant) -> Standing {
        let mut present = BTreeSet::new();
        let mut page = Vec::new();
        let standing = bounded.collect(now, |value, group, amount| page.push(((value.unwrap_or(OTHER).to_owned(), group), amount)));
        for (series, amount) in page {
            assert!(present.insert(series.clone()), "{series:?} is on the page twice");
            if let Some(last) = self.last.get(&series) {
                let increase = if amount < *last { amount } else { amount - last };
                self.through_gaps += increase;
                if self.present.contains(&series) {
                    self.from_gaps += increase;
                }
            } else if !self.first {
                // `other` is there from the first page on; before that nothing was seen.
                self.through_gaps += amount * f64::from(u8::from(series.0 == OTHER));
                self.from_gaps += amount * f64::from(u8::from(series.0 == OTHER));
            }
            self.last.insert(series, amount);
        }
        self.first = true;
        self.present = present;
        standing
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add { value: u8, group: usize, amount: u8 },
    Pass { seconds: u64, ours: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let add = (prop_oneof![0..3_u8, 0..16_u8], 0..2_usize, 0..6_u8).prop_map(|(value, group, amount)| Step::Add { value, group, amount });
    let pass = (1..=10_u64, any::<bool>()).prop_map(|(seconds, ours)| Step::Pass { seconds, ours });
    proptest::collection::vec(prop_oneof![3 => add, 1 => pass], 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two Prometheis scrape; ours at least once an epoch, at any moments. After each of its scrapes the increases that it has
    /// seen are the truth, to the last event.
    #[test]
    fn increases_equal_the_truth_for_any_order(steps in steps()) {
        let bounded = Bounded::with_hasher(SMALL, 2, SeedableRandomState::with_seed(7, foldhash::SharedSeed::global_fixed()));
        let mut now = Instant::now();
        let (mut ours, mut theirs) = (Scraper::default(), Scraper::default());
        ours.scrape(&bounded, now);
        let (mut last_scrape, mut truth) = (now, 0.0_f64);
        for step in steps {
            match step {
                Step::Add { value, group, amount } => {
                    bounded.add(&format!("user-{value}"), group, f64::from(amount));
                    truth += f64::from(amount);
                }
                Step::Pass { seconds, ours: own } => {
                    let latest = last_scrape + EPOCH;
                    now = (now + Duration::from_secs(seconds)).min(latest);
                    if own || now == latest {
                        let standing = ours.scrape(&bounded, now);
                        last_scrape = now;
                        prop_assert!(standing.tracked <= SMALL.values);
                        prop_assert_eq!(ours.through_gaps.to_bits(), truth.to_bits());
                        prop_assert_eq!(ours.from_gaps.to_bits(), truth.to_bits());
                    } else {
                        theirs.scrape(&bounded, now);
                    }
                }
            }
        }
    }
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Users by Zipf's law with exponent 1.1: cumulative shares.
fn zipf(users: u32) -> Vec<f64> {
    let weights: Vec<f64> = (1..=users).map(|rank| f64::from(rank).powf(-1.1)).collect();
    let total: f64 = weights.iter().sum();
    weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        })
        .collect()
}

/// The simulation of the design: 60 epochs of 800 events of 5,000 users, and as many attackers who come once while `attack` says so.
fn simulate(attack: impl Fn(u32) -> bool) -> (f64, usize, f64) {
    let bounded = Bounded::with_hasher(
        Settings { epoch: EPOCH, ..Settings::default() },
        1,
        SeedableRandomState::with_seed(11, foldhash::SharedSeed::global_fixed()),
    );
    let (shares, mut numbers) = (zipf(5_000), Numbers(99));
    let (mut scraper, mut now, mut truth) = (Scraper::default(), Instant::now(), 0.0);
    let mut late = BTreeMap::<usize, f64>::new();
    scraper.scrape(&bounded, now);
    let mut halfway = BTreeMap::new();
    for epoch in 0..60_u32 {
        for event in 0..800_u32 {
            let share = numbers.share();
            let user = shares.partition_point(|sum| *sum < share);
            bounded.add(&format!("user-{user}"), 0, 1.0);
            truth += 1.0;
            if epoch >= 30 {
                *late.entry(user).or_default() += 1.0;
            }
            if attack(epoch) {
                bounded.add(&format!("attacker-{epoch}-{event}"), 0, 1.0);
                truth += 1.0;
            }
        }
        now += EPOCH;
        scraper.scrape(&bounded, now);
        if epoch == 29 {
            halfway = scraper.last.clone();
        }
    }
    let named = |user: usize| (format!("user-{user}"), 0);
    let tracked = (0..20).filter(|user| scraper.present.contains(&named(*user))).count();
    let error = |user: usize| {
        let seen = scraper.last.get(&named(user)).unwrap_or(&0.0) - halfway.get(&named(user)).unwrap_or(&0.0);
        let happened = late.get(&user).copied().unwrap_or(0.0);
        (happened - seen).abs() / happened
    };
    (scraper.through_gaps / truth, tracked, (0..20).map(error).sum::<f64>() / 20.0)
}

#[test]
fn heaviest_users_are_named_whatever_attackers_do() {
    let attacks: [fn(u32) -> bool; 3] = [|_| false, |_| true, |epoch| epoch < 20];
    for attack in attacks {
        let (ratio, tracked, error) = simulate(attack);
        println!("sum(increase)/truth {ratio}, top 20 tracked {tracked}, mean error of the top 20 over the last 30 epochs {error:.4}");
        assert!((ratio - 1.0).abs() < f64::EPSILON && tracked == 20 && error < 0.01, "{ratio} {tracked} {error}");
    }
}

#[test]
fn new_value_is_seen_at_zero_before_it_is_raised() {
    let bounded = Bounded::new(SMALL, 1);
    let start = Instant::now();
    let page = |at: u64| {
        let mut page = Vec::new();
        bounded.collect(start + Duration::from_secs(at), |value, _, amount| page.push((value.map(str::to_owned), amount)));
        page
    };
    let ada = || Some("ada".to_owned());
    bounded.add("ada", 0, 1.0);
    assert_eq!(page(0), [(None, 1.0), (ada(), 0.0)]);
    bounded.add("ada", 0, 1.0);
    assert_eq!(page(9), [(None, 2.0), (ada(), 0.0)]);
    assert_eq!(page(10), [(None, 2.0), (ada(), 0.0)]);
    bounded.add("ada", 0, 1.0);
    assert_eq!(page(11), [(None, 2.0), (ada(), 1.0)]);
    // Idle for two epochs: withdrawn, still seen for one more, then gone; and back where it was.
    page(20);
    page(30);
    assert_eq!(page(40), [(None, 2.0), (ada(), 1.0)]);
    bounded.add("ada", 0, 5.0);
    assert_eq!(page(49), [(None, 7.0), (ada(), 1.0)]);
    page(50);
    bounded.add("ada", 0, 5.0);
    page(60);
    assert_eq!(page(61), [(None, 12.0), (ada(), 1.0)]);
}

#[test]
fn value_offered_late_is_tracked_once() {
    let bounded = Bounded::new(SMALL, 1);
    let (start, mut scraper) = (Instant::now(), Scraper::default());
    bounded.add("ada", 0, 1.0);
    // Each page panics where a series is on it twice.
    for epoch in 0..6 {
        let standing = scraper.scrape(&bounded, start + EPOCH * epoch);
        assert_eq!(standing.tracked, usize::from(epoch < 4), "{epoch}");
        // An event that looked into the table before the epoch ended, and comes to the sketch only now. In the last epochs it
        // comes while its value is announced, counted, idle and withdrawn.
        if epoch < 3 {
            bounded.sketch().offer(key::hash(&bounded.hasher, "ada"), "ada", 0, 100.0);
        }
    }
    assert!((scraper.through_gaps - 1.0).abs() < f64::EPSILON);
}

/// What the alert `MetricSeriesOverflow` waits for, ten minutes long.
#[test]
fn flood_reaches_the_alert_on_it() {
    let bounded = Bounded::new(Settings::default(), 1);
    let (start, epoch) = (Instant::now(), Settings::default().epoch);
    let holds = |number: u32| {
        for event in 0..1_000 {
            bounded.add(&format!("attacker-{number}-{event}"), 0, 1.0);
        }
        let standing = bounded.collect(start + epoch * number, |_, _, _| {});
        standing.tracked >= 180 && standing.other_ratio > 0.5
    };
    // Names come twenty at a time.
    assert_eq!((0..=8).filter(|number| holds(*number)).collect::<Vec<_>>(), [8]);
    assert!((9..60).all(holds), "it holds as long as the flood does");
}

#[test]
fn groups_are_announced_one_by_one() {
    let bounded = Bounded::new(SMALL, 2);
    let start = Instant::now();
    let mut scraper = Scraper::default();
    bounded.add("ada", 0, 1.0);
    for epoch in 0..4 {
        scraper.scrape(&bounded, start + EPOCH * epoch);
        bounded.add("ada", 1, 1.0);
    }
    scraper.scrape(&bounded, start + EPOCH * 4);
    assert_eq!(scraper.last.get(&("ada".to_owned(), 1)), Some(&2.0));
    assert!((scraper.through_gaps - 5.0).abs() < f64::EPSILON);
}

#[test]
fn values_that_would_be_taken_for_the_rest_are_the_rest() {
    let bounded = Bounded::new(SMALL, 1);
    for value in ["", OTHER, "é".repeat(60).as_str(), "é".repeat(61).as_str()] {
        bounded.add(value, 0, 1.0);
    }
    let mut names = Vec::new();
    bounded.collect(Instant::now(), |value, _, amount| names.push((value.map(str::to_owned), amount)));
    assert_eq!(names, [(None, 4.0), (Some("é".repeat(32)), 0.0)]);
}

#[test]
fn no_event_is_lost_between_threads_and_epochs() {
    let bounded = Bounded::new(SMALL, 2);
    let (done, added) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut scraper = Scraper::default();
    let mut now = Instant::now();
    scraper.scrape(&bounded, now);
    thread::scope(|scope| {
        for seed in 1..=2 {
            let (bounded, done, added) = (&bounded, &done, &added);
            scope.spawn(move || {
                let mut numbers = Numbers(seed);
                while !done.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        let value = numbers.next() % if seed == 1 { 6 } else { 1000 };
                        bounded.add(&format!("{value}"), usize::from(value.is_multiple_of(2)), 1.0);
                    }
                    added.fetch_add(100, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2000 {
            now += EPOCH / 2;
            scraper.scrape(&bounded, now);
        }
        done.store(true, Ordering::Relaxed);
    });
    scraper.scrape(&bounded, now);
    let truth: f64 = f64::from(u32::try_from(added.load(Ordering::Relaxed)).unwrap());
    assert_eq!((scraper.through_gaps, scraper.from_gaps), (truth, truth));
}
