//! The steps of hand-written locks, by commands that every Redis has.
//!
//! A step is a call of its own, so that a test can put the steps of two handlers in any order.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Script};
use seckill_client::COMPARE_AND_DELETE;

/// The field of the stock's hash that counts the bottles.
const STOCK: &str = "stock";

/// The keys that all handlers of a strategy contend for.
#[derive(Debug)]
pub struct Keys {
    /// The key of the lock.
    pub lock: String,
    /// The key of the sale: a hash with a `stock`, or a sale of the module.
    pub sale: String,
    /// The lease of the lock.
    pub lease: Duration,
}

/// What a handler saw when it read or changed the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Bottles in stock then.
    pub stock: i64,
    /// Whether the lock was still the handler's own.
    pub locked: bool,
}

/// Hand-written locks and stock, as one handler uses them.
pub struct HandWritten {
    con: MultiplexedConnection,
    keys: Arc<Keys>,
    token: String,
}

impl Keys {
    /// Sets the stock of a hand-written sale.
    pub async fn stock_up(&self, con: &mut MultiplexedConnection, bottles: u32) -> RedisResult<()> {
        redis::cmd("HSET").arg(&self.sale).arg(STOCK).arg(bottles).exec_async(con).await
    }
}

impl HandWritten {
    /// The steps of the handler that locks with this token.
    #[must_use]
    pub fn new(con: MultiplexedConnection, keys: Arc<Keys>, token: String) -> Self {
        Self { con, keys, token }
    }

    /// `SET NX PX`: whether the lock was free, and is the handler's own now.
    pub async fn take_lock(&mut self) -> RedisResult<bool> {
        let lease_ms = u64::try_from(self.keys.lease.as_millis()).unwrap_or(u64::MAX);
        let mut set = redis::cmd("SET");
        set.arg(&self.keys.lock).arg(&self.token).arg("NX").arg("PX").arg(lease_ms);
        set.query_async(&mut self.con).await
    }

    /// Reads the stock.
    pub async fn read_stock(&mut self) -> RedisResult<Seen> {
        let hget = redis::cmd("HGET").arg(&self.keys.sale).arg(STOCK).take();
        self.see(hget).await
    }

    /// Takes a bottle out of the stock, also when there is none.
    pub async fn decrement_stock(&mut self) -> RedisResult<Seen> {
        let hincrby = redis::cmd("HINCRBY").arg(&self.keys.sale).arg(STOCK).arg(-1).take();
        self.see(hincrby).await
    }

    /// Deletes the lock, whoever holds it.
    pub async fn delete_lock(&mut self) -> RedisResult<()> {
        redis::cmd("DEL").arg(&self.keys.lock).exec_async(&mut self.con).await
    }

    /// Deletes the lock when it is the handler's own.
    pub async fn delete_own_lock(&mut self) -> RedisResult<()> {
        let script = Script::new(COMPARE_AND_DELETE);
        let mut call = script.key(&self.keys.lock);
        call.arg(&self.token).invoke_async(&mut self.con).await
    }

    /// Reads the owner of the lock in the same round trip, so that measuring delays nothing.
    async fn see(&mut self, stock: Cmd) -> RedisResult<Seen> {
        let mut pipe = redis::pipe();
        pipe.cmd("GET").arg(&self.keys.lock).add_command(stock);
        let (owner, stock): (Option<String>, i64) = pipe.query_async(&mut self.con).await?;
        Ok(Seen { stock, locked: owner.is_some_and(|owner| owner == self.token) })
    }
}
