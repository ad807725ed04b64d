//! The commands, as methods of a connection.

use std::time::Duration;

use redis::FromRedisValue;
use redis::aio::ConnectionLike;
use seckill_core::protocol::{self, Command, Name, Query, Request, Seq, Term, Token};

use crate::call::parse;
use crate::encode::encode;
use crate::error::Result;
use crate::options::{After, Alteration, Buy, BuyAll, NewSale, millis};
use crate::reply::{Bought, Buyer, Event, Info, Order, Part};
use crate::words::State;

/// Gives every async connection of redis-rs the commands of the module.
///
/// ```no_run
/// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
/// # use seckill_client::Seckill;
/// use seckill_client::NewSale;
///
/// connection.seckill().create("bottles", NewSale::new(100)).await?;
/// # Ok(())
/// # }
/// ```
pub trait Seckill: ConnectionLike + Send + Sized {
    /// The commands, each a method that sends it on this connection.
    fn seckill(&mut self) -> Commands<'_, Self> {
        Commands(self)
    }
}

impl<C: ConnectionLike + Send> Seckill for C {}

/// The commands of the module on a connection.
///
/// Each method lists the [codes](crate::Code) that its [`Error`](crate::Error) may have, beside `ERR` for a mistake in the
/// arguments. Methods that change a sale also fail with `CORRUPT` when this copy of it diverged from its
/// primary.
///
/// ```no_run
/// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
/// # use seckill_client::Seckill;
/// let figures = connection.seckill().info("bottles").await?;
/// # Ok(())
/// # }
/// ```
pub struct Commands<'c, C>(&'c mut C);

impl<'c, C: ConnectionLike + Send> Commands<'c, C> {
    /// Takes the lock at `key` for `ttl`: its fence, or `None` while another token holds it.
    ///
    /// A token that holds the lock already gets a new lease and a new fence, so the call may be repeated.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let fence = connection.seckill().lock("lock", "a-token-of-my-own", std::time::Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock(
        self,
        key: impl AsRef<[u8]>,
        token: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<u64>>> + Send {
        let key = key.as_ref();
        let lock = |token| Command::Lock { key, token, ttl: millis(ttl), block: None };
        send(self.0, Token::new(token.as_ref()).map(lock))
    }

    /// Releases the lock: `false` when `token` did not hold it (any more).
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let was_held = connection.seckill().unlock("lock", "a-token-of-my-own").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn unlock(
        self,
        key: impl AsRef<[u8]>,
        token: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<bool>> + Send {
        let key = key.as_ref();
        let unlock = |token| Command::Unlock { key, token };
        send(self.0, Token::new(token.as_ref()).map(unlock))
    }

    /// Sets the lease of the lock to `ttl` from now: `false` when `token` does not hold it.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let is_held = connection.seckill().renew("lock", "a-token-of-my-own", std::time::Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn renew(
        self,
        key: impl AsRef<[u8]>,
        token: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool>> + Send {
        let key = key.as_ref();
        let renew = |token| Command::Renew { key, token, ttl: millis(ttl) };
        send(self.0, Token::new(token.as_ref()).map(renew))
    }

    /// Creates a sale at `key`. Repeated with the same arguments it changes nothing.
    ///
    /// Errors: `BUSYKEY` when the key holds anything else; `EVICTION` when the server may evict sales.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// use seckill_client::NewSale;
    ///
    /// connection.seckill().create("bottles", NewSale::new(100).limit(2)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(self, key: impl AsRef<[u8]>, sale: NewSale) -> impl Future<Output = Result<()>> + Send {
        let request = Request::Create { stock: sale.stock, rules: sale.rules };
        decide(self.0, key.as_ref(), Ok(request))
    }

