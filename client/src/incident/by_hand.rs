//! The steps of hand-written locks: commands that every Redis has, as one finds them in many a code base.
//!
//! A step is a call of its own, so that a test can put the steps of two handlers in any order.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Script};

use super::handler::{Handler, Shop};
use crate::options::millis;

/// The field of the sale's hash that counts the bottles.
const STOCK: &str = "stock";

/// Deletes the lock when it is still one's own.
const COMPARE_AND_DELETE: &str = "
    if redis.call('GET', KEYS[1]) == ARGV[1] then
        return redis.call('DEL', KEYS[1])
    end
    return 0
";

/// What a handler saw when it read or changed the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Bottles in stock then.
    pub stock: i64,
    /// Whether the lock was still the handler's own.
    pub locked: bool,
}

impl Shop {
    /// Puts bottles into the shop.
    pub async fn stock_up(&self, con: &mut MultiplexedConnection, bottles: u32) -> RedisResult<()> {
        redis::cmd("HSET").arg(&self.sale).arg(STOCK).arg(bottles).exec_async(con).await
    }
}

impl Handler {
    /// `SET NX PX`: whether the lock was free, and is the handler's own now.
    pub async fn take_lock(&mut self) -> RedisResult<bool> {
        let mut set = redis::cmd("SET");
        set.arg(&self.shop.lock).arg(&self.buyer).arg("NX").arg("PX").arg(millis(self.shop.lease));
        set.query_async(&mut self.con).await
    }

    /// Reads the stock.
    pub async fn read_stock(&mut self) -> RedisResult<Seen> {
        let hget = redis::cmd("HGET").arg(&self.shop.sale).arg(STOCK).take();
        self.see(hget).await
    }

    /// Takes a bottle out of the stock, or one more than there is.
    pub async fn decrement_stock(&mut self) -> RedisResult<Seen> {
        let hincrby = redis::cmd("HINCRBY").arg(&self.shop.sale).arg(STOCK).arg(-1).take();
        self.see(hincrby).await
    }

    /// Deletes the lock, whoever holds it.
    pub async fn delete_lock(&mut self) -> RedisResult<()> {
        redis::cmd("DEL").arg(&self.shop.lock).exec_async(&mut self.con).await
    }

    /// Deletes the lock when it is the handler's own.
    pub async fn delete_own_lock(&mut self) -> RedisResult<()> {
        let script = Script::new(COMPARE_AND_DELETE);
        let mut call = script.key(&self.shop.lock);
        call.arg(&self.buyer).invoke_async(&mut self.con).await
    }

    /// Asks for the owner of the lock as well, in the same round trip, so that measuring delays nothing.
    async fn see(&mut self, stock: Cmd) -> RedisResult<Seen> {
        let mut pipe = redis::pipe();
        pipe.cmd("GET").arg(&self.shop.lock).add_command(stock);
        let (owner, stock): (Option<String>, i64) = pipe.query_async(&mut self.con).await?;
        Ok(Seen { stock, locked: owner.is_some_and(|owner| owner == self.buyer) })
    }
}
