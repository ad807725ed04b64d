//! The rules of a sale.

use super::error::Error;
use super::limits::{ATTEMPTS_PER_UNIT, LEAST_ATTEMPTS, MAX_INT, MAX_QTY};
use super::number::{Millis, UnixMs};
use super::words::Phase;

/// The rules of a sale. Zero stands for "none" in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Units that one buyer may have held and sold at once.
    pub limit: u64,
    /// Orders that one buyer may place, whatever becomes of them; `None` when it was not given:
    /// [`Rules::attempts_allowed`] derives it.
    pub attempts: Option<u64>,
    /// How long an order is held for confirmation.
    pub hold: Millis,
    /// The instant at which the sale opens.
    pub opens: UnixMs,
    /// The instant from which on the sale is closed.
    pub closes: UnixMs,
}

/// Rules that ALTER changes; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alteration {
    /// As in [`Rules`].
    pub limit: Option<u64>,
    /// As in [`Rules`].
    pub attempts: Option<u64>,
    /// As in [`Rules`].
    pub hold: Option<Millis>,
    /// As in [`Rules`].
    pub opens: Option<UnixMs>,
    /// As in [`Rules`].
    pub closes: Option<UnixMs>,
}

impl Rules {
    /// The same rules when `closes` comes after `opens`, else [`Error::Window`].
    pub fn checked(self) -> Result<Self, Error> {
        if self.closes != UnixMs(0) && self.closes <= self.opens { Err(Error::Window) } else { Ok(self) }
    }

    /// Whether each number is within its limits.
    pub(super) fn is_within_limits(&self) -> bool {
        let Self { limit, attempts, hold, opens, closes } = *self;
        limit <= MAX_QTY
            && attempts.is_none_or(|attempts| attempts <= MAX_QTY)
            && hold.0 <= MAX_INT
            && opens <= UnixMs::MAX
            && closes <= UnixMs::MAX
    }

    /// These rules with an alteration.
    #[must_use]
    pub fn with(self, alteration: Alteration) -> Self {
        let Alteration { limit, attempts, hold, opens, closes } = alteration;
        Self {
            limit: limit.unwrap_or(self.limit),
            attempts: attempts.or(self.attempts),
            hold: hold.unwrap_or(self.hold),
            opens: opens.unwrap_or(self.opens),
            closes: closes.unwrap_or(self.closes),
        }
    }

    /// Orders that one buyer may place; 0: any number. Unless it was given, it is ten times the limit and at
    /// least 100, and any number without a limit.
    #[must_use]
    pub fn attempts_allowed(&self) -> u64 {
        match (self.attempts, self.limit) {
            (Some(attempts), _) => attempts,
            (None, 0) => 0,
            (None, limit) => limit.saturating_mul(ATTEMPTS_PER_UNIT).clamp(LEAST_ATTEMPTS, MAX_QTY),
        }
    }

    /// Whether a sale with these rules does the same as one with others.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.attempts_allowed() == other.attempts_allowed()
            && Self { attempts: None, ..*self } == Self { attempts: None, ..*other }
    }

    /// Where an instant lies: before the window, in it, or after it. Never returns
    /// [`Phase::SoldOut`], which depends on the stock.
    #[must_use]
    pub fn phase(&self, now: UnixMs) -> Phase {
        if now < self.opens {
            Phase::Upcoming
        } else if self.closes != UnixMs(0) && now >= self.closes {
            Phase::Closed
        } else {
            Phase::Open
        }
    }
}

impl Alteration {
    /// The alteration that turns the default rules into these.
    #[must_use]
    pub fn from_default(rules: &Rules) -> Self {
        let Rules { limit, attempts, hold, opens, closes } = *rules;
        Self {
            limit: (limit != 0).then_some(limit),
            attempts,
            hold: (hold != Millis(0)).then_some(hold),
            opens: (opens != UnixMs(0)).then_some(opens),
            closes: (closes != UnixMs(0)).then_some(closes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_half_open() {
        let rules = Rules { opens: UnixMs(10), closes: UnixMs(20), ..Rules::default() };
        let phases = [9, 10, 19, 20].map(|now| rules.phase(UnixMs(now)));
        assert_eq!(phases, [Phase::Upcoming, Phase::Open, Phase::Open, Phase::Closed]);
        assert_eq!(Rules::default().phase(UnixMs::MAX), Phase::Open, "without a window");
    }

    #[test]
    fn a_window_ends_after_it_begins() {
        let window =
            |opens, closes| Rules { opens: UnixMs(opens), closes: UnixMs(closes), ..Rules::default() };
        assert_eq!(window(10, 10).checked(), Err(Error::Window));
        assert_eq!(window(10, 11).checked(), Ok(window(10, 11)));
        assert_eq!(window(10, 0).checked(), Ok(window(10, 0)));
    }

    #[test]
    fn an_alteration_changes_what_it_names() {
        let rules =
            Rules { limit: 1, attempts: Some(5), hold: Millis(2), opens: UnixMs(3), closes: UnixMs(4) };
        let alteration = Alteration { hold: Some(Millis(0)), ..Alteration::default() };
        assert_eq!(rules.with(alteration), Rules { hold: Millis(0), ..rules });
        assert_eq!(Rules::default().with(Alteration::from_default(&rules)), rules);
    }

    #[test]
    fn attempts_follow_the_limit_unless_they_are_given() {
        let allowed = |limit, attempts| Rules { limit, attempts, ..Rules::default() }.attempts_allowed();
        assert_eq!([0, 1, 10, 11].map(|limit| allowed(limit, None)), [0, 100, 100, 110]);
        assert_eq!(allowed(MAX_QTY, None), MAX_QTY, "within the limits of what can be given");
        assert_eq!([Some(0), Some(3)].map(|attempts| allowed(1, attempts)), [0, 3]);
    }

    #[test]
    fn rules_are_compared_by_what_they_do() {
        let rules = |attempts| Rules { limit: 1, attempts, ..Rules::default() };
        assert!(rules(None).is_equivalent(&rules(Some(100))));
        assert!(!rules(None).is_equivalent(&rules(Some(99))));
        assert!(!rules(None).is_equivalent(&Rules { hold: Millis(1), ..rules(None) }));
    }
}
