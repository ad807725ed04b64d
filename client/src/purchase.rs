//! A purchase that is sent again until it is answered.

use std::fmt;
use std::pin::Pin;

use seckill_core::protocol::{self, Name, Request, Token};
use tracing::Instrument;
use uuid::Uuid;

use crate::connect::Connect;
use crate::error::Result;
use crate::lock::Guard;
use crate::outcome::Outcome;
use crate::receipt::{Receipt, receipt};
use crate::sale::Sale;
use crate::words::Refusal;

/// A purchase, to be awaited.
///
/// It is sent again with the same order id when the connection was lost or the server could not decide, until the time
/// of the client is up. So it never buys twice.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::{Outcome, State};
///
/// let receipt = sale.buy("ann").order("order-1").qty(2).await?;
/// match receipt.outcome {
///     Outcome::Order(State::Held) => println!("pay in time"),
///     Outcome::Order(state) => println!("this order was {state} before"),
///     Outcome::Refused(why) => println!("no order: {why}"),
///     Outcome::Unknown => println!("ask later for {:?}", receipt.order),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is bought until the purchase is awaited"]
pub struct Purchase<'a, H = Sale> {
    /// The handle by which it is made.
    handle: &'a H,
    buyer: &'a [u8],
    order: OrderId,
    qty: u32,
    lock: Option<LockUse<'a>>,
}

/// The id of the order.
enum OrderId {
    /// It is made when the purchase is.
    Made,
    /// The caller knows that it was never sent.
    New(Vec<u8>),
    /// It may have been sent before.
    Given(Vec<u8>),
}

impl OrderId {
    fn known(&self) -> Option<&[u8]> {
        match self {
            Self::Made => None,
            Self::New(id) | Self::Given(id) => Some(id),
        }
    }

    /// The id, which is made now if there is none yet.
    fn fix(&mut self) -> &[u8] {
        if matches!(self, Self::Made) {
            *self = Self::New(Uuid::now_v7().to_string().into());
        }
        self.known().unwrap_or_default()
    }
}

/// A lock that a purchase requires.
enum LockUse<'a> {
    Kept(&'a Guard),
    Released(Guard),
}

impl LockUse<'_> {
    fn guard(&self) -> &Guard {
        match self {
            Self::Kept(guard) => guard,
            Self::Released(guard) => guard,
        }
    }

    fn required(&self, release: bool) -> Result<protocol::Guard<'_>> {
        let guard = self.guard();
        Ok(protocol::Guard { key: guard.key(), token: Token::new(guard.token().as_bytes())?, release })
    }

    fn is_released(&self) -> bool {
        matches!(self, Self::Released(_))
    }
}

impl<C: Connect> Sale<C> {
    /// A purchase by this buyer, to be awaited: of one unit, under a new order id, unless it is told otherwise.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").order("order-1").qty(2).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy<'a>(&'a self, buyer: &'a (impl AsRef<[u8]> + ?Sized)) -> Purchase<'a, Self> {
        Purchase::new(self, buyer.as_ref())
    }
}

impl<'a, H> Purchase<'a, H> {
    pub(crate) fn new(handle: &'a H, buyer: &'a [u8]) -> Self {
        Self { handle, buyer, order: OrderId::Made, qty: 1, lock: None }
    }

