//! A sale in two ways: by the commands of the module, and by Lua scripts. Both are asked the same and must give
//! the same answers, so that what is measured is the same work.

mod lua;
mod seckill;

use redis::Cmd;

pub(crate) use lua::{CHECK_AND_DECREMENT, COMPARE_AND_DELETE, COMPARE_AND_EXPIRE, Lua, call, load};
pub(crate) use seckill::Seckill;

use crate::Failure;
use crate::pipe::Pipe;

/// Units that one buyer may have.
pub(crate) const LIMIT: u32 = 5;
/// A lease and a hold that outlast every run, in ms.
pub(crate) const HOUR: u64 = 3_600_000;
/// The window of a sale is open for some years, and is looked at all the same.
const OPENS: u64 = 1_000_000_000_000;
const CLOSES: u64 = 4_000_000_000_000;

/// A purchase of units by a buyer.
pub(crate) struct Purchase<'a> {
    pub(crate) buyer: &'a str,
    pub(crate) order: &'a str,
    pub(crate) qty: u32,
    pub(crate) guard: Option<Guard<'a>>,
}

/// The lock that a purchase depends on.
pub(crate) struct Guard<'a> {
    pub(crate) key: &'a str,
    pub(crate) token: &'a str,
    /// Whether the purchase releases it.
    pub(crate) release: bool,
}

/// A sale, and the commands of those who buy.
pub(crate) trait Shop: Send + Sync {
    /// Begins the sale anew, with nothing on the shelf.
    fn open(&self, pipe: &mut Pipe) -> Result<(), Failure>;

    /// Units on the shelf.
    fn available(&self, pipe: &mut Pipe) -> Result<u64, Failure>;

    /// Puts exactly so many units on the shelf.
    fn shelve(&self, pipe: &mut Pipe, units: u64) -> Result<(), Failure>;

    /// How long the orders to come are held, in ms; 0 sells at once.
    fn hold(&self, pipe: &mut Pipe, ms: u64) -> Result<(), Failure>;

    /// Forgets orders and their buyers, if it ever does.
    fn forget(&self, pipe: &mut Pipe, orders: &[String], buyers: &[String]) -> Result<(), Failure>;

    /// Buys.
    fn buy(&self, purchase: &Purchase<'_>) -> Cmd;

    /// Confirms a held order.
    fn confirm(&self, order: &str) -> Cmd;

    /// Cancels a held order.
    fn cancel(&self, order: &str) -> Cmd;

    /// Takes a lock.
    fn lock(&self, key: &str, token: &str) -> Cmd;

    /// Releases a lock.
    fn unlock(&self, key: &str, token: &str) -> Cmd;
}
