//! A sale, as a handle.

use std::time::Duration;

use redis::{Cmd, FromRedisValue};
use seckill_core::protocol::{Command, Name, Query, Request, Seq, Term};

use crate::client::Client;
use crate::connect::Connect;
use crate::encode::encode;
use crate::error::Result;
use crate::options::{After, Alteration, NewSale, millis};
use crate::reply::{Buyer, Event, Info, Order};
use crate::words::State;

/// A sale: its commands, sent again where that helps, until they are answered or the time of the client is up.
///
/// The errors are those of the [`Commands`](crate::Commands) of the same name, and what the connection ended with. Then
/// the command may have been executed; all of them may be called again with the same arguments.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = seckill_client::Client::open("redis://127.0.0.1/")?;
/// let sale = client.sale("bottles");
/// sale.create(seckill_client::NewSale::new(100).limit(2)).await?;
/// let receipt = sale.buy("ann").qty(2).await?;
/// println!("{:?}", receipt.outcome);
/// # Ok(())
/// # }
/// ```
pub struct Sale<C: Connect = redis::Client> {
    client: Client<C>,
    key: Vec<u8>,
}

impl<C: Connect> Client<C> {
    /// The sale at a key. Nothing is sent.
    ///
    /// ```no_run
    /// # fn example(client: seckill_client::Client) {
    /// let sale = client.sale("bottles");
    /// # }
    /// ```
    #[must_use]
    pub fn sale(&self, key: impl Into<Vec<u8>>) -> Sale<C> {
        Sale { client: self.clone(), key: key.into() }
    }
}

impl<C: Connect> Sale<C> {
    /// Its key.
    ///
    /// ```no_run
    /// # fn example(client: seckill_client::Client) {
    /// assert_eq!(client.sale("bottles").key(), b"bottles");
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn client(&self) -> &Client<C> {
        &self.client
    }

    /// Creates the sale. Repeated with the same arguments it changes nothing.
    ///
    /// # Errors
    ///
    /// `BUSYKEY` when the key holds anything else; `EVICTION` when the server may evict sales.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// sale.create(seckill_client::NewSale::new(100).limit(2)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, sale: NewSale) -> Result<()> {
        self.decide(Request::Create { stock: sale.stock, rules: sale.rules }).await
    }

    /// Changes the rules. Existing orders keep their deadlines.
    ///
    /// # Errors
    ///
    /// `NOSALE`; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// sale.alter(seckill_client::Alteration::new().limit(3)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn alter(&self, alteration: Alteration) -> Result<()> {
        self.decide(Request::Alter(alteration.0)).await
    }

    /// Adds units, or takes them away when `delta` is negative: the units available then. It happens once for each
    /// `id`, however often it is called.
    ///
    /// A `delta` of 0 changes no units and uses the id up: if it succeeds, a late call with this id and another delta is
    /// refused with `MISMATCH`.
    ///
    /// # Errors
    ///
    /// `NOSALE`; `NOSTOCK` when less is available than would be taken; `MISMATCH` when the id stands for another delta;
    /// `FULL`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let available = sale.restock(50, "delivery-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restock(&self, delta: i64, id: impl AsRef<[u8]>) -> Result<u64> {
        self.decide(Request::Restock { delta, id: Some(Name::new("id", id.as_ref())?) }).await
    }

    /// Turns a held order into a sold one: [`State::Sold`], or the state that it has instead.
    ///
    /// # Errors
    ///
    /// `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let state = sale.confirm("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn confirm(&self, order: impl AsRef<[u8]>) -> Result<State> {
        self.decide(Request::Confirm { order: Name::new("order", order.as_ref())? }).await
    }

    /// Sets the deadline of a held order to `hold` from now: [`State::Held`], or its state, unchanged.
    ///
    /// # Errors
    ///
    /// `NOSALE`, `NOORDER`; `FULL`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let state = sale.extend("order-1", std::time::Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn extend(&self, order: impl AsRef<[u8]>, hold: Duration) -> Result<State> {
        let order = Name::new("order", order.as_ref())?;
        self.decide(Request::Extend { order, hold: millis(hold) }).await
    }

    /// Cancels a held order: its state then. A sold one stays [`State::Sold`].
    ///
    /// # Errors
    ///
    /// `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let state = sale.cancel("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(&self, order: impl AsRef<[u8]>) -> Result<State> {
        self.decide(Request::Cancel { order: Name::new("order", order.as_ref())?, refund: false }).await
    }

    /// Cancels an order, also a sold one: its state then.
    ///
    /// # Errors
    ///
    /// `NOSALE`, `NOORDER`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let state = sale.refund("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn refund(&self, order: impl AsRef<[u8]>) -> Result<State> {
        self.decide(Request::Cancel { order: Name::new("order", order.as_ref())?, refund: true }).await
    }

    /// An order, if the sale has it.
    ///
    /// # Errors
    ///
    /// `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let order = sale.order("order-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn order(&self, order: impl AsRef<[u8]>) -> Result<Option<Order>> {
        self.read(Query::Order { order: Name::new("order", order.as_ref())? }).await
    }

    /// The units and orders of a buyer.
    ///
    /// # Errors
    ///
    /// `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let units = sale.buyer("ann").await?.sold;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn buyer(&self, buyer: impl AsRef<[u8]>) -> Result<Buyer> {
        self.read(Query::Buyer { buyer: Name::new("buyer", buyer.as_ref())? }).await
    }

    /// The events, oldest first; none when there are no more yet.
    ///
    /// # Errors
    ///
    /// `NOSALE`; [`Error::Forked`](crate::Error::Forked) when the reader's last event is not in the sale's history.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let events = sale.events(seckill_client::After::seq(0)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn events(&self, after: After) -> Result<Vec<Event>> {
        let After { seq, term, count } = after;
        self.read(Query::Events { after: Seq(seq), term: term.map(Term), count, block: None }).await
    }

    /// The figures.
    ///
    /// # Errors
    ///
    /// `NOSALE`.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let available = sale.info().await?.available;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn info(&self) -> Result<Info> {
        self.read(Query::Info).await
    }

    /// Recomputes the figures from the orders, and compares them. Takes time linear in the orders, so it is meant for a
    /// replica; a primary refuses it above 100,000 orders.
    ///
    /// # Errors
    ///
    /// `NOSALE`; `CORRUPT` with what differs.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// sale.audit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn audit(&self) -> Result<()> {
        self.read(Query::Audit { force: false }).await
    }

    async fn decide<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T> {
        self.send(self.deciding(request)).await
    }

    async fn read<T: FromRedisValue>(&self, query: Query<'_>) -> Result<T> {
        self.send(encode(Command::Read { sale: &self.key, query })).await
    }

    async fn send<T: FromRedisValue>(&self, command: Cmd) -> Result<T> {
        Ok(self.client.call(&command).await?.reply)
    }

    pub(crate) fn deciding(&self, request: Request<'_>) -> Cmd {
        encode(Command::Decide { sale: &self.key, request })
    }
}

impl<C: Connect> Clone for Sale<C> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), key: self.key.clone() }
    }
}

impl<C: Connect> std::fmt::Debug for Sale<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sale({:?})", String::from_utf8_lossy(&self.key))
    }
}
