//! The rules of a sale.

use super::error::Error;
use super::limits::{MAX_INT, MAX_QTY};
use super::number::{Millis, UnixMs};
use super::words::Phase;

/// The rules of a sale. Zero stands for "none" in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Units that one buyer may have held and sold at once.
    pub limit: u64,
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
        let Self { limit, hold, opens, closes } = *self;
        limit <= MAX_QTY && hold.0 <= MAX_INT && opens <= UnixMs::MAX && closes <= UnixMs::MAX
    }

    /// These rules with an alteration.
    #[must_use]
    pub fn with(self, alteration: Alteration) -> Self {
        let Alteration { limit, hold, opens, closes } = alteration;
        Self {
            limit: limit.unwrap_or(self.limit),
            hold: hold.unwrap_or(self.hold),
            opens: opens.unwrap_or(self.opens),
            closes: closes.unwrap_or(self.closes),
        }
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
        let Rules { limit, hold, opens, closes } = *rules;
        Self {
            limit: (limit != 0).then_some(limit),
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
        let rules = Rules { limit: 1, hold: Millis(2), opens: UnixMs(3), closes: UnixMs(4) };
        let alteration = Alteration { hold: Some(Millis(0)), ..Alteration::default() };
        assert_eq!(rules.with(alteration), Rules { hold: Millis(0), ..rules });
        assert_eq!(Rules::default().with(Alteration::from_default(&rules)), rules);
    }
}
