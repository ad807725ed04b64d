//! A sale whose orders are durable when it says so.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::connect::Connect;
use crate::durable::barrier::Barrier;
use crate::durable::demand::Demand;
use crate::durable::queue::{Entrance, Queue};
use crate::durable::receipt::DurableReceipt;
use crate::error::Result;
use crate::purchase::Purchase;
use crate::receipt::Receipt;
use crate::sale::Sale;

/// The longest time that a caller waits for replicas.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A sale that tells of each order whether replicas have it, so that a failover to one of them does not lose it.
///
/// Replication is asynchronous: a primary that crashes takes along the orders that it accepted just before. This handle
/// reports an order as [`Replicated`](crate::Durability::Replicated) only after `WAIT` said so. All callers of the handle
/// and of its clones share one connection and one `WAIT` at a time, so keep one handle for a process.
///
/// The failover must promote a replica that has the order. The one with the highest replication offset does; Sentinel and
/// clusters prefer it, among those that they reach. When `replicas` are all that there are, any does.
///
/// The connection reads the orders and writes a lock beside the sale, whose key begins with that of the sale, so its user
/// needs `SECKILL.ORDER`, `SECKILL.LOCK`, `SECKILL.UNLOCK`, `WAIT`, and a pattern such as `~bottles*`. While a cluster moves
/// the slot, orders may be [`NotYet`](crate::Durability::NotYet) for longer.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = seckill_client::Client::open("redis://127.0.0.1/")?;
/// let durable = client.sale("bottles").durable(1, std::time::Duration::from_secs(1));
/// let bought = durable.buy("ann").order("order-1").qty(2).await?;
/// if bought.is_durable() {
///     println!("ship {:?}", bought.receipt.order);
/// }
/// # Ok(())
/// # }
/// ```
pub struct DurableSale<C: Connect = redis::Client> {
    sale: Sale<C>,
    demand: Demand,
    timeout: Duration,
    /// None before the first order.
    queue: Arc<Mutex<Option<Queue>>>,
}

impl<C: Connect> Sale<C> {
    /// The same sale, for purchases that so many replicas are to have within this time from when they were accepted, a
    /// day at most. With 0 replicas it is only said that the primary has them still.
    ///
    /// ```no_run
    /// # fn example(sale: seckill_client::Sale) {
    /// let durable = sale.durable(1, std::time::Duration::from_millis(500));
    /// # }
    /// ```
    #[must_use]
    pub fn durable(&self, replicas: u32, timeout: Duration) -> DurableSale<C> {
        let demand = Demand { replicas, fsynced: false };
        DurableSale { sale: self.clone(), demand, timeout: timeout.min(LONGEST), queue: Arc::default() }
    }
}

impl<C: Connect> DurableSale<C> {
    /// The same, by `WAITAOF`: orders are to be on the disks of the replicas, and on that of the primary. With no replica
    /// asked for, that of the primary is enough.
    ///
    /// Servers have it since Redis 7.2, and when their AOF is on; others answer
    /// [`Unavailable`](crate::Durability::Unavailable).
    ///
    /// ```no_run
    /// # fn example(sale: seckill_client::Sale) {
    /// let durable = sale.durable(1, std::time::Duration::from_secs(2)).fsynced();
    /// # }
    /// ```
    #[must_use]
    pub fn fsynced(self) -> Self {
        let demand = Demand { fsynced: true, ..self.demand };
        Self { demand, queue: Arc::default(), ..self }
    }

    /// A purchase by this buyer, to be awaited, as [`Sale::buy`]. When it is accepted it waits for the replicas.
    ///
    /// ```no_run
    /// # async fn example(durable: seckill_client::DurableSale) -> seckill_client::Result<()> {
    /// let bought = durable.buy("ann").order("order-1").await?;
    /// println!("{:?}: {:?}", bought.receipt.outcome, bought.durability);
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy<'a>(&'a self, buyer: &'a (impl AsRef<[u8]> + ?Sized)) -> Purchase<'a, Self> {
        Purchase::new(self, buyer.as_ref())
    }

    async fn complete(&self, purchase: Purchase<'_, Self>) -> Result<DurableReceipt> {
        Ok(self.wait_for(purchase.place(&self.sale).await?).await)
    }

    /// Waits for the replicas, if the purchase was accepted.
    pub(crate) async fn wait_for(&self, receipt: Receipt) -> DurableReceipt {
        let durability = if receipt.is_accepted() {
            let deadline = Instant::now() + self.timeout;
            Some(self.entrance().pass(receipt.order.clone(), deadline).await)
        } else {
            None
        };
        DurableReceipt { receipt, durability }
    }

    /// That of the queue that runs, or else of a new one.
    fn entrance(&self) -> Entrance {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let running = queue.take().filter(|queue| !queue.is_over());
        let start = || Queue::start(Barrier::new(self.sale.client(), self.sale.key(), self.demand));
        queue.insert(running.unwrap_or_else(start)).entrance()
    }
}

impl<'a, C: Connect> IntoFuture for Purchase<'a, DurableSale<C>> {
    type Output = Result<DurableReceipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<DurableReceipt>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let durable = self.handle();
        Box::pin(durable.complete(self))
    }
}

impl<C: Connect> Clone for DurableSale<C> {
    fn clone(&self) -> Self {
        Self {
            sale: self.sale.clone(),
            demand: self.demand,
            timeout: self.timeout,
            queue: self.queue.clone(),
        }
    }
}

impl<C: Connect> fmt::Debug for DurableSale<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableSale")
            .field("sale", &self.sale)
            .field("demand", &self.demand)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
