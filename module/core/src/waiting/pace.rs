//! How much of the server's time readers that wait may take.

/// The events that may be sent in one ms: about a fifth of the server's time.
const EVENTS_PER_MS: u64 = 400;
/// To wake a reader takes as long as to send this many events.
const WAKE: u64 = 10;

/// A budget that fills as time goes by. What exceeds it delays what comes next, so that other callers are
/// served meanwhile, however many readers a sale has.
#[derive(Debug)]
pub struct Pace {
    /// When it was asked last, in ms.
    at: u64,
    spent: u64,
}

impl Pace {
    /// A full budget.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: 0, spent: 0 }
    }

    /// Whether another reader may be served now, in ms of a clock that never jumps.
    pub fn allows(&mut self, now: u64) -> bool {
        let filled = now.saturating_sub(self.at).saturating_mul(EVENTS_PER_MS);
        self.at = now.max(self.at);
        self.spent = self.spent.saturating_sub(filled);
        self.spent < EVENTS_PER_MS
    }

    /// A reader is served with this many events.
    pub fn spend(&mut self, events: u64) {
        self.spent = self.spent.saturating_add(events).saturating_add(WAKE);
    }

    /// A reader was looked at for whom there is nothing.
    pub fn look(&mut self) {
        self.spent = self.spent.saturating_add(1);
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_exceeds_the_budget_delays_what_comes_next() {
        let mut pace = Pace::default();
        assert!(pace.allows(5));
        pace.spend(3 * EVENTS_PER_MS - WAKE);
        assert!(!pace.allows(5) && !pace.allows(7));
        assert!(pace.allows(8));
    }

    proptest! {
        /// Over any time, what is sent is what the time allows, one reader's events and one ms more at most.
        #[test]
        fn the_budget_holds(readers in prop::collection::vec((0..3_u64, 0..1_000_u64), 1..500)) {
            let mut pace = Pace::new();
            let (mut now, mut sent) = (0, 0);
            for (passed, events) in readers {
                now += passed;
                if pace.allows(now) {
                    pace.spend(events);
                    sent += events + WAKE;
                }
                prop_assert!(sent <= (now + 1) * EVENTS_PER_MS + 1_000 + WAKE);
            }
        }
    }
}
