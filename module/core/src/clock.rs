//! The hybrid logical clock that fences and terms come from.

use core::marker::PhantomData;

use crate::protocol::{Fence, MAX_INT, Term, UnixMicros};

/// Gives out numbers that are unique and rise: `max(last + 1, unix time in µs)`.
///
/// Fences of locks come from one clock, terms of sales from another. Numbers never exceed [`MAX_INT`], which the
/// time reaches in the year 2255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HybridClock<T> {
    last: u64,
    number: PhantomData<T>,
}

impl<T: From<u64> + Into<u64>> HybridClock<T> {
    /// A clock that has given out nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: 0, number: PhantomData }
    }

    fn peek(&self, now: UnixMicros) -> u64 {
        self.last.saturating_add(1).max(now.0).min(MAX_INT)
    }

    /// Rises to a number that another server, or this one before a restart, gave out.
    pub fn observe(&mut self, seen: T) {
        self.last = self.last.max(seen.into()).min(MAX_INT);
    }

    /// The last number given out or observed; 0 when there was none.
    #[must_use]
    pub fn last(&self) -> T {
        self.last.into()
    }
}

impl<T: From<u64> + Into<u64>> Default for HybridClock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl HybridClock<Fence> {
    /// Gives out the next fence.
    pub fn advance(&mut self, now: UnixMicros) -> Fence {
        self.last = self.peek(now);
        Fence(self.last)
    }
}

impl HybridClock<Term> {
    /// The term that would begin now on a server with this mark.
    ///
    /// A server whose time lags behind what it has observed counts on from there, and so may a second one:
    /// without the mark both could give out the same number. So the low 16 bits are a mark that each server
    /// draws at random. A term may lead the time by 0.13 s, and each of many that begin at once by 0.07 s
    /// more.
    #[must_use]
    pub fn term(&self, now: UnixMicros, mark: u16) -> Term {
        let base = self.peek(now) | u64::from(u16::MAX);
        Term(base.saturating_add(1).saturating_add(u64::from(mark)).min(MAX_INT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(us: u64) -> UnixMicros {
        UnixMicros(us)
    }

    #[test]
    fn rises_with_the_time_and_never_falls() {
        let mut clock = HybridClock::default();
        assert_eq!(clock.advance(at(1_000)), Fence(1_000));
        assert_eq!(clock.advance(at(1_000)), Fence(1_001), "twice in one microsecond");
        assert_eq!(clock.advance(at(10)), Fence(1_002), "the time was set back");
        assert_eq!(clock.advance(at(5_000)), Fence(5_000));
    }

    #[test]
    fn terms_of_two_servers_differ_though_the_time_of_both_lags() {
        let mut clock = HybridClock::default();
        clock.observe(Term(1_000_000));
        let (one, other) = (clock.term(at(5), 1), clock.term(at(7), 2));
        assert!(one > Term(1_000_000) && other > Term(1_000_000) && one != other);
        assert!(clock.term(at(9_000_000), u16::MAX).0 - 9_000_000 <= 1 << 17, "not far ahead of the time");
    }

    #[test]
    fn rises_above_what_another_server_gave_out() {
        let mut clock = HybridClock::default();
        clock.observe(Fence(9_000));
        clock.observe(Fence(3));
        assert_eq!(clock.last(), Fence(9_000));
        assert_eq!(clock.advance(at(1_000)), Fence(9_001));
    }

    const FAR_AHEAD: u64 = 1 << 52;

    #[test]
    fn rises_above_a_number_that_is_far_ahead() {
        let mut fences = HybridClock::default();
        fences.observe(Fence(FAR_AHEAD));
        assert_eq!(fences.advance(at(1_000)), Fence(FAR_AHEAD + 1));
        let mut terms = HybridClock::default();
        terms.observe(Term(FAR_AHEAD));
        for _ in 0..1_000 {
            let term = terms.term(at(1_000), u16::MAX);
            assert!(term > terms.last() && term.0 <= MAX_INT);
            terms.observe(term);
        }
    }

    #[test]
    fn no_number_is_too_large_for_a_double() {
        let mut fences = HybridClock::default();
        fences.observe(Fence(u64::MAX));
        assert_eq!(fences.last(), Fence(MAX_INT));
        assert_eq!(fences.advance(at(u64::MAX)), Fence(MAX_INT));
        assert_eq!(HybridClock::default().term(at(u64::MAX), u16::MAX), Term(MAX_INT));
    }
}
