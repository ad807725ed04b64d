//! Sales of many shards are found, created, and deleted.

use futures_util::future::try_join_all;

use super::directory::{Claim, claim, complete, find, find_remains};
use super::sale::ShardedSale;
use crate::client::Client;
use crate::connect::Connect;
use crate::error::Result;
use crate::options::NewSale;

impl<C: Connect> Client<C> {
    /// The sale at a key, sharded or ordinary.
    ///
    /// # Errors
    ///
    /// `NOSALE`, also for a sale whose creation did not come to an end; `BUSYKEY` when the key holds another hash.
    ///
    /// ```no_run
    /// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
    /// let sale = client.sharded("bottles").await?;
    /// println!("{} shards", sale.shards().len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sharded(&self, key: impl AsRef<[u8]>) -> Result<ShardedSale<C>> {
        Ok(ShardedSale::new(self, find(self, key.as_ref()).await?))
    }

    /// Creates a sale of 1 to 1,024 shards, which share the stock evenly. Repeated with the same arguments it changes
    /// nothing, but finishes what an earlier call began.
    ///
    /// # Errors
    ///
    /// As [`Sale::create`](crate::Sale::create); `BUSYKEY` when the sale has another number of shards; `ERR` when its name has braces; `NOSALE`
    /// when it was created before and has lost a shard since.
    ///
    /// ```no_run
    /// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
    /// use seckill_client::NewSale;
    ///
    /// let sale = client.create_sharded("bottles", 16, NewSale::new(100_000)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_sharded(
        &self,
        key: impl AsRef<[u8]>,
        shards: usize,
        sale: NewSale,
    ) -> Result<ShardedSale<C>> {
        let Claim { layout, is_complete } = claim(self, key.as_ref(), shards).await?;
        let shards = layout.shards().iter().zip(parts(sale.stock, shards));
        let creations = shards.map(|(shard, stock)| {
            let shard = self.sale(shard.as_slice());
            async move {
                // One that is gone had units, which must not be sold again.
                if is_complete {
                    shard.info().await?;
                }
                shard.create(NewSale { stock, ..sale }).await
            }
        });
        try_join_all(creations).await?;
        if !is_complete {
            complete(self, &layout).await?;
        }
        Ok(ShardedSale::new(self, layout))
    }

    /// Deletes a sale, as [`ShardedSale::delete`] does, also one whose creation did not come to an end.
    ///
    /// # Errors
    ///
    /// `NOSALE` when there is nothing; `BUSYKEY` when the key holds another hash; what the connection ended with.
    ///
    /// ```no_run
    /// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
    /// client.delete_sharded("bottles").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_sharded(&self, key: impl AsRef<[u8]>) -> Result<()> {
        ShardedSale::new(self, find_remains(self, key.as_ref()).await?).delete().await
    }
}

/// The stock of each shard.
fn parts(stock: u64, shards: usize) -> impl Iterator<Item = u64> {
    let count = shards as u64;
    let (part, left) = (stock / count, stock % count);
    (0..count).map(move |shard| part + u64::from(shard < left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stock_is_shared_evenly_and_whole() {
        assert_eq!(parts(10, 4).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(parts(0, 3).sum::<u64>(), 0);
        assert_eq!(parts(u64::MAX, 1_024).sum::<u64>(), u64::MAX);
    }
}