    /// The id of the order, which stands for this purchase: whoever makes it again gives the same id.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").order("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn order(mut self, id: impl Into<Vec<u8>>) -> Self {
        self.order = OrderId::Given(id.into());
        self
    }

    /// The id of the order, which was never sent before, or was refused and that is
    /// [final](Receipt::is_final). So a [`RememberingSale`](crate::RememberingSale) may refuse it without asking the server,
    /// as it may where no id is given. Who makes the purchase again gives the id by [`order`](Self::order).
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::RememberingSale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").new_order("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_order(mut self, id: impl Into<Vec<u8>>) -> Self {
        self.order = OrderId::New(id.into());
        self
    }

    /// The number of units.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").qty(2).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn qty(mut self, units: u32) -> Self {
        self.qty = units;
        self
    }

    /// The order is accepted only while this lock is held, on the server of the sale. In a cluster the lock is in the slot
    /// of the sale. A [`Redlock`](crate::Redlock) need not be held on that server, so it is no protection here.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale, guard: seckill_client::Guard) -> seckill_client::Result<()> {
    /// let receipt = sale.buy("ann").under(&guard).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn under(mut self, guard: &'a Guard) -> Self {
        self.lock = Some(LockUse::Kept(guard));
        self
    }

    /// As [`under`](Self::under), and the server releases the lock in the same step, whether it accepts or refuses the
    /// order. After an error, or when the end is not known, the lock is released in the background; so it is after each
    /// purchase from a [`ShardedSale`](crate::ShardedSale), which may have to be made again while it is held.
    ///
    /// ```no_run
    /// # async fn example(client: seckill_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// let (lease, patience) = (Duration::from_secs(10), Duration::from_secs(5));
    /// if let Some(guard) = client.lock("{bottles}:ann").wait(lease, patience).await? {
    ///     guard.run(async { /* ask the user service */ }).await?;
    ///     let receipt = client.sale("{bottles}").buy("ann").releasing(guard).await?;
    ///     println!("{:?}", receipt.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn releasing(mut self, guard: Guard) -> Self {
        self.lock = Some(LockUse::Released(guard));
        self
    }

    pub(crate) fn handle(&self) -> &'a H {
        self.handle
    }

    /// Whether the server need not be asked where it is known to refuse: no earlier attempt may have bought, no lock is to be
    /// released, and the names are fit.
    pub(crate) fn is_new(&self) -> bool {
        let has_fit_names = Name::new("buyer", self.buyer).is_ok()
            && self.order.known().is_none_or(|id| Name::new("order", id).is_ok());
        !matches!(self.order, OrderId::Given(_)) && self.lock.is_none() && has_fit_names
    }

    pub(crate) fn units(&self) -> u32 {
        self.qty
    }

    pub(crate) fn buyer(&self) -> &'a [u8] {
        self.buyer
    }

    /// The receipt, if it is not made because this is known.
    pub(crate) fn refused(mut self, why: Refusal) -> Receipt {
        let (order, outcome) = (self.order.fix().to_vec(), Outcome::Refused(why));
        Receipt { order, outcome, is_final: true, from_memory: true }
    }

    /// Makes it in this sale.
    pub(crate) async fn place<C: Connect>(mut self, sale: &Sale<C>) -> Result<Receipt> {
        let releases = self.lock.as_ref().is_some_and(LockUse::is_released);
        let receipt = self.attempt(sale, releases).await?;
        if let Some(LockUse::Released(guard)) = self.lock
            && is_released(&receipt.outcome)
        {
            guard.consumed();
        }
        Ok(receipt)
    }

    /// Makes it in this sale. The server releases the lock in the same step, or leaves it as it is.
    pub(crate) async fn attempt<C: Connect>(&mut self, sale: &Sale<C>, releases: bool) -> Result<Receipt> {
        let order = self.order.fix().to_vec();
        let (name, id) = (sale.key().escape_ascii(), order.escape_ascii());
        let span = tracing::debug_span!("seckill.purchase", sale = %name, order = %id);
        let lock = self.lock.as_ref().map(|lock| lock.required(releases)).transpose()?;
        let buy = protocol::Buy {
            buyer: Name::new("buyer", self.buyer)?,
            order: Name::new("order", &order)?,
            qty: self.qty,
            guard: lock,
        };
        let command = sale.deciding(Request::Buy(buy));
        let answer = sale.client().call(&command).instrument(span).await;
        receipt(order, answer, releases)
    }
}

/// Whether the server released the lock with a purchase that ended so. `LOCKLOST` says that it did not hold it: then it
/// may be another server's.
fn is_released(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Order(_) => true,
        Outcome::Refused(refusal) => *refusal != Refusal::LockLost,
        _ => false,
    }
}

impl<'a, C: Connect> IntoFuture for Purchase<'a, Sale<C>> {
    type Output = Result<Receipt>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Receipt>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let sale = self.handle;
        Box::pin(self.place(sale))
    }
}

/// The token of the lock stays secret.
impl<H> fmt::Debug for Purchase<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purchase")
            .field("buyer", &self.buyer.escape_ascii().to_string())
            .field("order", &self.order.known().map(|id| id.escape_ascii().to_string()))
            .field("qty", &self.qty)
            .finish_non_exhaustive()
    }
}
