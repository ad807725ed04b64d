//! How much of the server's time readers that wait may take.

/// The events that may be sent in one ms of a server that has nothing else to do: in about a fifth of its time.
const EVENTS_PER_IDLE_MS: u64 = 400;
/// The same while it serves other callers: about a twentieth.
const EVENTS_PER_BUSY_MS: u64 = 100;
/// To wake a reader takes as long as to send this many events.
const WAKE: u64 = 10;
const US_PER_MS: u64 = 1_000;

/// A budget that fills as time goes by. What exceeds it delays what comes next, so that other callers are
/// served meanwhile, however many readers a sale has.
#[derive(Debug)]
pub struct Pace {
    /// When it was filled last, in µs.
    at: u64,
    /// The processor time of the server then, in µs.
    busy: u64,
    spent: u64,
}

impl Pace {
    /// A full budget.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: 0, busy: 0, spent: 0 }
    }

    /// Whether another reader may be served now, in µs of a clock that never jumps. `busy` is the processor time of
    /// the server so far, in µs, which takes some time to ask for.
    pub fn allows(&mut self, now: u64, busy: impl FnOnce() -> u64) -> bool {
        let passed = now.saturating_sub(self.at);
        if passed >= US_PER_MS {
            let busy = busy();
            let was_busy = busy.saturating_sub(self.busy).min(passed);
            let busy_events = was_busy.saturating_mul(EVENTS_PER_BUSY_MS);
            let idle_events = passed.saturating_sub(was_busy).saturating_mul(EVENTS_PER_IDLE_MS);
            self.spent = self.spent.saturating_sub(busy_events.saturating_add(idle_events) / US_PER_MS);
            (self.at, self.busy) = (now, busy);
        }
        self.spent < EVENTS_PER_IDLE_MS
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

    /// A full budget in the second ms, of which so many events more are spent.
    fn overspent(events: u64) -> Pace {
        let mut pace = Pace::default();
        assert!(pace.allows(2_000, || 0));
        pace.spend(EVENTS_PER_IDLE_MS + events - WAKE);
        pace
    }

    #[test]
    fn what_exceeds_the_budget_delays_what_comes_next() {
        let mut pace = overspent(2 * EVENTS_PER_IDLE_MS);
        let mut allows = |now| pace.allows(now, || 0);
        assert!(!allows(2_000) && !allows(2_999) && !allows(4_000));
        assert!(allows(5_000));
    }

    #[test]
    fn a_busy_server_takes_less_time_for_readers() {
        let mut pace = overspent(2 * EVENTS_PER_BUSY_MS);
        let mut allows = |now| pace.allows(now, || now);
        assert!(!allows(3_000) && !allows(4_000));
        assert!(allows(5_000));
    }

    proptest! {
        /// Over any time, what is sent is what the time allows, one reader's events and one ms more at most.
        #[test]
        fn the_budget_holds(readers in prop::collection::vec((0..3_000_u64, 0..=100_u64, 0..1_000_u64), 1..500)) {
            let mut pace = Pace::new();
            let (mut now, mut busy, mut sent) = (0, 0, 0);
            for (passed, percent, events) in readers {
                now += passed;
                busy += passed * percent / 100;
                if pace.allows(now, || busy) {
                    pace.spend(events);
                    sent += events + WAKE;
                }
                let allowed = busy * EVENTS_PER_BUSY_MS + (now - busy) * EVENTS_PER_IDLE_MS;
                prop_assert!(sent <= allowed / US_PER_MS + EVENTS_PER_IDLE_MS + 1_000 + WAKE);
            }
        }
    }
}
