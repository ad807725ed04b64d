//! The hybrid clock: numbers that rise with real time, and never fall when it does.

/// Gives out numbers that are unique and rise: `max(last + 1, unix time in µs)`.
///
/// Fences of locks come from one, terms of sales from another. It stays below 2^53 until the year 2255.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fence {
    last: u64,
}

impl Fence {
    /// A clock that has given out nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: 0 }
    }

    /// The number that [`Fence::advance`] would give out at this time (unix µs).
    #[must_use]
    pub fn peek(&self, unix_us: u64) -> u64 {
        self.last.saturating_add(1).max(unix_us)
    }

    /// The term that would begin at this time (unix µs) under a decider of this mark.
    ///
    /// A server whose clock lags behind what it has seen counts on from there, and so may another: numbers
    /// alone could meet. The low 16 bits are therefore a mark that each decider draws by chance. A term may lead
    /// the clock by 0.13 s, and where many begin at once each leads by 0.07 s more.
    #[must_use]
    pub fn term(&self, unix_us: u64, mark: u16) -> u64 {
        (self.peek(unix_us) | u64::from(u16::MAX)).saturating_add(1).saturating_add(u64::from(mark))
    }

    /// Gives out the next number.
    pub fn advance(&mut self, unix_us: u64) -> u64 {
        self.last = self.peek(unix_us);
        self.last
    }

    /// Takes note of a number that another server, or this one in an earlier life, gave out.
    pub fn observe(&mut self, seen: u64) {
        self.last = self.last.max(seen);
    }

    /// The last number given out or seen; 0 when there was none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_clock_and_never_falls_behind_itself() {
        let mut fence = Fence::default();
        assert_eq!(fence.advance(1_000), 1_000);
        assert_eq!(fence.advance(1_000), 1_001, "twice in one microsecond");
        assert_eq!(fence.advance(10), 1_002, "the clock was set back");
        assert_eq!(fence.advance(5_000), 5_000);
    }

    #[test]
    fn terms_of_two_deciders_differ_though_both_clocks_lag() {
        let mut fence = Fence::default();
        fence.observe(1_000_000);
        let (one, other) = (fence.term(5, 1), fence.term(7, 2));
        assert!(one > 1_000_000 && other > 1_000_000 && one != other);
        assert!(fence.term(9_000_000, u16::MAX) - 9_000_000 <= 1 << 17, "not far ahead of the clock");
    }

    #[test]
    fn rises_above_what_another_server_gave_out() {
        let mut fence = Fence::default();
        fence.observe(9_000);
        fence.observe(3);
        assert_eq!(fence.peek(1_000), 9_001);
        assert_eq!(fence.last(), 9_000, "peeking gives nothing out");
    }
}
