//! A sale that refuses new orders by itself while it is known to.

use std::fmt;
use std::pin::Pin;

use super::handle::Memory;
use crate::connect::Connect;
use crate::error::Result;
use crate::purchase::Purchase;
use crate::receipt::Receipt;
use crate::sale::Sale;
use crate::words::Refusal;

/// A sale that remembers that it refuses all new orders, because it is sold out, not open yet, or over, and then refuses
/// by itself, without a call.
///
/// When the server refuses an order for such a reason, the handle reads the figures of the sale on a connection of its own,
/// with client tracking, so that the server says when they change. What is known ends with any change (a cancellation, a
/// hold that expires, a restock, an alteration), with a lost connection, and in any case a second after it was asked
/// for; it is learned again when the server refuses the next order. So a refusal never stays. Of the time at which a sale
/// opens or closes it knows by the server's clock, and asks the server when that is near.
///
/// An order with an id that the caller brings may be a retry of one that was accepted, so it always goes to the server,
/// unless it is declared [new](Purchase::new_order); and so do purchases under a lock. Whether the buyer is over a limit is
/// not known here: the server would name that first.
///
/// All users of the handle and of its clones share what is known, so keep one handle for a process. The connection needs
/// RESP3, and the user needs `SECKILL.INFO` and `CLIENT TRACKING`; without them nothing is remembered, and everything else
/// works.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = seckill_client::Client::open("redis://127.0.0.1/")?;
/// let sale = client.sale("bottles").remembering();
/// let receipt = sale.buy("ann").await?;
/// if receipt.from_memory {
///     println!("no order, and no call: {:?}", receipt.outcome);
/// }
/// # Ok(())
/// # }
/// ```
pub struct RememberingSale<C: Connect = redis::Client> {
    sale: Sale<C>,
    memory: Memory<C>,
}

impl<C: Connect> Sale<C> {
    /// The same sale, which refuses new orders by itself while it is known to refuse them. Nothing is sent.
    ///
    /// ```no_run
    /// # fn example(client: seckill_client::Client) {
    /// let sale = client.sale("bottles").remembering();
    /// # }
    /// ```
    #[must_use]
    pub fn remembering(&self) -> RememberingSale<C> {
        let memory = Memory::new(self.client(), vec![self.key().to_owned()]);
        RememberingSale { sale: self.clone(), memory }
    }
}

impl<C: Connect> RememberingSale<C> {
    /// A purchase by this buyer, to be awaited, as [`Sale::buy`].
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::RememberingSale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").new_order("order-1").qty(2).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy<'a>(&'a self, buyer: &'a (impl AsRef<[u8]> + ?Sized)) -> Purchase<'a, Self> {
        Purchase::new(self, buyer.as_ref())
    }

    /// Why a new order of so many units would be refused without a call at this moment. `None` says nothing.
    ///
    /// It takes some ten nanoseconds, so a handler can ask before it does anything else.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::RememberingSale) {
    /// if let Some(why) = sale.known_refusal(1) {
    ///     println!("sorry: {why}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn known_refusal(&self, qty: u32) -> Option<Refusal> {
        self.memory.refusal(qty)
    }

    /// Resolves when it is not known any more that a new order of so many units is refused, so that a buyer who was refused
    /// may try again. The server pushes the change; nobody polls.
    ///
    /// If nothing is known it is learned first, and while somebody waits it is learned again in time; a sale that does not
    /// refuse resolves this at once. If it cannot be learned this resolves after a second.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::RememberingSale) -> seckill_client::Result<()> {
    /// use seckill_client::{Outcome, Refusal};
    ///
    /// let mut receipt = sale.buy("ann").new_order("order-1").await?;
    /// while receipt.outcome == Outcome::Refused(Refusal::SoldOut) {
    ///     sale.changed(1).await;
    ///     receipt = sale.buy("ann").order("order-1").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn changed(&self, qty: u32) {
        self.memory.changed(qty).await;
    }
}

impl<'a, C: Connect> IntoFuture for Purchase<'a, RememberingSale<C>> {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let RememberingSale { sale, memory } = self.handle();
        Box::pin(memory.place(self, async |purchase| purchase.place(sale).await))
    }
}

impl<C: Connect> Clone for RememberingSale<C> {
    fn clone(&self) -> Self {
        Self { sale: self.sale.clone(), memory: self.memory.clone() }
    }
}

impl<C: Connect> fmt::Debug for RememberingSale<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberingSale").field("sale", &self.sale).finish_non_exhaustive()
    }
}
