//! Numbers that look random and are the same for the same seed, on every machine.

/// A stream of numbers (SplitMix64: one addition and three multiplications a number).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed and of what it is for: streams of different purposes have nothing to do with each other.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut mixed = Self(seed);
        let first = mixed.next();
        Self(first ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn range(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True as often as the odds say.
    pub(super) fn chance(&mut self, odds: Odds) -> bool {
        match odds.0 {
            0 => false,
            u32::MAX => true,
            odds => (self.next() >> 32) < u64::from(odds),
        }
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len() as u64) as usize)
    }
}

/// How often something happens: never, always, or so many times in 2^32.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds(u32);

impl Odds {
    /// So many times in a thousand.
    pub(super) fn per_mille(rate: u32) -> Self {
        let odds = u64::from(rate.min(1000)) * u64::from(u32::MAX) / 1000;
        Self(odds as u32)
    }
}
