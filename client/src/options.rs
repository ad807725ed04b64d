//! Arguments of the commands that take keywords.

use std::time::Duration;

use seckill_core::protocol::{self, EVENTS_DEFAULT, Error, Guard, Millis, Name, Quantities, Token, UnixMs};

/// A sale to create. A rule that is not set, or is zero, does not apply.
///
/// ```
/// use seckill_client::NewSale;
///
/// let sale = NewSale::new(100).limit(2).hold(std::time::Duration::from_secs(600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSale {
    pub(crate) stock: u64,
    pub(crate) rules: protocol::Rules,
}

impl NewSale {
    /// A sale of this number of units.
    ///
    /// ```
    /// let sale = seckill_client::NewSale::new(100);
    /// ```
    #[must_use]
    pub fn new(stock: u64) -> Self {
        Self { stock, rules: protocol::Rules::default() }
    }

    /// The most units that one buyer may have held and sold at once.
    ///
    /// ```
    /// let sale = seckill_client::NewSale::new(100).limit(2);
    /// ```
    #[must_use]
    pub fn limit(mut self, units: u32) -> Self {
        self.rules.limit = units.into();
        self
    }

    /// The most orders that one buyer may place, whatever becomes of them: by default ten times the limit and at
    /// least 100, and any number without a limit. 0: any number.
    ///
    /// ```
    /// let sale = seckill_client::NewSale::new(100).limit(2).attempts(50);
    /// ```
    #[must_use]
    pub fn attempts(mut self, orders: u32) -> Self {
        self.rules.attempts = Some(orders.into());
        self
    }

    /// How long an order is held for confirmation.
    ///
    /// ```
    /// let sale = seckill_client::NewSale::new(100).hold(std::time::Duration::from_secs(600));
    /// ```
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.rules.hold = millis(hold);
        self
    }

    /// The sale opens at this instant, in unix ms.
    ///
    /// ```
    /// // 2030-01-01, at 00:00 UTC.
    /// let sale = seckill_client::NewSale::new(100).opens(1_893_456_000_000);
    /// ```
    #[must_use]
    pub fn opens(mut self, at: u64) -> Self {
        self.rules.opens = UnixMs(at);
        self
    }

    /// The sale is closed from this instant on, in unix ms.
    ///
    /// ```
    /// let sale = seckill_client::NewSale::new(100).closes(1_893_456_000_000);
    /// ```
    #[must_use]
    pub fn closes(mut self, at: u64) -> Self {
        self.rules.closes = UnixMs(at);
        self
    }

    /// The same sale, with these rules in place of its own.
    ///
    /// ```
    /// use seckill_client::{Alteration, NewSale};
    ///
    /// let sale = NewSale::new(100).limit(2).with(Alteration::new().limit(3));
    /// assert_eq!(sale, NewSale::new(100).limit(3));
    /// ```
    #[must_use]
    pub fn with(mut self, alteration: Alteration) -> Self {
        self.rules = self.rules.with(alteration.0);
        self
    }
}

/// New rules for a sale. Rules that are not set stay; zero removes a rule.
///
/// ```
/// use seckill_client::Alteration;
///
/// let alteration = Alteration::new().limit(3).closes(0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alteration(pub(crate) protocol::Alteration);

impl Alteration {
    /// No change yet. The server requires at least one.
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`NewSale::limit`].
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new().limit(3);
    /// ```
    #[must_use]
    pub fn limit(mut self, units: u32) -> Self {
        self.0.limit = Some(units.into());
        self
    }

    /// As [`NewSale::attempts`].
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new().attempts(50);
    /// ```
    #[must_use]
    pub fn attempts(mut self, orders: u32) -> Self {
        self.0.attempts = Some(orders.into());
        self
    }

    /// As [`NewSale::hold`], for the orders to come.
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new().hold(std::time::Duration::from_secs(300));
    /// ```
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.0.hold = Some(millis(hold));
        self
    }

    /// As [`NewSale::opens`].
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new().opens(1_893_456_000_000);
    /// ```
    #[must_use]
    pub fn opens(mut self, at: u64) -> Self {
        self.0.opens = Some(UnixMs(at));
        self
    }

    /// As [`NewSale::closes`].
    ///
    /// ```
    /// let alteration = seckill_client::Alteration::new().closes(1_893_456_000_000);
    /// ```
    #[must_use]
    pub fn closes(mut self, at: u64) -> Self {
        self.0.closes = Some(UnixMs(at));
        self
    }
}

/// An order to place: by default one unit, and without a lock.
///
/// A buyer, order or token that is empty or too long is an error of [`buy`](crate::Commands::buy).
///
/// ```
/// use seckill_client::Buy;
///
/// let buy = Buy::new("ann", "order-1").qty(2).holding("lock", "a-token-of-my-own");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buy<'a>(pub(crate) Result<protocol::Buy<'a>, Error>);

