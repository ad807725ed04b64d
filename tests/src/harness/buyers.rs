//! Buyers who do all that buyers do, each on a connection of its own and without a pause, and who remember what
//! they were told. They all try for one lock.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use seckill_client::{Bought, Buy, Error, Sale, Seckill, State};

use super::conditions::HOUR;
use super::history::Books;
use super::server::{Connection, Server};
use super::session::get;

/// A sale that is sold out at times, and where buyers come to their limit.
pub(crate) fn scarce() -> Sale {
    Sale::new(100).limit(20).hold(HOUR)
}

/// What a buyer may ask for an order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Lock,
    Buy,
    Extend,
    Confirm,
    Cancel,
    Refund,
}

/// What a buyer may do with an order that was accepted.
const ENDS: [&[Call]; 5] =
    [&[], &[Call::Confirm], &[Call::Extend, Call::Confirm], &[Call::Cancel], &[Call::Confirm, Call::Refund]];

impl Call {
    /// The state of the order then. No buyer asks for what it is too late for.
    fn leads_to(self) -> Option<State> {
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
struct Order {
    buyer: String,
    id: String,
    qty: u32,
    /// Its state, as the server told last.
    told: Option<State>,
    /// Whether the lock is held for it, as far as was told.
    locked: bool,
    /// The call that got no answer.
    unanswered: Option<Call>,
}

impl Order {
    async fn call(&mut self, shop: &mut Connection, call: Call) -> Result<(), Error> {
        self.unanswered = Some(call);
        let told = match call {
            Call::Lock => {
                self.locked = shop.lock("lock", &self.id, HOUR).await?.is_some();
                None
            }
            Call::Buy => {
                let buy = Buy::new(&self.buyer, &self.id).qty(self.qty);
                let buy = if self.locked { buy.releasing("lock", &self.id) } else { buy };
                let bought = shop.buy("sale", buy).await?;
                self.locked = false;
                match bought {
                    Bought::Order(state) => Some(state),
                    Bought::Refused(_) => None,
                }
            }
            Call::Extend => Some(shop.extend("sale", &self.id, HOUR).await?),
            Call::Confirm => Some(shop.confirm("sale", &self.id).await?),
            Call::Cancel => Some(shop.cancel("sale", &self.id).await?),
            Call::Refund => Some(shop.refund("sale", &self.id).await?),
        };
        assert!(told.is_none() || told == call.leads_to(), "{call:?} brought {told:?}: {self:?}");
        self.told = told;
        self.unanswered = None;
        Ok(())
    }

    fn stands(&self) -> bool {
        matches!(self.told, Some(State::Held | State::Sold))
    }

    /// Whether the lock may be held for it.
    fn may_be_locked(&self) -> bool {
        self.locked || self.unanswered == Some(Call::Lock)
    }

    /// Whether `state` is what the buyer was told, or else what a call without an answer has led to.
    fn may_be(&self, state: Option<State>) -> bool {
        state == self.told || self.unanswered.is_some_and(|call| state == call.leads_to())
    }
}

/// One of the buyers.
struct Buyer {
    name: String,
    choice: fastrand::Rng,
    orders: Vec<Order>,
}

impl Buyer {
    /// Places one order and takes it to one of its ends. Who is refused gives an earlier order back.
    async fn deal(&mut self, till: &mut Till<'_>) -> Result<(), Error> {
        let (buyer, id) = (self.name.clone(), format!("{}:{}", self.name, self.orders.len()));
        let qty = self.choice.u32(1..=3);
        self.orders.push(Order { buyer, id, qty, told: None, locked: false, unanswered: None });
        let Some((new, earlier)) = self.orders.split_last_mut() else { return Ok(()) };
        if self.choice.bool() {
            till.call(new, Call::Lock).await?;
        }
        till.call(new, Call::Buy).await?;
        if new.told.is_some() {
            for call in self.choice.choice(ENDS).into_iter().flatten() {
                till.call(new, *call).await?;
            }
        } else if let Some(standing) = earlier.iter_mut().find(|order| order.stands()) {
            till.call(standing, Call::Refund).await?;
        }
        Ok(())
    }
}

/// Where a buyer asks, and answers are counted.
struct Till<'a> {
    shop: Connection,
    answers: &'a Cell<usize>,
}

impl Till<'_> {
    async fn call(&mut self, order: &mut Order, call: Call) -> Result<(), Error> {
        order.call(&mut self.shop, call).await?;
        self.answers.set(self.answers.get() + 1);
        Ok(())
    }
}

/// All buyers.
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

    /// All of them buy until `meanwhile` has come to its end, or the server has. It is told how many answers they
    /// had so far.
    pub(crate) async fn buy_while<T>(
        &mut self,
        server: &mut Server,
        meanwhile: impl AsyncFnOnce(&mut Server, &Cell<usize>) -> T,
    ) -> T {
        let (answers, over) = (Cell::new(0), Cell::new(false));
        let shops = join_all(self.buyers.iter().map(|_| server.connect())).await;
        let buying = self.buyers.iter_mut().zip(shops).map(async |(buyer, shop)| {
            let mut till = Till { shop, answers: &answers };
            while !over.get() {
                match buyer.deal(&mut till).await {
                    Ok(()) => {}
                    Err(Error::Redis(error)) if error.is_connection_dropped() => return,
                    Err(error) => panic!("{}: {error}", buyer.name),
                }
            }
        });
        let watching = async {
            let result = meanwhile(server, &answers).await;
            over.set(true);
            result
        };
        join(watching, join_all(buying)).await.0
    }

    /// Every order is in the state that its buyer was told, or in the one that an unanswered call leads to, and
    /// nobody else placed one. A purchase and the release of its lock are one step.
    pub(crate) async fn agree(&self, shop: &mut Connection, books: &Books) {
        let owner: Option<String> = get(shop, "GET lock").await;
        let mut known = 0;
        for order in self.buyers.iter().flat_map(|buyer| &buyer.orders) {
            let state = books.state(&order.id);
            assert!(order.may_be(state), "{state:?}: {order:?}");
            known += usize::from(state.is_some());
            if owner.as_ref() == Some(&order.id) {
                assert!(state.is_none() && order.may_be_locked(), "{order:?}");
            }
        }
        assert_eq!(known, books.orders.len(), "orders that nobody placed");
    }

    /// After a loss: what the sale says is what the buyers know.
    pub(crate) fn learn(&mut self, books: &Books) {
        for order in self.buyers.iter_mut().flat_map(|buyer| &mut buyer.orders) {
            order.told = books.state(&order.id);
            order.unanswered = None;
            order.locked = false;
        }
    }

    /// Whoever had no answer asks again, and goes on with the purchase that a lock was taken for.
    pub(crate) async fn ask_again(&mut self, shop: &mut Connection, books: &Books) {
        for order in self.buyers.iter_mut().flat_map(|buyer| &mut buyer.orders) {
            let Some(call) = order.unanswered else { continue };
            order.call(shop, call).await.unwrap();
            if call == Call::Lock {
                order.call(shop, Call::Buy).await.unwrap();
            }
            let known = books.state(&order.id);
            assert!(known.is_none() || order.told.is_some(), "{order:?} was {known:?}");
        }
    }
}
