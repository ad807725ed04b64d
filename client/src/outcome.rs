//! What is known of an order.

use crate::words::{Refusal, State};

/// What is known of an order after a purchase.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::Outcome;
///
/// match sale.buy("ann").order("order-1").await?.outcome {
///     Outcome::Order(state) => println!("the order is {state}"),
///     Outcome::Refused(why) => println!("no order: {why}"),
///     Outcome::NotPlaced => println!("no order: take the lock again"),
///     Outcome::Unknown => println!("ask again for order-1"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Outcome {
    /// It exists, by this purchase or an earlier one.
    Order(State),
    /// There is no such order.
    Refused(Refusal),
    /// There is no such order. Why is not known: the reply that said so was lost, and the lock is released. Whoever takes
    /// the lock again may have the same order decided anew.
    NotPlaced,
    /// It may exist: a reply was lost, and no other came in time. The same purchase with the same order id may be made
    /// again, at any time.
    Unknown,
    /// A reply that this version of the crate does not know, from a newer server.
    Other(String),
}