impl<'a> Buy<'a> {
    /// An order under an id that the caller chooses. The same id again is the same order.
    ///
    /// ```
    /// let buy = seckill_client::Buy::new("ann", "order-1");
    /// ```
    #[must_use]
    pub fn new(buyer: &'a (impl AsRef<[u8]> + ?Sized), order: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        let buy = || {
            let (buyer, order) = (Name::new("buyer", buyer.as_ref())?, Name::new("order", order.as_ref())?);
            Ok(protocol::Buy { buyer, order, qty: 1, guard: None })
        };
        Self(buy())
    }

    /// The number of units.
    ///
    /// ```
    /// let buy = seckill_client::Buy::new("ann", "order-1").qty(2);
    /// ```
    #[must_use]
    pub fn qty(self, units: u32) -> Self {
        Self(self.0.map(|buy| protocol::Buy { qty: units, ..buy }))
    }

    /// The number of units from each of several sales, in their sequence, for
    /// [`buy_all`](crate::Commands::buy_all). It replaces [`qty`](Self::qty), so it comes last.
    ///
    /// ```
    /// let order = seckill_client::Buy::new("ann", "order-1").quantities(&[1, 6]);
    /// ```
    #[must_use]
    pub fn quantities(self, units: &[u32]) -> BuyAll<'a> {
        BuyAll { purchase: self, quantities: units.iter().map(u32::to_string).collect() }
    }

    /// The order is accepted only while this token holds the lock at `key`.
    ///
    /// ```
    /// let buy = seckill_client::Buy::new("ann", "order-1").holding("lock", "a-token-of-my-own");
    /// ```
    #[must_use]
    pub fn holding(
        self,
        key: &'a (impl AsRef<[u8]> + ?Sized),
        token: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.guarded(key.as_ref(), token.as_ref(), false)
    }

    /// As [`holding`](Self::holding), and releases the lock in the same step, whether the order is accepted
    /// or refused. With an error the lock stays.
    ///
    /// ```
    /// let buy = seckill_client::Buy::new("ann", "order-1").releasing("lock", "a-token-of-my-own");
    /// ```
    #[must_use]
    pub fn releasing(
        self,
        key: &'a (impl AsRef<[u8]> + ?Sized),
        token: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.guarded(key.as_ref(), token.as_ref(), true)
    }

    fn guarded(self, key: &'a [u8], token: &'a [u8], release: bool) -> Self {
        let guarded = |buy| {
            let guard = Some(Guard { key, token: Token::new(token)?, release });
            Ok(protocol::Buy { guard, ..buy })
        };
        Self(self.0.and_then(guarded))
    }
}

/// An order to place in several sales, in all of them or in none: a [`Buy`], with the units from each sale.
///
/// ```
/// use seckill_client::{Buy, BuyAll};
///
/// let one_of_each = BuyAll::from(Buy::new("ann", "order-1"));
/// let different = Buy::new("ann", "order-2").quantities(&[1, 6]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyAll<'a> {
    purchase: Buy<'a>,
    pub(crate) quantities: Vec<String>,
}

/// The units of the purchase from each sale.
impl<'a> From<Buy<'a>> for BuyAll<'a> {
    fn from(purchase: Buy<'a>) -> Self {
        purchase.quantities(&[purchase.0.map_or(1, |buy| buy.qty)])
    }
}

impl BuyAll<'_> {
    /// The order in these sales, with the quantities as text.
    pub(crate) fn in_sales<'s>(
        &'s self,
        sales: &'s [&'s [u8]],
        quantities: &'s [&'s [u8]],
    ) -> Result<protocol::BuyAll<'s>, Error> {
        let protocol::Buy { buyer, order, guard, .. } = self.purchase.0?;
        let quantities = Quantities::new(quantities, sales.len())?;
        Ok(protocol::BuyAll { sales, buyer, order, quantities, guard })
    }
}

/// Where to read the events of a sale from.
///
/// ```
/// use seckill_client::After;
///
/// let position = After::seq(41).term(1_795_704_609_166_533).count(1_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    pub(crate) seq: u64,
    pub(crate) term: Option<u64>,
    pub(crate) count: u64,
}

impl After {
    /// The events after this `seq`, at most 100; 0 is the beginning.
    ///
    /// ```
    /// let from_the_beginning = seckill_client::After::seq(0);
    /// ```
    #[must_use]
    pub fn seq(seq: u64) -> Self {
        Self { seq, term: None, count: EVENTS_DEFAULT }
    }

    /// The term of the event at `seq`, as the reader stored it. When the sale has another event there, the
    /// reply is [`Error::Forked`](crate::Error::Forked).
    ///
    /// ```
    /// let position = seckill_client::After::seq(41).term(7_001);
    /// ```
    #[must_use]
    pub fn term(mut self, term: u64) -> Self {
        self.term = Some(term);
        self
    }

    /// The most events in the reply, 1 to 1,000.
    ///
    /// ```
    /// let position = seckill_client::After::seq(41).count(1_000);
    /// ```
    #[must_use]
    pub fn count(mut self, events: u64) -> Self {
        self.count = events;
        self
    }
}

/// Whole milliseconds, rounded up: zero means "none" to the server, and a short time must not become none.
pub(crate) fn millis(time: Duration) -> Millis {
    Millis(u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_time_is_not_none() {
        assert_eq!(millis(Duration::ZERO), Millis(0));
        assert_eq!(millis(Duration::from_nanos(1)), Millis(1));
        assert_eq!(millis(Duration::from_millis(7)), Millis(7));
        assert_eq!(millis(Duration::from_micros(7_001)), Millis(8));
        assert_eq!(millis(Duration::MAX), Millis(u64::MAX));
    }

    #[test]
    fn debug_output_has_no_token() {
        let buy = format!("{:?}", Buy::new("ann", "o1").releasing("lock", "secret"));
        assert!(buy.contains("ann") && buy.contains("o1") && !buy.contains("secret"), "{buy}");
    }

    #[test]
    fn the_first_name_that_is_wrong_is_the_error() {
        let long = "x".repeat(129);
        assert_eq!(Buy::new("", &long).0, Err(Error::Length("buyer")));
        assert_eq!(Buy::new("ann", &long).qty(2).0, Err(Error::Length("order")));
        assert_eq!(Buy::new("ann", "o1").holding("lock", "").0, Err(Error::Length("token")));
    }
}
