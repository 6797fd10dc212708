//! Chance that can be repeated: the same seed throws the same.

/// A generator after Marsaglia ("Xorshift RNGs", 2003), 64 bits. Nothing secret depends on it.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero; small seeds are spread by a large odd factor.
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// One of two.
    pub(super) fn either<'a, T>(&mut self, pair: &'a [T; 2]) -> &'a T {
        if self.below(2) == 0 { &pair[0] } else { &pair[1] }
    }
}
