//! Numbers that look random and are the same for the same seed.

/// An xorshift generator.
#[derive(Debug)]
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) const fn new(seed: u64) -> Self {
        // Spread, so that neighbouring seeds have nothing in common, and never 0.
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Above 0 and up to 1.
    pub(super) fn share(&mut self) -> f64 {
        let upper = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        (f64::from(upper) + 1.0) / (f64::from(u32::MAX) + 1.0)
    }

    /// Below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from((self.next() >> 16) % end).unwrap_or(0)
    }
}