    /// Changes the rules of a sale. Existing orders keep their deadlines.
    ///
    /// Errors: `NOSALE`; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// use seckill_client::Alteration;
    ///
    /// connection.seckill().alter("bottles", Alteration::new().limit(3)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alter(
        self,
        sale: impl AsRef<[u8]>,
        alteration: Alteration,
    ) -> impl Future<Output = Result<()>> + Send {
        decide(self.0, sale.as_ref(), Ok(Request::Alter(alteration.0)))
    }

    /// Adds units to a sale, or takes them away when `delta` is negative: the units available then.
    ///
    /// It happens once for each `id`, however often it is sent. A `delta` of 0 changes no units and uses the id up: if
    /// it succeeds, a late request with this id and another delta is refused with `MISMATCH`.
    ///
    /// Errors: `NOSALE`; `NOSTOCK` when less is available than would be taken; `MISMATCH` when the id stands
    /// for another delta; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let available = connection.seckill().restock("bottles", 50, "delivery-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn restock(
        self,
        sale: impl AsRef<[u8]>,
        delta: i64,
        id: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<u64>> + Send {
        let restock = |id| Request::Restock { delta, id: Some(id) };
        decide(self.0, sale.as_ref(), Name::new("id", id.as_ref()).map(restock))
    }

    /// Places an order. If it exists already, returns its state.
    ///
    /// Errors: `NOSALE`; `MISMATCH` when the order exists with another buyer or quantity; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// use seckill_client::Buy;
    ///
    /// let bought = connection.seckill().buy("bottles", Buy::new("ann", "order-1")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy(self, sale: impl AsRef<[u8]>, buy: Buy<'_>) -> impl Future<Output = Result<Bought>> + Send {
        decide(self.0, sale.as_ref(), buy.0.map(Request::Buy))
    }

    /// Places an order in several sales, in all of them or in none. If it exists already in all of them, returns
    /// its states.
    ///
    /// The order is a [`Buy`], of the same units from each sale, or [`Buy::quantities`].
    ///
    /// Returns one [`Part`] for each sale: all are [`Part::Order`], or none is. There are at most 64 sales, each
    /// once; in a cluster they are in one slot.
    ///
    /// Errors: `NOSALE`; `MISMATCH` when the order exists in some of the sales only, or with another buyer or
    /// quantity; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// use seckill_client::Buy;
    ///
    /// let sales = ["{shop}bottles", "{shop}glasses"];
    /// let order = Buy::new("ann", "order-1").quantities(&[1, 6]);
    /// let parts = connection.seckill().buy_all(&sales, order).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buy_all<'a>(
        self,
        sales: &[impl AsRef<[u8]>],
        order: impl Into<BuyAll<'a>>,
    ) -> impl Future<Output = Result<Vec<Part>>> + Send {
        let order = order.into();
        let sales: Vec<&[u8]> = sales.iter().map(AsRef::as_ref).collect();
        let quantities: Vec<&[u8]> = order.quantities.iter().map(String::as_bytes).collect();
        send(self.0, order.in_sales(&sales, &quantities).map(Command::BuyAll))
    }

    /// Turns a held order into a sold one: [`State::Sold`], or the state that it has instead.
    ///
    /// Errors: `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let state = connection.seckill().confirm("bottles", "order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn confirm(
        self,
        sale: impl AsRef<[u8]>,
        order: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<State>> + Send {
        let order = Name::new("order", order.as_ref());
        decide(self.0, sale.as_ref(), order.map(|order| Request::Confirm { order }))
    }

    /// Sets the deadline of a held order to `hold` from now: [`State::Held`], or its state, unchanged.
    ///
    /// Errors: `NOSALE`, `NOORDER`; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let state = connection.seckill().extend("bottles", "order-1", std::time::Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn extend(
        self,
        sale: impl AsRef<[u8]>,
        order: impl AsRef<[u8]>,
        hold: Duration,
    ) -> impl Future<Output = Result<State>> + Send {
        let extend = |order| Request::Extend { order, hold: millis(hold) };
        decide(self.0, sale.as_ref(), Name::new("order", order.as_ref()).map(extend))
    }

    /// Cancels a held order: its state then. A sold one stays [`State::Sold`].
    ///
    /// Errors: `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let state = connection.seckill().cancel("bottles", "order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(
        self,
        sale: impl AsRef<[u8]>,
        order: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<State>> + Send {
        let cancel = |order| Request::Cancel { order, refund: false };
        decide(self.0, sale.as_ref(), Name::new("order", order.as_ref()).map(cancel))
    }

    /// Cancels an order, also a sold one: its state then.
    ///
    /// Errors: `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let state = connection.seckill().refund("bottles", "order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn refund(
        self,
        sale: impl AsRef<[u8]>,
        order: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<State>> + Send {
        let refund = |order| Request::Cancel { order, refund: true };
        decide(self.0, sale.as_ref(), Name::new("order", order.as_ref()).map(refund))
    }

    /// An order, if the sale has it.
    ///
    /// Errors: `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let order = connection.seckill().order("bottles", "order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn order(
        self,
        sale: impl AsRef<[u8]>,
        order: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<Option<Order>>> + Send {
        let order = Name::new("order", order.as_ref());
        read(self.0, sale.as_ref(), order.map(|order| Query::Order { order }))
    }

    /// The units and orders of a buyer.
    ///
    /// Errors: `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let units = connection.seckill().buyer("bottles", "ann").await?.sold;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buyer(
        self,
        sale: impl AsRef<[u8]>,
        buyer: impl AsRef<[u8]>,
    ) -> impl Future<Output = Result<Buyer>> + Send {
        let buyer = Name::new("buyer", buyer.as_ref());
        read(self.0, sale.as_ref(), buyer.map(|buyer| Query::Buyer { buyer }))
    }

    /// The events of a sale, oldest first; none when there are no more yet.
    ///
    /// Errors: `NOSALE`; [`Error::Forked`](crate::Error::Forked) when the reader's last event is not in the sale's history.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// use seckill_client::After;
    ///
    /// let events = connection.seckill().events("bottles", After::seq(0).count(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(
        self,
        sale: impl AsRef<[u8]>,
        after: After,
    ) -> impl Future<Output = Result<Vec<Event>>> + Send {
        let After { seq, term, count } = after;
        let (after, term) = (Seq(seq), term.map(Term));
        read(self.0, sale.as_ref(), Ok(Query::Events { after, term, count, block: None }))
    }

    /// The figures of a sale.
    ///
    /// Errors: `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// let available = connection.seckill().info("bottles").await?.available;
    /// # Ok(())
    /// # }
    /// ```
    pub fn info(self, sale: impl AsRef<[u8]>) -> impl Future<Output = Result<Info>> + Send {
        read(self.0, sale.as_ref(), Ok(Query::Info))
    }

    /// Recomputes the figures of a sale from its orders, and compares them. Takes time linear in the orders,
    /// so it is meant for a replica; a primary refuses it above 100,000 orders.
    ///
    /// Errors: `NOSALE`; `CORRUPT` with what differs.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// connection.seckill().audit("bottles").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn audit(self, sale: impl AsRef<[u8]>) -> impl Future<Output = Result<()>> + Send {
        read(self.0, sale.as_ref(), Ok(Query::Audit { force: false }))
    }

    /// As [`Commands::audit`], but a primary, too, audits a sale of any size. It serves nobody meanwhile.
    ///
    /// Errors: `NOSALE`; `CORRUPT` with what differs.
    ///
    /// ```no_run
    /// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::Result<()> {
    /// # use seckill_client::Seckill;
    /// connection.seckill().force_audit("bottles").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn force_audit(self, sale: impl AsRef<[u8]>) -> impl Future<Output = Result<()>> + Send {
        read(self.0, sale.as_ref(), Ok(Query::Audit { force: true }))
    }
}

