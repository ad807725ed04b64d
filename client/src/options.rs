//! Arguments of the commands that take keywords.

use std::fmt;
use std::time::Duration;

use seckill_core::command::{self, Guard};
use seckill_core::wire::EVENTS_DEFAULT;

/// A sale to create. A rule that is not set, or is zero, does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    pub(crate) stock: u64,
    pub(crate) rules: command::Rules,
}

impl Sale {
    /// A sale of so many units.
    #[must_use]
    pub fn new(stock: u64) -> Self {
        Self { stock, rules: command::Rules::default() }
    }

    /// At most so many units held and sold at once for one buyer.
    #[must_use]
    pub fn limit(mut self, units: u32) -> Self {
        self.rules.limit = units.into();
        self
    }

    /// An order is held for so long, to be confirmed.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.rules.hold = millis(hold);
        self
    }

    /// The sale opens at this instant, in unix ms.
    #[must_use]
    pub fn opens(mut self, at: u64) -> Self {
        self.rules.opens = at;
        self
    }

    /// The sale is closed from this instant on, in unix ms.
    #[must_use]
    pub fn closes(mut self, at: u64) -> Self {
        self.rules.closes = at;
        self
    }
}

/// New rules for a sale. Rules that are not set stay; zero removes a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alteration(pub(crate) command::Alteration);

impl Alteration {
    /// No change yet. The server requires at least one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Sale::limit`].
    #[must_use]
    pub fn limit(mut self, units: u32) -> Self {
        self.0.limit = Some(units.into());
        self
    }

    /// As [`Sale::hold`], for the orders to come.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.0.hold = Some(millis(hold));
        self
    }

    /// As [`Sale::opens`].
    #[must_use]
    pub fn opens(mut self, at: u64) -> Self {
        self.0.opens = Some(at);
        self
    }

    /// As [`Sale::closes`].
    #[must_use]
    pub fn closes(mut self, at: u64) -> Self {
        self.0.closes = Some(at);
        self
    }
}

/// An order to place: by default one unit, and without a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Buy<'a>(pub(crate) command::Buy<'a>);

impl<'a> Buy<'a> {
    /// An order under an id that the caller chooses. The same id again is the same order.
    #[must_use]
    pub fn new(buyer: &'a (impl AsRef<[u8]> + ?Sized), order: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(command::Buy { buyer: buyer.as_ref(), order: order.as_ref(), qty: 1, guard: None })
    }

    /// So many units.
    #[must_use]
    pub fn qty(mut self, units: u32) -> Self {
        self.0.qty = units;
        self
    }

    /// The order is accepted only while this token holds the lock at `key`.
    #[must_use]
    pub fn holding(
        self,
        key: &'a (impl AsRef<[u8]> + ?Sized),
        token: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.guard(Guard { key: key.as_ref(), token: token.as_ref(), release: false })
    }

    /// As [`holding`](Self::holding), and releases the lock in the same step, whether the order is accepted or
    /// refused. With an error the lock stays.
    #[must_use]
    pub fn releasing(
        self,
        key: &'a (impl AsRef<[u8]> + ?Sized),
        token: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.guard(Guard { key: key.as_ref(), token: token.as_ref(), release: true })
    }

    fn guard(mut self, guard: Guard<'a>) -> Self {
        self.0.guard = Some(guard);
        self
    }
}

/// Without the token, which is a secret of the lock's owner.
impl fmt::Debug for Buy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let command::Buy { buyer, order, qty, guard } = &self.0;
        let mut out = f.debug_struct("Buy");
        out.field("buyer", &text(buyer)).field("order", &text(order)).field("qty", qty);
        if let Some(Guard { key, release, .. }) = guard {
            out.field("lock", &text(key)).field("release", release);
        }
        out.finish()
    }
}

/// Where to read the events of a sale from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    pub(crate) seq: u64,
    pub(crate) term: Option<u64>,
    pub(crate) count: u64,
}

impl After {
    /// The events after this `seq`, at most 100; 0 is the beginning.
    #[must_use]
    pub fn seq(seq: u64) -> Self {
        Self { seq, term: None, count: EVENTS_DEFAULT }
    }

    /// The term of the event at `seq`, as the reader stored it. When the sale has another event there, the
    /// reply is [`Error::Forked`](crate::Error::Forked).
    #[must_use]
    pub fn term(mut self, term: u64) -> Self {
        self.term = Some(term);
        self
    }

    /// At most so many events, 1 to 10,000.
    #[must_use]
    pub fn count(mut self, events: u64) -> Self {
        self.count = events;
        self
    }
}

/// Whole milliseconds, rounded up: zero means "none" to the server, and a short time must not become none.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_time_is_not_none() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(7)), 7);
        assert_eq!(millis(Duration::from_micros(7_001)), 8);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }

    #[test]
    fn debug_output_has_no_token() {
        let buy = Buy::new("ann", "o1").releasing("lock", "secret");
        let expected = r#"Buy { buyer: "ann", order: "o1", qty: 1, lock: "lock", release: true }"#;
        assert_eq!(format!("{buy:?}"), expected);
    }
}
