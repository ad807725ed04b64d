//! The figures of a sharded sale.

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::mover::Mover;
use super::sale::ShardedSale;
use super::servers::Servers;
use crate::connect::Connect;
use crate::error::Result;
use crate::reply::{Info, Rules};
use crate::sale::Sale;
use crate::words::Phase;

/// The figures of a sharded sale: sums over its shards.
///
/// The shards were not read at one instant: between two of them orders were placed, and units moved. So the sums are those
/// of a sale that nobody changes, and else near to what it has. What is read of one shard is of one instant.
///
/// ```no_run
/// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
/// let figures = sale.info().await?;
/// println!("{} left, read within {:?}", figures.available, figures.span);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ShardedInfo {
    /// Whether it sells, and if not, why: `OPEN` when any shard is.
    pub state: Phase,
    /// Units for sale.
    pub available: u64,
    /// Units held.
    pub held: u64,
    /// Units sold.
    pub sold: u64,
    /// Units of transfers that were under way before the shards were read: as many at most are missing in the sums.
    pub under_way: u64,
    /// Orders in all states.
    pub orders: u64,
    /// Buyers with an order.
    pub buyers: u64,
    /// The rules of the first shard. All have the same, unless an alteration did not come to an end.
    pub rules: Rules,
    /// The time from before the first shard was asked until the last one had answered.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::millis"))]
    pub span: std::time::Duration,
    /// The earliest time of a server among the answers, in unix ms: the sums are no newer.
    pub now: u64,
    /// The figures of each shard.
    pub shards: Vec<Info>,
}

impl<C: Connect> ShardedSale<C> {
    /// The figures, of all shards or none.
    ///
    /// # Errors
    ///
    /// Those of [`Sale::info`](crate::Sale::info), of any shard.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let available = sale.info().await?.available;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn info(&self) -> Result<ShardedInfo> {
        let under_way = if self.is_split() { under_way(self.mover()).await? } else { 0 };
        let begun = Instant::now();
        let shards = self.shards();
        let shards = try_join_all(shards.iter().map(Sale::info)).await?;
        Ok(sum(shards, under_way, begun.elapsed()))
    }
}

impl ShardedInfo {
    /// The sums in the form that the figures of an ordinary sale have, so that what shows one kind of sale shows the other.
    /// `seq` is the number of all events then, and `term` the highest.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let figures = sale.info().await?.total();
    /// println!("{} events since {}", figures.seq, figures.created);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn total(&self) -> Info {
        let shards = || self.shards.iter();
        Info {
            state: self.state.clone(),
            available: self.available,
            held: self.held,
            sold: self.sold,
            orders: self.orders,
            buyers: self.buyers,
            rules: self.rules,
            seq: shards().map(|info| info.seq).fold(0, u64::saturating_add),
            term: shards().map(|info| info.term).max().unwrap_or(0),
            created: shards().map(|info| info.created).min().unwrap_or(0),
            diverged: shards().any(|info| info.diverged),
            now: self.now,
            room: shards().map(|info| info.room).fold(0, u32::saturating_add),
        }
    }
}

async fn under_way<S: Servers>(mover: &Mover<S>) -> Result<u64> {
    let entries = mover.servers().under_way().await?;
    Ok(entries.iter().map(|entry| entry.transfer.units).fold(0, u64::saturating_add))
}

fn sum(shards: Vec<Info>, under_way: u64, span: std::time::Duration) -> ShardedInfo {
    let sum = |figure: fn(&Info) -> u64| shards.iter().map(figure).fold(0, u64::saturating_add);
    ShardedInfo {
        state: phase(&shards),
        available: sum(|info| info.available),
        held: sum(|info| info.held),
        sold: sum(|info| info.sold),
        under_way,
        orders: sum(|info| info.orders),
        buyers: sum(|info| info.buyers),
        rules: shards.first().map_or(NO_RULES, |info| info.rules),
        span,
        now: shards.iter().map(|info| info.now).min().unwrap_or(0),
        shards,
    }
}

/// A sale has one shard at least.
const NO_RULES: Rules = Rules { limit: 0, hold: std::time::Duration::ZERO, opens: 0, closes: 0, attempts: 0 };

/// That of the shard which comes first in this order.
fn phase(shards: &[Info]) -> Phase {
    let order = [Phase::Open, Phase::SoldOut, Phase::Upcoming, Phase::Closed];
    let found = order.into_iter().find(|phase| shards.iter().any(|info| info.state == *phase));
    found.or_else(|| shards.first().map(|info| info.state.clone())).unwrap_or(Phase::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_open_shard_sells() {
        let shard = |state| Info { state, ..Info::SAMPLE };
        let of = |phases: &[Phase]| phase(&phases.iter().cloned().map(shard).collect::<Vec<_>>());
        assert_eq!(of(&[Phase::SoldOut, Phase::Open]), Phase::Open);
        assert_eq!(of(&[Phase::SoldOut, Phase::SoldOut]), Phase::SoldOut);
        assert_eq!(of(&[Phase::Closed, Phase::Upcoming]), Phase::Upcoming);
        assert_eq!(of(&[Phase::Other("PAUSED".into())]), Phase::Other("PAUSED".into()));
    }

    #[test]
    fn the_total_of_a_single_shard_is_what_it_has() {
        assert_eq!(sum(vec![Info::SAMPLE], 0, std::time::Duration::ZERO).total(), Info::SAMPLE);
    }

    #[test]
    fn figures_are_summed() {
        let other = Info { available: 7, now: 5, ..Info::SAMPLE };
        let info = sum(vec![Info::SAMPLE, other], 3, std::time::Duration::ZERO);
        let total = info.total();
        assert_eq!((total.available, total.seq, total.created, total.room), (12, 22, 8, 26));
        assert_eq!((info.available, info.held, info.sold, info.orders, info.buyers), (12, 2, 8, 12, 6));
        assert_eq!((info.now, info.under_way, info.rules), (5, 3, Rules::SAMPLE));
    }
}
