//! A handler of one request, and the five ways in which it may sell a bottle.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use seckill_core::wire::Refusal;

use super::Error;
use crate::{Bought, Buy, Seckill};

/// The ways to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// `SET NX PX`; read, compare, decrement; `DEL` in the end, in any case.
    Naive,
    /// The same, but only the owner releases the lock.
    SafeLock,
    /// The same, and the decrement itself tells whether there was a bottle.
    AtomicDecrement,
    /// `SECKILL.LOCK`; `SECKILL.BUY … LOCK … RELEASE`.
    SeckillLocked,
    /// `SECKILL.BUY` alone.
    SeckillUnlocked,
}

impl Strategy {
    /// All of them, from bad to good.
    pub const ALL: [Self; 5] =
        [Self::Naive, Self::SafeLock, Self::AtomicDecrement, Self::SeckillLocked, Self::SeckillUnlocked];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::SafeLock => "safe lock",
            Self::AtomicDecrement => "atomic decrement",
            Self::SeckillLocked => "seckill, locked",
            Self::SeckillUnlocked => "seckill, unlocked",
        }
    }

    /// Whether it sells by SECKILL.BUY.
    #[must_use]
    pub const fn is_seckill(self) -> bool {
        matches!(self, Self::SeckillLocked | Self::SeckillUnlocked)
    }

    /// Whether it takes a lock.
    #[must_use]
    pub const fn is_locked(self) -> bool {
        !matches!(self, Self::SeckillUnlocked)
    }
}

/// Where the handlers of a row meet.
#[derive(Debug)]
pub struct Shop {
    /// The key of the lock.
    pub lock: String,
    /// The key of the sale: a hash with a `stock`, or a sale of the module.
    pub sale: String,
    /// The lease of the lock.
    pub lease: Duration,
}

/// What came of one attempt to sell a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Another handler held the lock.
    Busy,
    /// The lock was lost meanwhile, and the server refused for that.
    LockLost,
    /// The stock was looked at.
    Done {
        /// A bottle was sold; else there was none.
        ordered: bool,
        /// The lock was not the handler's own any more, and nothing stopped it.
        without_lock: bool,
    },
}

/// The handler of one buyer's request.
#[derive(Debug)]
pub struct Handler {
    pub(super) con: MultiplexedConnection,
    pub(super) shop: Arc<Shop>,
    /// The buyer's id, and the handler's token.
    pub(super) buyer: String,
    order: String,
}

impl Handler {
    /// The handler of this buyer, who orders under the id `order`.
    #[must_use]
    pub fn new(con: MultiplexedConnection, shop: Arc<Shop>, buyer: String, order: String) -> Self {
        Self { con, shop, buyer, order }
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
            Strategy::SeckillUnlocked => self.seckill_unlocked(check).await,
        }
    }

    async fn naive(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        let attempt = if self.take_lock().await? {
            check.await;
            self.read_compare_decrement().await?
        } else {
            Attempt::Busy
        };
        // The `finally` of the story. It also runs for those who never held the lock.
        self.delete_lock().await?;
        Ok(attempt)
    }

    async fn safe_lock(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        if !self.take_lock().await? {
            return Ok(Attempt::Busy);
        }
        check.await;
        let attempt = self.read_compare_decrement().await?;
        self.delete_own_lock().await?;
        Ok(attempt)
    }

    async fn atomic_decrement(&mut self, check: impl Future<Output = ()>) -> RedisResult<Attempt> {
        if !self.take_lock().await? {
            return Ok(Attempt::Busy);
        }
        check.await;
        let seen = self.decrement_stock().await?;
        self.delete_own_lock().await?;
        Ok(Attempt::Done { ordered: seen.stock >= 0, without_lock: !seen.locked })
    }

    async fn seckill_locked(&mut self, check: impl Future<Output = ()>) -> Result<Attempt, Error> {
        let shop = &self.shop;
        if self.con.lock(&shop.lock, &self.buyer, shop.lease).await?.is_none() {
            return Ok(Attempt::Busy);
        }
        check.await;
        // As in the other rows the owner is asked for in the same round trip: a clone shares the connection,
        // and a `biased` join sends in this order.
        let mut con = self.con.clone();
        let get = redis::cmd("GET").arg(&shop.lock).take();
        let buy = Buy::new(&self.buyer, &self.order).releasing(&shop.lock, &self.buyer);
        let (owner, bought) = tokio::join!(
            biased;
            get.query_async::<Option<String>>(&mut con),
            self.con.buy(&shop.sale, buy),
        );
        let without_lock = owner?.is_none_or(|owner| owner != self.buyer);
        bought_or_not(bought?, without_lock)
    }

    async fn seckill_unlocked(&mut self, check: impl Future<Output = ()>) -> Result<Attempt, Error> {
        check.await;
        let bought = self.con.buy(&self.shop.sale, Buy::new(&self.buyer, &self.order)).await?;
        bought_or_not(bought, false)
    }

    /// Right only as long as nobody else does the same meanwhile.
    async fn read_compare_decrement(&mut self) -> RedisResult<Attempt> {
        let seen = self.read_stock().await?;
        if seen.stock <= 0 {
            return Ok(Attempt::Done { ordered: false, without_lock: !seen.locked });
        }
        let seen = self.decrement_stock().await?;
        Ok(Attempt::Done { ordered: true, without_lock: !seen.locked })
    }
}

fn bought_or_not(bought: Bought, without_lock: bool) -> Result<Attempt, Error> {
    match bought {
        Bought::Order(_) if bought.is_accepted() => Ok(Attempt::Done { ordered: true, without_lock }),
        Bought::Refused(Refusal::SoldOut) => Ok(Attempt::Done { ordered: false, without_lock }),
        Bought::Refused(Refusal::LockLost) => Ok(Attempt::LockLost),
        other => Err(Error::Unexpected(other)),
    }
}
