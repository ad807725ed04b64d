//! Looks through the transfers of a sale by the events of its shards.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use seckill_core::protocol::EVENTS_MAX;

use super::ledger::{Balance, Ledger};
use super::sale::ShardedSale;
use super::servers::Servers;
use super::transfer::Transfer;
use crate::connect::Connect;
use crate::error::Result;
use crate::options::After;
use crate::reply::EventKind;
use crate::sale::Sale;

/// The transfers of a sale, as the events of its shards tell them.
///
/// ```no_run
/// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
/// let transfers = sale.transfers().await?;
/// assert!(transfers.doubled.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfers {
    /// How many moved units.
    pub moved: usize,
    /// Those whose units are in no shard: under way, or a failover forgot that one got them.
    pub in_transit: Vec<Transfer>,
    /// Those whose units are in two shards: a failover forgot that one gave them.
    pub doubled: Vec<Transfer>,
}

impl Transfers {
    /// Whether the units of each are in one shard.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// assert!(sale.transfers().await?.are_even());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn are_even(&self) -> bool {
        self.in_transit.is_empty() && self.doubled.is_empty()
    }
}

impl<C: Connect> ShardedSale<C> {
    /// Looks through all transfers. It reads every event of each shard, so it takes time linear in the orders.
    ///
    /// # Errors
    ///
    /// Those of [`Sale::events`].
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let transfers = sale.transfers().await?;
    /// println!("{} moves, {} in transit", transfers.moved, transfers.in_transit.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transfers(&self) -> Result<Transfers> {
        let mut readers: Vec<_> = self.shards().into_iter().map(Reader::new).collect();
        let mut ledger = Ledger::default();
        read(&mut readers, &mut ledger).await?;
        let before = ledger.uneven();
        // The shards were not read at one instant: who is uneven only because of that is even now.
        if !before.is_empty() {
            read(&mut readers, &mut ledger).await?;
        }
        let now = ledger.uneven();
        let still = |balance: Balance| still(&before, &now, balance);
        Ok(Transfers {
            moved: ledger.moved(),
            in_transit: still(Balance::InTransit),
            doubled: still(Balance::Doubled),
        })
    }

    /// Finishes transfers that [`transfers`](Self::transfers) found, also those that the journal does not have any more:
    /// those that still cannot be finished.
    ///
    /// # Errors
    ///
    /// What the connection ended with; `ERR`, and nothing is done, when a transfer is one of another sale, with more shards.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let transfers = sale.transfers().await?;
    /// let open = sale.finish(&transfers.in_transit).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finish(&self, transfers: &[Transfer]) -> Result<Vec<Transfer>> {
        for transfer in transfers {
            self.mover().servers().shard(transfer.from.max(transfer.to))?;
        }
        let under_way = self.mover().servers().under_way().await?;
        let is_begun = |transfer: &&Transfer| under_way.iter().any(|entry| entry.transfer == **transfer);
        for transfer in transfers.iter().filter(|transfer| !is_begun(transfer)) {
            self.mover().servers().begin(*transfer).await?;
        }
        Ok(self.mover().settle().await?.open)
    }
}

fn still(
    before: &BTreeMap<Transfer, Balance>,
    now: &BTreeMap<Transfer, Balance>,
    balance: Balance,
) -> Vec<Transfer> {
    let found = now.iter().filter(|(transfer, now)| **now == balance && before.get(transfer) == Some(now));
    found.map(|(transfer, _)| *transfer).collect()
}

/// Reads the restocks of a shard.
struct Reader<C: Connect> {
    shard: Sale<C>,
    /// The last event that was read.
    seq: u64,
}

impl<C: Connect> Reader<C> {
    fn new(shard: Sale<C>) -> Self {
        Self { shard, seq: 0 }
    }

    /// The restocks with an id up to the present end.
    async fn restocks(&mut self) -> Result<Vec<(i64, Vec<u8>)>> {
        let mut restocks = Vec::new();
        loop {
            let page = self.shard.events(After::seq(self.seq).count(EVENTS_MAX)).await?;
            let Some(last) = page.last() else { return Ok(restocks) };
            self.seq = last.seq;
            for event in page {
                if let EventKind::Restocked { qty, id: Some(id) } = event.kind {
                    restocks.push((qty, id));
                }
            }
        }
    }
}

async fn read<C: Connect>(readers: &mut [Reader<C>], ledger: &mut Ledger) -> Result<()> {
    let restocks = try_join_all(readers.iter_mut().map(Reader::restocks)).await?;
    for (shard, restocks) in restocks.iter().enumerate() {
        restocks.iter().for_each(|(units, id)| ledger.note(shard, *units, id));
    }
    Ok(())
}
