//! Buyers at work, while something happens to the cluster, and readers who follow the sales.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join, join_all};
use redis::cluster_async::ClusterConnection;
use seckill_client::{Bought, Buy, Code, Refusal, Result, Seckill, State};

use super::nodes::Cluster;
use crate::harness::conditions::{wait_until, wait_until_none_held};
use crate::harness::history::History;

const BUYERS: usize = 8;
/// One of so many buyers buys under a lock.
const LOCKERS: usize = 4;
/// Longer than any test: no lock is lost.
const LEASE: Duration = Duration::from_secs(600);
/// Where servers lose what they acknowledged they may also forget that a lock was released.
const LOSSY_LEASE: Duration = Duration::from_secs(1);

/// What buyers were told of the orders of one sale in the end: their state, or nothing when refused.
type Promises = BTreeMap<String, Option<State>>;

/// The sales, and the buyers at them.
pub(super) struct Buyers<'s> {
    connection: ClusterConnection,
    sales: Vec<Sale<'s>>,
    served: Cell<usize>,
    closing: Cell<bool>,
    /// What was promised in an earlier era may be lost. `None` where nothing may be.
    era: Cell<Option<usize>>,
}

struct Sale<'s> {
    key: &'s str,
    /// Whether servers may lose what they acknowledged.
    lossy: bool,
    promises: RefCell<Promises>,
    /// The fences of its lock, in the order in which it was held.
    fences: RefCell<Vec<u64>>,
    reader: RefCell<History>,
}

