//! Balances a sale ahead of need.

use super::even_out::even_out;
use super::sale::ShardedSale;
use super::servers::Figures;
use super::transfer::Transfer;
use crate::connect::Connect;
use crate::error::Result;

/// Moves units ahead of need, so that clients which move none themselves find some at each buyer's home.
///
/// ```no_run
/// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
/// let mut balancer = sale.balancer();
/// loop {
///     for transfer in balancer.round().await?.moved {
///         println!("{transfer}");
///     }
///     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
/// }
/// # }
/// ```
pub struct Balancer<C: Connect = redis::Client> {
    sale: ShardedSale<C>,
    /// Of each shard.
    demand: Vec<Demand>,
    round: usize,
}

/// What a round did.
///
/// ```no_run
/// # async fn example(mut balancer: seckill_client::Balancer) -> seckill_client::Result<()> {
/// let balanced = balancer.round().await?;
/// println!("{} moves, {} finished for others", balanced.moved.len(), balanced.finished);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Balanced {
    /// The transfers that it made.
    pub moved: Vec<Transfer>,
    /// How many transfers it finished that others had begun.
    pub finished: usize,
    /// Transfers that could not be finished: a server does not answer, or a shard lacks the units that a failover gave
    /// back to it.
    pub open: Vec<Transfer>,
    /// The numbers of the shards that did not answer, and were left out.
    pub silent: Vec<usize>,
}

impl<C: Connect> ShardedSale<C> {
    /// What balances the sale, round by round. Several may run at once.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let balanced = sale.balancer().round().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn balancer(&self) -> Balancer<C> {
        Balancer { sale: self.clone(), demand: Vec::new(), round: 0 }
    }
}

impl<C: Connect> Balancer<C> {
    /// Finishes the transfers of others and moves units to the shards that have too few. The first round repeats the
    /// transfers of the last minutes, too, in case that a failover forgot a half of one; later rounds do so after a
    /// failover.
    ///
    /// # Errors
    ///
    /// What the connection ended with. The next round finishes what this one began.
    ///
    /// ```no_run
    /// # async fn example(mut balancer: seckill_client::Balancer) -> seckill_client::Result<()> {
    /// balancer.round().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn round(&mut self) -> Result<Balanced> {
        if !self.sale.is_split() {
            return Ok(Balanced::default());
        }
        if self.round == 0 {
            self.sale.mover().repeat().await?;
        }
        // What cannot be shared goes round slowly, for each transfer leaves two events.
        let first = self.round / ROUNDS_AT_A_SHARD % self.sale.layout().shards().len();
        self.round += 1;
        let (demand, sale) = (&mut self.demand, &self.sale);
        let mut silent = Vec::new();
        let plan = |shards: &[Option<Figures>]| {
            silent = (0..shards.len()).filter(|shard| shards[*shard].is_none()).collect();
            even_out(shards, &note(demand, shards), first)
        };
        let (settled, moved) = sale.search().balance(plan).await?;
        Ok(Balanced { moved, finished: settled.finished, open: settled.open, silent })
    }
}

impl<C: Connect> std::fmt::Debug for Balancer<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Balancer")
            .field("sale", &self.sale)
            .field("round", &self.round)
            .finish_non_exhaustive()
    }
}

/// The last units, which are fewer than shards, are left to each shard for so many rounds.
const ROUNDS_AT_A_SHARD: usize = 10;

/// What a shard sold lately.
#[derive(Debug, Clone, Copy, Default)]
struct Demand {
    /// Units held and sold when the shard was seen last.
    taken: Option<u64>,
    /// Units that it sold since it was seen first; those of each earlier round count half.
    lately: u64,
}

impl Demand {
    /// Units that came back count for nothing.
    fn note(&mut self, figures: &Figures) {
        let since = self.taken.map_or(0, |before| figures.taken.saturating_sub(before));
        self.lately = (self.lately / 2).saturating_add(since);
        self.taken = Some(figures.taken);
    }
}

fn note(demand: &mut Vec<Demand>, shards: &[Option<Figures>]) -> Vec<u64> {
    demand.resize_with(shards.len(), Demand::default);
    for (demand, figures) in demand.iter_mut().zip(shards) {
        if let Some(figures) = figures {
            demand.note(figures);
        }
    }
    demand.iter().map(|demand| demand.lately).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sold_counts_less_and_less() {
        let shard = |taken| Some(Figures { available: 0, taken, seq: 1, term: 1 });
        let mut demand = Vec::new();
        assert_eq!(note(&mut demand, &[shard(100), None]), [0, 0]);
        assert_eq!(note(&mut demand, &[shard(108), shard(5)]), [8, 0]);
        assert_eq!(note(&mut demand, &[shard(100), shard(7)]), [4, 2]);
        assert_eq!(note(&mut demand, &[shard(103), None]), [5, 2]);
    }
}
