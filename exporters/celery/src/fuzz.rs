//! Parsers fed with what nobody sends: correct input, broken in a few places. For half a second, or for `FUZZ_SECONDS`.

use std::{
    env,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// What parsers are most likely to trip over.
const TOKENS: [&[u8]; 16] =
    [b"\"", b"\\", b"[", b"]", b"{", b"}", b":", b",", b"-1", b"9223372036854775808", b"1e999", b"\r\n", b"\0", b"\xff", b"\xe2\x82", b"\\ud800"];

/// Most places in which an input is broken.
const BREAKS: usize = 6;

/// No input grows past it.
const LONGEST: usize = 4096;

/// Feeds a parser, which must not panic.
pub(crate) fn feed(correct: &[&[u8]], parse: impl Fn(&[u8])) {
    let time = env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).map_or(Duration::from_millis(500), Duration::from_secs_f64);
    let (begun, mut fed) = (Instant::now(), 0_u64);
    let mut random = Random(RandomState::new().hash_one(0) | 1);
    while begun.elapsed() < time || fed < 1000 {
        let input = random.broken(correct);
        assert!(catch_unwind(AssertUnwindSafe(|| parse(&input))).is_ok(), "panics at {:?}", String::from_utf8_lossy(&input));
        fed += 1;
    }
}

/// Marsaglia's xorshift: nothing here is secret.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    fn broken(&mut self, correct: &[&[u8]]) -> Vec<u8> {
        let mut input = correct[self.below(correct.len())].to_vec();
        for _ in 0..=self.below(BREAKS) {
            let at = self.below(input.len() + 1);
            let end = (at + self.below(16)).min(input.len());
            match self.below(6) {
                0 => input.truncate(at),
                1 => drop(input.drain(at..end)),
                2 => drop(input.splice(at..at, TOKENS[self.below(TOKENS.len())].iter().copied())),
                3 => input.extend_from_within(at..),
                4 => drop(input.splice(at.., correct[self.below(correct.len())].iter().copied())),
                _ => {
                    if let Some(byte) = input.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
            input.truncate(LONGEST);
        }
        input
    }
}
