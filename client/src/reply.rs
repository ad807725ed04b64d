//! The replies of the commands.

use std::time::Duration;

use crate::words::{Phase, Refusal, State};

/// The reply to a purchase: the state of the order after the call, or why there is no order.
///
/// ```no_run
/// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
/// # use seckill_client::Seckill;
/// use seckill_client::{Bought, Buy};
///
/// match connection.seckill().buy("bottles", Buy::new("ann", "order-1")).await? {
///     Bought::Order(state) => println!("the order is {state}"),
///     Bought::Refused(why) => println!("no order: {why}"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Bought {
    /// The order exists, by this call or an earlier one.
    Order(State),
    /// There is no such order. The server remembers no refusal: a retry is decided again.
    Refused(Refusal),
    /// A reply that this version of the crate does not know, from a newer server.
    Other(String),
}

impl Bought {
    /// Whether the buyer has the units now, held or sold.
    ///
    /// ```
    /// use seckill_client::{Bought, State};
    ///
    /// assert!(Bought::Order(State::Held).is_accepted());
    /// assert!(!Bought::Order(State::Expired).is_accepted());
    /// ```
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Order(State::Held | State::Sold))
    }
}

/// What became of an order in one of several sales. All parts are [`Part::Order`], or none is.
///
/// ```no_run
/// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
/// # use seckill_client::Seckill;
/// use seckill_client::{Buy, Part};
///
/// let sales = ["{shop}bottles", "{shop}glasses"];
/// let parts = connection.seckill().buy_all(&sales, Buy::new("ann", "order-1")).await?;
/// for (sale, part) in sales.iter().zip(parts) {
///     if let Part::Refused(why) = part {
///         println!("{sale}: {why}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Part {
    /// The order exists in this sale, by this call or an earlier one.
    Order(State),
    /// This sale refuses.
    Refused(Refusal),
    /// This sale would accept, but another one refuses.
    Free,
    /// A reply that this version of the crate does not know, from a newer server.
    Other(String),
}

/// An order.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// if let Some(order) = sale.order("order-1").await? {
///     println!("{} units, {}", order.qty, order.state);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Order {
    /// Its id.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::name"))]
    pub order: Vec<u8>,
    /// Who bought.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::name"))]
    pub buyer: Vec<u8>,
    /// Units.
    pub qty: u32,
    /// Its state.
    pub state: State,
    /// When it was bought, in unix ms.
    pub at: u64,
    /// Until when it can be confirmed, in unix ms, while it is held.
    pub deadline: Option<u64>,
    /// The `seq` of its last event.
    pub seq: u64,
}

/// The units and orders of a buyer.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// let buyer = sale.buyer("ann").await?;
/// println!("{} held, {} sold", buyer.held, buyer.sold);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Buyer {
    /// Units held.
    pub held: u64,
    /// Units sold.
    pub sold: u64,
    /// The ids of the orders, newest first, at most 100.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::names"))]
    pub orders: Vec<Vec<u8>>,
}

/// The rules of a sale. Zero stands for "none" in each.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// let rules = sale.info().await?.rules;
/// println!("at most {} for each buyer", rules.limit);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Rules {
    /// Units that one buyer may have held and sold at once.
    pub limit: u32,
    /// How long an order is held for confirmation.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::millis"))]
    pub hold: Duration,
    /// When the sale opens, in unix ms.
    pub opens: u64,
    /// When the sale closes, in unix ms.
    pub closes: u64,
    /// Orders that one buyer may place, whatever becomes of them.
    pub attempts: u32,
}

/// An event of a sale.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::After;
///
/// for event in sale.events(After::seq(0)).await? {
///     println!("{} {:?}", event.seq, event.kind);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Event {
    /// Its number: 1, 2, 3 … without gaps.
    pub seq: u64,
    /// The term in which it was decided.
    pub term: u64,
    /// When, in unix ms.
    pub at: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
///
/// ```no_run
/// # fn example(event: seckill_client::Event) {
/// use seckill_client::{EventKind, State};
///
/// if let EventKind::Order { state: State::Sold, order, .. } = event.kind {
///     println!("ship {}", String::from_utf8_lossy(&order));
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum EventKind {
    /// The sale was created.
    Created {
        /// Units for sale.
        qty: u64,
        /// How they are sold.
        rules: Rules,
    },
    /// The rules were changed.
    Altered {
        /// All rules, also those that did not change.
        rules: Rules,
    },
    /// Stock was added, or taken away when `qty` is negative. When it is 0, only the id was used up.
    Restocked {
        /// Units.
        qty: i64,
        /// The id of the restocking, when it had one.
        #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::optional_name"))]
        id: Option<Vec<u8>>,
    },
    /// An order was placed, or changed.
    Order {
        /// Its new state. A second `HELD` means that it was extended.
        state: State,
        /// Its id.
        #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::name"))]
        order: Vec<u8>,
        /// Who bought.
        #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::name"))]
        buyer: Vec<u8>,
        /// Units.
        qty: u32,
        /// Until when it can be confirmed, in unix ms, while it is held.
        deadline: Option<u64>,
    },
    /// An event that this version of the crate does not know, from a newer server.
    Other {
        /// Its name.
        event: String,
    },
}

/// The figures of a sale. The stock in total is `available + held + sold`.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// let figures = sale.info().await?;
/// println!("{} of {} left", figures.available, figures.available + figures.held + figures.sold);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Info {
    /// Whether it sells, and if not, why.
    pub state: Phase,
    /// Units for sale.
    pub available: u64,
    /// Units held.
    pub held: u64,
    /// Units sold.
    pub sold: u64,
    /// Orders in all states.
    pub orders: u64,
    /// Buyers with an order.
    pub buyers: u64,
    /// The rules of the sale.
    pub rules: Rules,
    /// The `seq` of the last event.
    pub seq: u64,
    /// The term of the last event.
    pub term: u64,
    /// When the sale was created, in unix ms.
    pub created: u64,
    /// This copy diverged from its primary: it decides nothing until the key is replaced.
    pub diverged: bool,
    /// The server's time, in unix ms, for countdowns.
    pub now: u64,
    /// Orders that the sale can still take.
    pub room: u32,
}

#[cfg(test)]
impl Rules {
    /// Rules that all apply.
    pub(crate) const SAMPLE: Self =
        Self { limit: 2, hold: Duration::from_millis(500), opens: 10, closes: 20, attempts: 30 };
}

#[cfg(test)]
impl Info {
    /// Figures that all differ, so that a test sees when two are mixed up.
    pub(crate) const SAMPLE: Self = Self {
        state: Phase::Open,
        available: 5,
        held: 1,
        sold: 4,
        orders: 6,
        buyers: 3,
        rules: Rules::SAMPLE,
        seq: 11,
        term: 7,
        created: 8,
        diverged: true,
        now: 12,
        room: 13,
    };
}