impl<'s> Buyers<'s> {
    /// Lets them buy for as long as a story lasts. Afterwards every hold has run out, every promise was kept,
    /// and each reader has read the history of its sale, which is returned.
    pub(super) async fn during(
        cluster: &Cluster,
        sales: &[&'s str],
        story: impl AsyncFnOnce(&Self),
    ) -> Vec<History> {
        Self::at(cluster, sales, None).await.work(cluster, story).await
    }

    /// The same where servers lose what they acknowledged: then the story is to [`Buyers::doubt`] it.
    pub(super) async fn during_loss(
        cluster: &Cluster,
        sales: &[&'s str],
        story: impl AsyncFnOnce(&Self),
    ) -> Vec<History> {
        Self::at(cluster, sales, Some(0)).await.work(cluster, story).await
    }

    async fn at(cluster: &Cluster, sales: &[&'s str], era: Option<usize>) -> Self {
        let sale = |&key| Sale {
            key,
            lossy: era.is_some(),
            promises: RefCell::default(),
            fences: RefCell::default(),
            reader: RefCell::new(History::of(key)),
        };
        Self {
            connection: cluster.shop().await,
            sales: sales.iter().map(sale).collect(),
            served: Cell::new(0),
            closing: Cell::new(false),
            era: Cell::new(era),
        }
    }

    async fn work(self, cluster: &Cluster, story: impl AsyncFnOnce(&Self)) -> Vec<History> {
        let story = async {
            story(&self).await;
            self.closing.set(true);
        };
        // Each has a connection of its own: one that is shared mixes up who is ASKING.
        let work = (0..BUYERS).map(async |number| self.buyer(cluster.shop().await, number).await);
        join(join_all(work), story).await;
        let mut histories = vec![];
        for sale in &self.sales {
            histories.push(sale.judge(self.connection.clone()).await);
        }
        histories
    }

    /// Whatever was promised so far may be lost.
    pub(super) fn doubt(&self) {
        self.era.set(self.era.get().map(|era| era + 1));
        for sale in &self.sales {
            sale.promises.borrow_mut().clear();
        }
    }

    /// Waits until so many more orders came to an end. Meanwhile the readers read.
    pub(super) async fn go_on(&self, orders: usize) {
        let enough = self.served.get() + orders;
        let mut connection = self.connection.clone();
        wait_until("buyers are served", async || {
            for sale in &self.sales {
                sale.read_on(&mut connection).await;
            }
            self.served.get() >= enough
        })
        .await;
    }

    async fn buyer(&self, mut connection: ClusterConnection, number: usize) {
        for round in 0.. {
            if self.closing.get() {
                return;
            }
            let sale = &self.sales[(number + round) % self.sales.len()];
            let order = format!("o{number}.{round}");
            let era = self.era.get();
            let state = sale.serve(&mut connection, number, &order, round).await;
            if era == self.era.get() {
                sale.promises.borrow_mut().insert(order, state);
            }
            self.served.set(self.served.get() + 1);
        }
    }
}

impl Sale<'_> {
    /// One order, up to where its buyer leaves it: confirmed, cancelled, or held.
    async fn serve(
        &self,
        connection: &mut ClusterConnection,
        number: usize,
        order: &str,
        round: usize,
    ) -> Option<State> {
        let (buyer, lock) = (format!("b{number}"), format!("{}:lock", self.key));
        let qty = 1 + round as u32 % 2;
        let buy = Buy::new(&buyer, order).qty(qty);
        let bought = match (number % LOCKERS, round % 2) {
            (0, 0) => {
                self.lock(connection, &lock, order).await;
                connection.buy(self.key, buy.releasing(&lock, order)).await
            }
            (0, _) => {
                self.lock(connection, &lock, order).await;
                let bought = connection.buy(self.key, buy.holding(&lock, order)).await;
                // It may say 0, when the call was sent again. Were the lock still held, all others would wait in vain.
                connection.unlock(&lock, order).await.unwrap();
                bought
            }
            _ => connection.buy(self.key, buy).await,
        };
        match (bought.unwrap(), round % 3) {
            (Bought::Refused(Refusal::SoldOut | Refusal::Short), _) => None,
            (Bought::Refused(Refusal::LockLost), _) if self.lossy => None,
            (Bought::Order(State::Held), 0) => {
                let told = self.fate(connection.confirm(self.key, order).await);
                if told == Some(State::Sold) {
                    // What is sold is replaced, so that a scarce sale never comes to its end.
                    connection.restock(self.key, i64::from(qty), order).await.unwrap();
                }
                assert_ne!(told, Some(State::Cancelled));
                told
            }
            (Bought::Order(State::Held), 1) => {
                let told = self.fate(connection.cancel(self.key, order).await);
                assert_ne!(told, Some(State::Sold));
                told
            }
            (Bought::Order(State::Held), _) => Some(State::Held),
            // The call was sent again, and meanwhile the hold had run out.
            (Bought::Order(State::Expired), _) if self.lossy => Some(State::Expired),
            other => panic!("bought: {other:?}"),
        }
    }

    /// What becomes of an order that was held.
    fn fate(&self, told: Result<State>) -> Option<State> {
        match told {
            Ok(state) => Some(state),
            Err(error) if self.lossy && error.code() == Some(Code::NoOrder) => None,
            Err(error) => panic!("{}: {error}", self.key),
        }
    }

    async fn read_on(&self, connection: &mut ClusterConnection) {
        let mut reader = self.reader.replace(History::of(self.key));
        let taken_back = reader.read_on(connection).await;
        assert!(self.lossy || taken_back == 0, "{}: {taken_back} events were taken back", self.key);
        self.reader.replace(reader);
    }

    async fn lock(&self, connection: &mut ClusterConnection, lock: &str, token: &str) {
        let lease = if self.lossy { LOSSY_LEASE } else { LEASE };
        wait_until("the lock is free", async || {
            let fence = connection.lock(lock, token, lease).await.unwrap();
            self.fences.borrow_mut().extend(fence);
            fence.is_some()
        })
        .await;
    }

    async fn judge(&self, mut connection: ClusterConnection) -> History {
        let key = self.key;
        wait_until_none_held(&mut connection, key).await;
        let history = History::read(&mut connection, key).await;
        history.agrees_with(&mut connection).await;
        self.read_on(&mut connection).await;
        assert!(self.reader.borrow().events == history.events, "{key}: what was read is what happened");

        let books = history.books();
        for (order, told) in self.promises.take() {
            let expected = if told == Some(State::Held) { Some(State::Expired) } else { told };
            assert_eq!(books.state(&order), expected, "{key} {order}, of which was told {told:?}");
        }
        let fences = self.fences.take();
        assert!(fences.is_sorted_by(|one, next| one < next), "{key}: fences rise: {fences:?}");
        history
    }
}

impl Cluster {
    /// The nodes have made no decision about orders that is not in these histories.
    pub(super) async fn decided_only(&self, histories: &[History]) {
        let count = |state| histories.iter().map(|history| history.count(state)).sum::<u64>();
        assert_eq!(self.total("holds_expired").await, count(State::Expired));
        assert_eq!(self.total("orders_accepted").await, count(State::Held));
    }
}
