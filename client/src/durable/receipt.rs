//! What is known of a purchase and of its copies.

use crate::error::Error;
use crate::receipt::Receipt;

/// What came of a purchase by a [`DurableSale`](crate::DurableSale).
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::Durability;
///
/// let durable = sale.durable(1, std::time::Duration::from_secs(1));
/// let bought = durable.buy("ann").order("order-1").await?;
/// match bought.durability {
///     Some(Durability::Replicated(_)) => println!("a failover to such a replica keeps the order"),
///     Some(Durability::NotYet) => println!("make the same purchase again: it buys nothing twice"),
///     Some(other) => println!("{other:?}"),
///     None => println!("no order: {:?}", bought.receipt.outcome),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DurableReceipt {
    /// What came of the purchase itself.
    pub receipt: Receipt,
    /// Which servers have the order; `None` when none was accepted, or that is not known.
    pub durability: Option<Durability>,
}

impl DurableReceipt {
    /// Whether the buyer has the units, and as many replicas as were asked for have the order.
    ///
    /// ```no_run
    /// # async fn example(durable: seckill_client::DurableSale) -> seckill_client::Result<()> {
    /// if durable.buy("ann").order("order-1").await?.is_durable() {
    ///     println!("ship it");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(self.durability, Some(Durability::Replicated(_)))
    }
}

/// Which servers have an order that was accepted.
///
/// ```no_run
/// # fn example(durability: seckill_client::Durability) {
/// use seckill_client::Durability;
///
/// match durability {
///     Durability::Replicated(replicas) => println!("{replicas} replicas have it"),
///     Durability::NotYet => println!("make the same purchase again"),
///     other => println!("{other:?}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Durability {
    /// The primary has it, and so many replicas: at least as many as were asked for.
    Replicated(u32),
    /// Too few replicas have it, or that is not known: the time was up, or there is another primary now, which may lack
    /// it. The same purchase with the same order id may be made again, at any time.
    NotYet,
    /// The primary accepted it, and refuses to tell which servers have it. It will until it is configured otherwise: it
    /// lacks `WAITAOF`, its AOF is off, or the user lacks a permission.
    Unavailable(Error),
}
