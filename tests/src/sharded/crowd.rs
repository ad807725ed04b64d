//! Buyers of many processes, who pay, cancel, or let their holds expire.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use seckill_client::connect::Connect;
use seckill_client::{Code, Error, Outcome, Refusal, ShardedSale, State};
use tokio::task::JoinSet;

use super::books::Books;
use super::homes::buyers_at;
use crate::harness::conditions::wait_until;

/// Buyers at once in each process.
const BUYERS: usize = 6;
/// The most units of a buyer.
pub(super) const LIMIT: u32 = 2;

pub(super) struct Crowd {
    at_work: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    buyers: Mutex<Box<dyn Iterator<Item = String> + Send>>,
    is_closing: AtomicBool,
    /// Most pay. Before that most orders are cancelled or expire, so that the stock lasts.
    is_paying: AtomicBool,
    accepted: AtomicUsize,
    /// Servers may lose what they acknowledged, and calls may fail.
    is_lossy: bool,
    /// The last acknowledged state of each order.
    acknowledged: Mutex<BTreeMap<String, State>>,
}

impl Crowd {
    /// Buyers whose homes are these shards begin to buy.
    pub(super) fn of<C: Connect>(sales: Vec<ShardedSale<C>>, homes: &'static [usize]) -> Self {
        Self::begin(sales, homes, false)
    }

    /// The same where servers lose what they acknowledged.
    pub(super) fn at_loss<C: Connect>(sales: Vec<ShardedSale<C>>, homes: &'static [usize]) -> Self {
        Self::begin(sales, homes, true)
    }

    fn begin<C: Connect>(sales: Vec<ShardedSale<C>>, homes: &'static [usize], is_lossy: bool) -> Self {
        let shards = sales[0].shards().len();
        let shared = Arc::new(Shared {
            buyers: Mutex::new(Box::new(buyers_at(homes, shards))),
            is_closing: AtomicBool::new(false),
            is_paying: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            is_lossy,
            acknowledged: Mutex::default(),
        });
        let mut at_work = JoinSet::new();
        for sale in sales {
            for _ in 0..BUYERS {
                at_work.spawn(buy(sale.clone(), shared.clone()));
            }
        }
        Self { at_work, shared }
    }

    /// Waits until so many more orders are accepted.
    pub(super) async fn wait_for_orders(&self, orders: usize) {
        let enough = self.shared.accepted.load(Relaxed) + orders;
        wait_until("buyers buy", async || self.shared.accepted.load(Relaxed) >= enough).await;
    }

    /// Buys what is left: as many units are sold then.
    pub(super) async fn buy_all<C: Connect>(&self, sale: &ShardedSale<C>, stock: u64) {
        self.shared.is_paying.store(true, Relaxed);
        wait_until("all is sold", async || sale.info().await.is_ok_and(|info| info.sold == stock)).await;
    }

    /// Waits until all have left: the acknowledged orders.
    pub(super) async fn leave(self) -> Acknowledged {
        self.shared.is_closing.store(true, Relaxed);
        self.at_work.join_all().await;
        Acknowledged(std::mem::take(&mut *self.shared.acknowledged.lock().unwrap()))
    }
}

/// The last acknowledged state of each order.
pub(super) struct Acknowledged(BTreeMap<String, State>);

impl Acknowledged {
    /// After all holds ran out.
    pub(super) fn must_be_in(&self, books: &Books) {
        let ledgers = books.ledgers();
        let orders: usize = ledgers.iter().map(|ledger| ledger.orders.len()).sum();
        assert_eq!(orders, self.0.len(), "each order is in one shard");
        for (order, state) in &self.0 {
            let expected = if *state == State::Held { &State::Expired } else { state };
            let found: Vec<_> = ledgers.iter().filter_map(|ledger| ledger.state(order)).collect();
            assert!(found.len() == 1 && found[0] == *expected, "{order}: {found:?}, not {expected}");
        }
    }
}

async fn buy<C: Connect>(sale: ShardedSale<C>, shared: Arc<Shared>) {
    while !shared.is_closing.load(Relaxed) {
        let buyer = shared.buyers.lock().unwrap().next().unwrap();
        shared.serve(&sale, &buyer).await;
    }
}

impl Shared {
    async fn serve<C: Connect>(&self, sale: &ShardedSale<C>, buyer: &str) {
        let order = format!("{buyer} 1");
        let choice = fastrand::u8(..);
        let qty = 1 + u32::from(choice) % LIMIT;
        if !self.buy(sale, buyer, &order, qty).await {
            return;
        }
        if !choice.is_multiple_of(16) && !self.is_paying.load(Relaxed) {
            // Or the hold runs out.
            if !choice.is_multiple_of(4) {
                self.settle(&order, sale.home(buyer).cancel(&order).await);
            }
            return;
        }
        // A retry finds the order, also when nothing is left.
        assert!(self.buy(sale, buyer, &order, qty).await || self.is_lossy, "{order} is not found");
        self.settle(&order, sale.home(buyer).confirm(&order).await);
        if self.is(&order, &State::Sold) {
            let receipt = sale.buy(buyer).order(format!("{buyer} 2")).qty(LIMIT).await;
            let refused = Outcome::Refused(Refusal::Limit);
            assert!(
                self.is_lossy || receipt.as_ref().is_ok_and(|receipt| receipt.outcome == refused),
                "{receipt:?}"
            );
        }
    }

    /// Whether there is an order now.
    async fn buy<C: Connect>(&self, sale: &ShardedSale<C>, buyer: &str, order: &str, qty: u32) -> bool {
        let receipt = match sale.buy(buyer).order(order).qty(qty).await {
            Err(error) if self.is_lossy => {
                eprintln!("{order}: {error}");
                return false;
            }
            receipt => receipt.unwrap(),
        };
        match receipt.outcome {
            Outcome::Order(state) => {
                self.accepted.fetch_add(1, Relaxed);
                self.acknowledge(order, state);
                true
            }
            Outcome::Refused(Refusal::SoldOut | Refusal::Short) => false,
            Outcome::Unknown if self.is_lossy => false,
            other => panic!("{order}: {other:?}"),
        }
    }

    /// After CONFIRM or CANCEL.
    fn settle(&self, order: &str, reply: seckill_client::Result<State>) {
        match reply {
            Ok(state) => self.acknowledge(order, state),
            Err(Error::Redis(_)) if self.is_lossy => {}
            Err(error) if self.is_lossy && error.code() == Some(Code::NoOrder) => {}
            Err(error) => panic!("{order}: {error}"),
        }
    }

    fn acknowledge(&self, order: &str, state: State) {
        self.acknowledged.lock().unwrap().insert(order.to_owned(), state);
    }

    fn is(&self, order: &str, state: &State) -> bool {
        self.acknowledged.lock().unwrap().get(order) == Some(state)
    }
}
