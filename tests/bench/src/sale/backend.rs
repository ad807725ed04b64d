//! What both ways have in common.

use redis::Cmd;

use crate::failure::Failure;
use crate::pipe::Pipe;

/// Units that one buyer may have.
pub(crate) const LIMIT: u32 = 5;
/// A lease and a hold that outlast every run, in ms.
pub(crate) const HOUR: u64 = 3_600_000;
/// The window of a sale is open for some years. It makes every purchase compare the time.
pub(super) const OPENS: u64 = 1_000_000_000_000;
pub(super) const CLOSES: u64 = 4_000_000_000_000;

/// A purchase of units by a buyer.
pub(crate) struct Purchase<'a> {
    pub(crate) buyer: &'a str,
    pub(crate) order: &'a str,
    pub(crate) qty: u32,
    pub(crate) guard: Option<Guard<'a>>,
}

/// A purchase from several sales, of units from each.
pub(crate) struct PurchaseOfAll<'a> {
    pub(crate) buyer: &'a str,
    pub(crate) order: &'a str,
    pub(crate) quantities: &'a [u32],
}

/// The lock that a purchase depends on.
pub(crate) struct Guard<'a> {
    pub(crate) key: &'a str,
    pub(crate) token: &'a str,
    /// Whether the purchase releases it.
    pub(crate) release: bool,
}

/// A sale, and the commands of its buyers.
pub(crate) trait SaleBackend: Send + Sync {
    /// Creates the sale anew, with no stock.
    fn open(&self, pipe: &mut Pipe) -> Result<(), Failure>;

    /// Units for sale.
    fn available(&self, pipe: &mut Pipe) -> Result<u64, Failure>;

    /// Makes exactly this number of units available.
    fn set_stock(&self, pipe: &mut Pipe, units: u64) -> Result<(), Failure>;

    /// Sets how long later orders are held, in ms; 0 sells at once.
    fn set_hold(&self, pipe: &mut Pipe, ms: u64) -> Result<(), Failure>;

    /// Deletes orders and their buyers, where the sale can do that.
    fn forget(&self, pipe: &mut Pipe, orders: &[String], buyers: &[String]) -> Result<(), Failure>;

    /// Buys.
    fn buy(&self, purchase: &Purchase<'_>) -> Cmd;

    /// Buys from all of these sales or from none.
    fn buy_all(sales: &[Self], purchase: &PurchaseOfAll<'_>) -> Cmd
    where
        Self: Sized;

    /// Confirms a held order.
    fn confirm(&self, order: &str) -> Cmd;

    /// Cancels a held order.
    fn cancel(&self, order: &str) -> Cmd;

    /// Takes a lock.
    fn lock(&self, key: &str, token: &str) -> Cmd;

    /// Releases a lock.
    fn unlock(&self, key: &str, token: &str) -> Cmd;
}
