//! Buyers that place, settle and return orders without a pause, each on a connection of its own, and remember
//! the replies. They contend for one lock.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use seckill_client::{Bought, Buy, Error, NewSale, Seckill, State};

use super::conditions::HOUR;
use super::history::Ledger;
use super::server::{Connection, Server};
use super::session::get;

/// A sale that is sold out at times, and where buyers reach their limit.
pub(crate) fn scarce() -> NewSale {
    NewSale::new(100).limit(20).hold(HOUR)
}

/// The calls of a buyer about an order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Lock,
    Buy,
    Extend,
    Confirm,
    Cancel,
    Refund,
}

/// The calls that follow an accepted purchase.
const ENDS: [&[Call]; 5] =
    [&[], &[Call::Confirm], &[Call::Extend, Call::Confirm], &[Call::Cancel], &[Call::Confirm, Call::Refund]];

impl Call {
    /// The state of the order after the call. Buyers make no call that comes too late.
    fn resulting_state(self) -> Option<State> {
        match self {
            Self::Lock => None,
            Self::Buy | Self::Extend => Some(State::Held),
            Self::Confirm => Some(State::Sold),
            Self::Cancel | Self::Refund => Some(State::Cancelled),
        }
    }
}

/// An order, as its buyer knows it.
#[derive(Debug)]
struct PlacedOrder {
    buyer: String,
    id: String,
    qty: u32,
    /// Its state by the last reply.
    replied: Option<State>,
    /// Whether the lock is held for it, by the last reply.
    locked: bool,
    /// The call that got no reply.
    pending: Option<Call>,
}

impl PlacedOrder {
    async fn call(&mut self, connection: &mut Connection, call: Call) -> Result<(), Error> {
        self.pending = Some(call);
        let replied = match call {
            Call::Lock => {
                self.locked = connection.seckill().lock("lock", &self.id, HOUR).await?.is_some();
                None
            }
            Call::Buy => {
                let buy = Buy::new(&self.buyer, &self.id).qty(self.qty);
                let buy = if self.locked { buy.releasing("lock", &self.id) } else { buy };
                let bought = connection.seckill().buy("sale", buy).await?;
                self.locked = false;
                match bought {
                    Bought::Order(state) => Some(state),
                    Bought::Refused(_) => None,
                    other => panic!("{other:?}"),
                }
            }
            Call::Extend => Some(connection.seckill().extend("sale", &self.id, HOUR).await?),
            Call::Confirm => Some(connection.seckill().confirm("sale", &self.id).await?),
            Call::Cancel => Some(connection.seckill().cancel("sale", &self.id).await?),
            Call::Refund => Some(connection.seckill().refund("sale", &self.id).await?),
        };
        assert!(
            replied.is_none() || replied == call.resulting_state(),
            "{call:?} got the reply {replied:?}: {self:?}"
        );
        self.replied = replied;
        self.pending = None;
        Ok(())
    }

    fn is_accepted(&self) -> bool {
        matches!(self.replied, Some(State::Held | State::Sold))
    }

    /// Whether the lock may be held for it.
    fn may_be_locked(&self) -> bool {
        self.locked || self.pending == Some(Call::Lock)
    }

    /// Whether `state` is that of the last reply, or the one that the pending call leads to.
    fn may_be(&self, state: &Option<State>) -> bool {
        *state == self.replied || self.pending.is_some_and(|call| *state == call.resulting_state())
    }
}

struct Buyer {
    name: String,
    choice: fastrand::Rng,
    orders: Vec<PlacedOrder>,
}

impl Buyer {
    /// Places one order and settles it. After a refusal, refunds an earlier order.
    async fn place_order(&mut self, client: &mut CountingClient<'_>) -> Result<(), Error> {
        let (buyer, id) = (self.name.clone(), format!("{}:{}", self.name, self.orders.len()));
        let qty = self.choice.u32(1..=3);
        self.orders.push(PlacedOrder { buyer, id, qty, replied: None, locked: false, pending: None });
        let Some((new, earlier)) = self.orders.split_last_mut() else { return Ok(()) };
        if self.choice.bool() {
            client.call(new, Call::Lock).await?;
        }
        client.call(new, Call::Buy).await?;
        if new.replied.is_some() {
            for call in self.choice.choice(ENDS).into_iter().flatten() {
                client.call(new, *call).await?;
            }
        } else if let Some(accepted) = earlier.iter_mut().find(|order| order.is_accepted()) {
            client.call(accepted, Call::Refund).await?;
        }
        Ok(())
    }
}

