//! A sale of many shards whose orders and transfers are durable.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::sale::ShardedSale;
use crate::connect::Connect;
use crate::durable::{DurableReceipt, DurableSale};
use crate::error::Result;
use crate::purchase::Purchase;

/// A sale of many shards that tells of each order whether replicas have it, as a [`DurableSale`] does. And a transfer goes
/// on only when replicas have each of its steps: so a failover to one of them never forgets that a shard gave units which
/// another one got, and units are never doubled.
///
/// Keep one for a process.
///
/// ```no_run
/// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
/// use std::time::Duration;
///
/// let durable = client.sharded("bottles").await?.durable(1, Duration::from_secs(1));
/// if durable.buy("ann").order("order-1").await?.is_durable() {
///     println!("ship it");
/// }
/// # Ok(())
/// # }
/// ```
pub struct DurableShardedSale<C: Connect = redis::Client> {
    sale: ShardedSale<C>,
    shards: Arc<Vec<DurableSale<C>>>,
}

impl<C: Connect> ShardedSale<C> {
    /// The same sale, for purchases and transfers whose steps so many replicas are to have within this time, a day at most.
    /// While they have not, no further units are moved. There are up to two connections for each shard, which are kept.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) {
    /// let durable = sale.durable(1, std::time::Duration::from_secs(1));
    /// # }
    /// ```
    #[must_use]
    pub fn durable(&self, replicas: u32, timeout: Duration) -> DurableShardedSale<C> {
        let shards = self.shards().iter().map(|shard| shard.durable(replicas, timeout)).collect();
        DurableShardedSale { sale: self.waiting_for(replicas, timeout), shards: Arc::new(shards) }
    }
}

impl<C: Connect> DurableShardedSale<C> {
    /// A purchase by this buyer, to be awaited, as [`ShardedSale::buy`]. When it is accepted it waits for the replicas.
    ///
    /// ```no_run
    /// # async fn example(durable: seckill_client::DurableShardedSale) -> seckill_client::Result<()> {
    /// let bought = durable.buy("ann").order("order-1").await?;
    /// println!("{:?}: {:?}", bought.receipt.outcome, bought.durability);
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy<'a>(&'a self, buyer: &'a (impl AsRef<[u8]> + ?Sized)) -> Purchase<'a, Self> {
        Purchase::new(self, buyer.as_ref())
    }

    /// The sale, for all else. Its transfers wait for the replicas.
    ///
    /// ```no_run
    /// # async fn example(durable: seckill_client::DurableShardedSale) -> seckill_client::Result<()> {
    /// let balanced = durable.sale().balancer().round().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sale(&self) -> &ShardedSale<C> {
        &self.sale
    }

    async fn complete(&self, purchase: Purchase<'_, Self>) -> Result<DurableReceipt> {
        let home = self.sale.layout().home(purchase.buyer());
        let receipt = self.sale.buy_unless_refused(purchase).await?;
        Ok(self.shards[home].wait_for(receipt).await)
    }
}

impl<'a, C: Connect> IntoFuture for Purchase<'a, DurableShardedSale<C>> {
    type Output = Result<DurableReceipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<DurableReceipt>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let durable = self.handle();
        Box::pin(durable.complete(self))
    }
}

impl<C: Connect> Clone for DurableShardedSale<C> {
    fn clone(&self) -> Self {
        Self { sale: self.sale.clone(), shards: self.shards.clone() }
    }
}

impl<C: Connect> fmt::Debug for DurableShardedSale<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableShardedSale").field("sale", &self.sale).finish_non_exhaustive()
    }
}
