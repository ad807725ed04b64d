//! The handler of one request, and how each strategy sells a bottle.

use std::sync::Arc;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use seckill_client::{Bought, Buy, Refusal, Seckill};
use tokio::time::Instant;

use super::by_hand::{HandWritten, Keys};
use super::checkout::{Checkout, Response};
use super::error::Error;
use super::strategy::Strategy;

/// The outcome of one attempt to sell a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Another handler held the lock.
    Busy,
    /// The lock was lost meanwhile, so the server refused the purchase.
    LockLost,
    /// The handler read the stock, or sold from it.
    Done {
        /// A bottle was sold; else there was none.
        ordered: bool,
        /// The lock was not the handler's own any more, and nothing stopped it.
        without_lock: bool,
    },
}

/// The handler of one buyer's request.
pub struct Handler {
    con: MultiplexedConnection,
    keys: Arc<Keys>,
    by_hand: HandWritten,
    checkout: Arc<Checkout>,
    /// When the buyer gives up.
    deadline: Instant,
    /// The buyer's id, and the handler's token.
    buyer: String,
    order: String,
}

impl Handler {
    /// The handler of this buyer, who orders under the id `order`.
    pub(super) fn new(
        con: MultiplexedConnection,
        keys: Arc<Keys>,
        checkout: Arc<Checkout>,
        [buyer, order]: [String; 2],
        deadline: Instant,
    ) -> Self {
        let by_hand = HandWritten::new(con.clone(), Arc::clone(&keys), buyer.clone());
        Self { con, keys, by_hand, checkout, deadline, buyer, order }
    }

    /// One attempt. `check` asks the user service about the buyer.
    pub async fn attempt(
        &mut self,
        strategy: Strategy,
        check: impl Future<Output = ()>,
    ) -> Result<Attempt, Error> {
        match strategy {
            Strategy::Naive => Ok(self.naive(check).await?),
            Strategy::SafeLock => Ok(self.safe_lock(check).await?),
            Strategy::AtomicDecrement => Ok(self.atomic_decrement(check).await?),
            Strategy::SeckillLocked => self.seckill_locked(check).await,
            Strategy::SeckillGuarded => self.seckill_guarded(check).await,
            Strategy::SeckillUnlocked => self.seckill_unlocked(check).await,
        }
    }

    async fn naive(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        let attempt = if self.by_hand.take_lock().await? {
            check.await;
            self.read_compare_decrement().await?
        } else {
            Attempt::Busy
        };
        // The `finally` block of the incident. It also runs for those who never held the lock.
        self.by_hand.delete_lock().await?;
        Ok(attempt)
    }

    async fn safe_lock(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        if !self.by_hand.take_lock().await? {
            return Ok(Attempt::Busy);
        }
        check.await;
        let attempt = self.read_compare_decrement().await?;
        self.by_hand.delete_own_lock().await?;
        Ok(attempt)
    }

    async fn atomic_decrement(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        if !self.by_hand.take_lock().await? {
            return Ok(Attempt::Busy);
        }
        check.await;
        let seen = self.by_hand.decrement_stock().await?;
        self.by_hand.delete_own_lock().await?;
        Ok(Attempt::Done { ordered: seen.stock >= 0, without_lock: !seen.locked })
    }

    async fn seckill_locked(&mut self, check: impl Future<Output = ()>) -> Result<Attempt, Error> {
        let keys = &self.keys;
        if self.con.seckill().lock(&keys.lock, &self.buyer, keys.lease).await?.is_none() {
            return Ok(Attempt::Busy);
        }
        check.await;
        // As in the other strategies, GET reads the owner in the same round trip: a clone shares the
        // connection, and a `biased` join sends in this order.
        let mut con = self.con.clone();
        let get = redis::cmd("GET").arg(&keys.lock).take();
        let buy = Buy::new(&self.buyer, &self.order).releasing(&keys.lock, &self.buyer);
        let (owner, bought) = tokio::join!(
            biased;
            get.query_async::<Option<String>>(&mut con),
            self.con.seckill().buy(&keys.sale, buy),
        );
        let without_lock = owner?.is_none_or(|owner| owner != self.buyer);
        attempt_of(bought?, without_lock)
    }

    /// The guard stops the check when the lock may be lost, and the server sells only to its owner.
    async fn seckill_guarded(&mut self, check: impl Future<Output = ()>) -> Result<Attempt, Error> {
        let is_allowed = async {
            check.await;
            true
        };
        let response = self.checkout.handle(&self.buyer, &self.order, is_allowed, self.deadline).await?;
        match response {
            Response::Accepted => Ok(Attempt::Done { ordered: true, without_lock: false }),
            Response::SoldOut => Ok(Attempt::Done { ordered: false, without_lock: false }),
            Response::LockLost => Ok(Attempt::LockLost),
            Response::TryAgain => Ok(Attempt::Busy),
            other => Err(Error::Answer(format!("{other:?}"))),
        }
    }

    async fn seckill_unlocked(&mut self, check: impl Future<Output = ()>) -> Result<Attempt, Error> {
        check.await;
        let bought = self.con.seckill().buy(&self.keys.sale, Buy::new(&self.buyer, &self.order)).await?;
        attempt_of(bought, false)
    }

    /// Right only as long as no other handler does the same meanwhile.
    async fn read_compare_decrement(&mut self) -> RedisResult<Attempt> {
        let seen = self.by_hand.read_stock().await?;
        if seen.stock <= 0 {
            return Ok(Attempt::Done { ordered: false, without_lock: !seen.locked });
        }
        let seen = self.by_hand.decrement_stock().await?;
        Ok(Attempt::Done { ordered: true, without_lock: !seen.locked })
    }
}

fn attempt_of(bought: Bought, without_lock: bool) -> Result<Attempt, Error> {
    match bought {
        Bought::Order(_) if bought.is_accepted() => Ok(Attempt::Done { ordered: true, without_lock }),
        Bought::Refused(Refusal::SoldOut) => Ok(Attempt::Done { ordered: false, without_lock }),
        Bought::Refused(Refusal::LockLost) => Ok(Attempt::LockLost),
        other => Err(Error::Unexpected(other)),
    }
}