impl<C> std::fmt::Debug for Commands<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").finish_non_exhaustive()
    }
}

fn decide<'c, C: ConnectionLike + Send, T: FromRedisValue>(
    con: &'c mut C,
    sale: &[u8],
    request: Result<Request<'_>, protocol::Error>,
) -> impl Future<Output = Result<T>> + Send + use<'c, C, T> {
    send(con, request.map(|request| Command::Decide { sale, request }))
}

fn read<'c, C: ConnectionLike + Send, T: FromRedisValue>(
    con: &'c mut C,
    sale: &[u8],
    query: Result<Query<'_>, protocol::Error>,
) -> impl Future<Output = Result<T>> + Send + use<'c, C, T> {
    send(con, query.map(|query| Command::Read { sale, query }))
}

/// Encodes before the future is returned, so that it borrows only the connection. A name that is empty or too
/// long is an error, and nothing is sent.
fn send<'c, C: ConnectionLike + Send, T: FromRedisValue>(
    con: &'c mut C,
    command: Result<Command<'_>, protocol::Error>,
) -> impl Future<Output = Result<T>> + Send + use<'c, C, T> {
    let cmd = command.map(encode);
    async move {
        let reply = cmd?.query_async(con).await?;
        Ok(parse(reply)?)
    }
}
