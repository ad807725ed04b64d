//! A purchase from a sale of many shards.

use std::pin::Pin;

use tokio::time::{Instant, timeout_at};

use super::mover::Answer;
use super::sale::ShardedSale;
use super::search::unsure;
use crate::call::timed_out;
use crate::connect::Connect;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::purchase::Purchase;
use crate::receipt::Receipt;
use crate::retry::Backoff;
use crate::words::Refusal;

impl<C: Connect> ShardedSale<C> {
    /// A purchase by this buyer, to be awaited, as [`Sale::buy`](crate::Sale::buy). It is made at home. When home has too
    /// few units and others have enough, units are moved there, and it is made again. So it is refused as `SOLDOUT` only
    /// when no shard has a unit, and as `SHORT` when all together have too few.
    ///
    /// A new order is refused without a call while that is [known](Self::known_refusal).
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").order("order-1").qty(2).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy<'a>(&'a self, buyer: &'a (impl AsRef<[u8]> + ?Sized)) -> Purchase<'a, Self> {
        Purchase::new(self, buyer.as_ref())
    }

    /// Makes a purchase by whatever handle, unless it is known to be refused.
    pub(super) async fn buy_unless_refused<H: Sync>(&self, purchase: Purchase<'_, H>) -> Result<Receipt> {
        self.memory().place(purchase, async |purchase| self.place(purchase).await).await
    }

    async fn place<H: Sync>(&self, mut purchase: Purchase<'_, H>) -> Result<Receipt> {
        let shard = self.home(purchase.buyer());
        if !self.is_split() {
            return purchase.place(&shard).await;
        }
        let deadline = self.deadline();
        let mut backoff = Backoff::until(deadline);
        // Of an earlier attempt that may arrive late.
        let mut doubtful: Option<Receipt> = None;
        loop {
            let mut receipt = match (purchase.attempt(&shard, false).await, &doubtful) {
                (Err(error), Some(receipt)) if !error.is_of_module() => {
                    return Ok(Receipt { outcome: Outcome::Unknown, ..receipt.clone() });
                }
                (receipt, _) => receipt?,
            };
            if !is_refused_here(&receipt.outcome) {
                return Ok(receipt);
            }
            receipt.is_final &= doubtful.is_none();
            let is_final = receipt.is_final;
            if !is_final {
                doubtful = Some(receipt.clone());
            }
            let refused = Instant::now();
            if refused >= deadline {
                // Others take the units as fast as they come.
                return Ok(receipt);
            }
            let home = self.layout().home(purchase.buyer());
            let bringing = self.bring(home, purchase.units().into(), refused);
            let answer =
                match timeout_at(deadline, bringing).await.unwrap_or_else(|_| Err(timed_out().into())) {
                    Ok(answer) => answer,
                    // Who may not move units gets what others left at home; and an order that may come late is not forgotten.
                    Err(error) if is_forbidden(&error) || !is_final => return Ok(receipt),
                    Err(error) => return Err(error),
                };
            match answer {
                Answer::Brought(_) => {}
                Answer::Only(total) => {
                    let why = if total == 0 { Refusal::SoldOut } else { Refusal::Short };
                    receipt.outcome = Outcome::Refused(why);
                    return Ok(receipt);
                }
                // The units of a transfer that cannot be finished now may be for sale later.
                Answer::Stuck(_) => {
                    receipt.is_final = false;
                    return Ok(receipt);
                }
                // A failover may be under way, or a transfer.
                Answer::Unsure(_) if backoff.wait().await => {}
                Answer::Unsure(_) if !is_final => return Ok(receipt),
                Answer::Unsure(_) => return Err(unsure()),
            }
        }
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Redis(error) if error.code() == Some("NOPERM"))
}

/// Whether another shard may have what this one has not.
fn is_refused_here(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(Refusal::SoldOut | Refusal::Short))
}

impl<'a, C: Connect> IntoFuture for Purchase<'a, ShardedSale<C>> {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let sale = self.handle();
        Box::pin(sale.buy_unless_refused(self))
    }
}