/// A connection whose replies are counted.
struct CountingClient<'a> {
    connection: Connection,
    replies: &'a Cell<usize>,
}

impl CountingClient<'_> {
    async fn call(&mut self, order: &mut PlacedOrder, call: Call) -> Result<(), Error> {
        order.call(&mut self.connection, call).await?;
        self.replies.set(self.replies.get() + 1);
        Ok(())
    }
}

pub(crate) struct Buyers {
    buyers: Vec<Buyer>,
}

impl Buyers {
    /// So many buyers, whose choices follow from a seed.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        let mut seeds = fastrand::Rng::with_seed(seed);
        let buyers = (0..size).map(|number| Buyer {
            name: format!("b{number}"),
            choice: seeds.fork(),
            orders: vec![],
        });
        Self { buyers: buyers.collect() }
    }

    /// All of them buy until `meanwhile` returns, or the server ends. `meanwhile` gets the number of replies
    /// so far.
    pub(crate) async fn buy_while<T>(
        &mut self,
        server: &mut Server,
        meanwhile: impl AsyncFnOnce(&mut Server, &Cell<usize>) -> T,
    ) -> T {
        let (replies, over) = (Cell::new(0), Cell::new(false));
        let connections = join_all(self.buyers.iter().map(|_| server.connect())).await;
        let buying = self.buyers.iter_mut().zip(connections).map(async |(buyer, connection)| {
            let mut client = CountingClient { connection, replies: &replies };
            while !over.get() {
                match buyer.place_order(&mut client).await {
                    Ok(()) => {}
                    Err(Error::Redis(error)) if error.is_connection_dropped() => return,
                    Err(error) => panic!("{}: {error}", buyer.name),
                }
            }
        });
        let scenario = async {
            let result = meanwhile(server, &replies).await;
            over.set(true);
            result
        };
        join(scenario, join_all(buying)).await.0
    }

    /// Every order is in the state of its last reply, or in the one that its pending call leads to, and there
    /// are no other orders. A purchase and the release of its lock are one step.
    pub(crate) async fn must_match(&self, connection: &mut Connection, ledger: &Ledger) {
        let owner: Option<String> = get(connection, "GET lock").await;
        let mut known = 0;
        for order in self.buyers.iter().flat_map(|buyer| &buyer.orders) {
            let state = ledger.state(&order.id);
            assert!(order.may_be(&state), "{state:?}: {order:?}");
            known += usize::from(state.is_some());
            if owner.as_ref() == Some(&order.id) {
                assert!(state.is_none() && order.may_be_locked(), "{order:?}");
            }
        }
        assert_eq!(known, ledger.orders.len(), "orders that no buyer placed");
    }

    /// Takes over the states of the events, after a loss of data.
    pub(crate) fn take_over(&mut self, ledger: &Ledger) {
        for order in self.buyers.iter_mut().flat_map(|buyer| &mut buyer.orders) {
            order.replied = ledger.state(&order.id);
            order.pending = None;
            order.locked = false;
        }
    }

    /// Repeats the pending calls. After a lock comes the purchase for which it was taken.
    pub(crate) async fn repeat_pending(&mut self, connection: &mut Connection, ledger: &Ledger) {
        for order in self.buyers.iter_mut().flat_map(|buyer| &mut buyer.orders) {
            let Some(call) = order.pending else { continue };
            order.call(connection, call).await.unwrap();
            if call == Call::Lock {
                order.call(connection, Call::Buy).await.unwrap();
            }
            let known = ledger.state(&order.id);
            assert!(known.is_none() || order.replied.is_some(), "{order:?} was {known:?}");
        }
    }
}
