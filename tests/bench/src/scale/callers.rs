//! Many callers who buy through the client, each one order after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use seckill_client::ShardedSale;
use seckill_client::connect::Connect;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::failure::Failure;

/// A caller who was refused tries again after this time, with another order.
const PAUSE: Duration = Duration::from_millis(1);
/// Units that are not sold by then are never.
const PATIENCE: Duration = Duration::from_secs(120);

/// A purchase, and whether it was accepted.
#[derive(Clone, Copy)]
pub(super) struct Bought {
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    pub(super) is_accepted: bool,
}

impl Bought {
    pub(super) fn took(&self) -> Duration {
        self.ended - self.begun
    }
}

/// Sells so many units, by as many callers of each process. All purchases, in the order in which they ended.
pub(super) async fn sell<C: Connect>(
    sales: &[ShardedSale<C>],
    buyers: &Arc<[String]>,
    callers: usize,
    units: u64,
) -> Result<Vec<Bought>, Failure> {
    let counters = Arc::new(Counters { next: AtomicUsize::new(0), sold: AtomicU64::new(0), units });
    let mut tasks = JoinSet::new();
    for sale in sales.iter().cycle().take(callers) {
        tasks.spawn(call(sale.clone(), buyers.clone(), counters.clone()));
    }
    let mut purchases = Vec::new();
    while let Some(bought) = tasks.join_next().await {
        purchases.extend(bought??);
    }
    purchases.sort_unstable_by_key(|bought| bought.ended);
    Ok(purchases)
}

struct Counters {
    /// Who buys next.
    next: AtomicUsize,
    sold: AtomicU64,
    /// To be sold.
    units: u64,
}

async fn call<C: Connect>(
    sale: ShardedSale<C>,
    buyers: Arc<[String]>,
    counters: Arc<Counters>,
) -> Result<Vec<Bought>, Failure> {
    let (mut purchases, give_up) = (Vec::new(), Instant::now() + PATIENCE);
    while counters.sold.load(Relaxed) < counters.units {
        let buyer = &buyers[counters.next.fetch_add(1, Relaxed) % buyers.len()];
        let begun = Instant::now();
        let receipt = sale.buy(buyer).await?;
        let bought = Bought { begun, ended: Instant::now(), is_accepted: receipt.is_accepted() };
        purchases.push(bought);
        if bought.is_accepted {
            counters.sold.fetch_add(1, Relaxed);
        } else if bought.ended < give_up {
            sleep(PAUSE).await;
        } else {
            return Err(format!("not all was sold: {:?}", receipt.outcome).into());
        }
    }
    Ok(purchases)
}
