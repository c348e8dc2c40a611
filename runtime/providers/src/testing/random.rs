//! A random generator whose numbers are the same in every run.

/// A deterministic random generator, good enough to vary tests.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    pub(crate) fn new(seed: u64) -> Self {
        Xorshift(seed)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33)
            .unwrap()
            .checked_rem(bound)
            .unwrap_or_default()
    }
}

/// The bytes in up to nine pieces.
pub(crate) fn cut<'b>(random: &mut Xorshift, bytes: &'b [u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for _ in 0..random.below(9) {
        let (head, tail) = rest.split_at(random.below(rest.len() + 1));
        pieces.push(head);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}
