//! Buyers that buy while something happens to the cluster, and readers of the events.

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
const LOCKED_ONE_IN: usize = 4;
/// Longer than any test, so that no lock is lost.
const LEASE: Duration = Duration::from_secs(600);
/// Servers that lose writes may lose the release of a lock, so leases must run out soon.
const LOSSY_LEASE: Duration = Duration::from_secs(1);

/// The last acknowledged state of each order; `None` when it was refused.
type Acknowledged = BTreeMap<String, Option<State>>;

/// Buyers and the sales at which they buy.
pub(super) struct ClusterBuyers<'s> {
    connection: ClusterConnection,
    sales: Vec<SaleUnderTest<'s>>,
    served: Cell<usize>,
    closing: Cell<bool>,
    /// What was acknowledged in an earlier era may be lost. `None` where nothing may be lost.
    era: Cell<Option<usize>>,
}

struct SaleUnderTest<'s> {
    key: &'s str,
    /// Whether servers may lose what they acknowledged.
    lossy: bool,
    acknowledged: RefCell<Acknowledged>,
    /// The fences of its lock, in the order in which it was held.
    fences: RefCell<Vec<u64>>,
    reader: RefCell<History>,
}

impl<'s> ClusterBuyers<'s> {
    /// They buy while the scenario runs. Afterwards waits until every hold has run out, checks all
    /// acknowledged states, and returns the history of each sale.
    pub(super) async fn during(
        cluster: &Cluster,
        sales: &[&'s str],
        scenario: impl AsyncFnOnce(&Self),
    ) -> Vec<History> {
        Self::at(cluster, sales, None).await.work(cluster, scenario).await
    }

    /// The same where servers lose what they acknowledged. Then the scenario calls
    /// [`ClusterBuyers::expect_loss`].
    pub(super) async fn during_loss(
        cluster: &Cluster,
        sales: &[&'s str],
        scenario: impl AsyncFnOnce(&Self),
    ) -> Vec<History> {
        Self::at(cluster, sales, Some(0)).await.work(cluster, scenario).await
    }

    async fn at(cluster: &Cluster, sales: &[&'s str], era: Option<usize>) -> Self {
        let sale = |&key| SaleUnderTest {
            key,
            lossy: era.is_some(),
            acknowledged: RefCell::default(),
            fences: RefCell::default(),
            reader: RefCell::new(History::of(key)),
        };
        Self {
            connection: cluster.connect().await,
            sales: sales.iter().map(sale).collect(),
            served: Cell::new(0),
            closing: Cell::new(false),
            era: Cell::new(era),
        }
    }

    async fn work(self, cluster: &Cluster, scenario: impl AsyncFnOnce(&Self)) -> Vec<History> {
        let scenario = async {
            scenario(&self).await;
            self.closing.set(true);
        };
        // Each has a connection of its own: on a shared one ASKING can precede the command of another buyer.
        let work = (0..BUYERS).map(async |number| self.buyer(cluster.connect().await, number).await);
        join(join_all(work), scenario).await;
        let mut histories = vec![];
        for sale in &self.sales {
            histories.push(sale.check(self.connection.clone()).await);
        }
        histories
    }

    /// What was acknowledged so far may be lost.
    pub(super) fn expect_loss(&self) {
        self.era.set(self.era.get().map(|era| era + 1));
        for sale in &self.sales {
            sale.acknowledged.borrow_mut().clear();
        }
    }

    /// Waits until so many more orders are settled. Meanwhile the readers read.
    pub(super) async fn wait_for_orders(&self, orders: usize) {
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
                sale.acknowledged.borrow_mut().insert(order, state);
            }
            self.served.set(self.served.get() + 1);
        }
    }
}

impl SaleUnderTest<'_> {
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
        let bought = match (number % LOCKED_ONE_IN, round % 2) {
            (0, 0) => {
                self.lock(connection, &lock, order).await;
                connection.seckill().buy(self.key, buy.releasing(&lock, order)).await
            }
            (0, _) => {
                self.lock(connection, &lock, order).await;
                let bought = connection.seckill().buy(self.key, buy.holding(&lock, order)).await;
                // The reply may be 0 when the client sent the call twice. A lock that stays held would block
                // the other buyers.
                connection.seckill().unlock(&lock, order).await.unwrap();
                bought
            }
            _ => connection.seckill().buy(self.key, buy).await,
        };
        match (bought.unwrap(), round % 3) {
            (Bought::Refused(Refusal::SoldOut | Refusal::Short), _) => None,
            (Bought::Refused(Refusal::LockLost), _) if self.lossy => None,
            (Bought::Order(State::Held), 0) => {
                let settled = self.settled(connection.seckill().confirm(self.key, order).await);
                if settled == Some(State::Sold) {
                    // Sold units are restocked, so that a scarce sale is never sold out for good.
                    connection.seckill().restock(self.key, i64::from(qty), order).await.unwrap();
                }
                assert_ne!(settled, Some(State::Cancelled));
                settled
            }
            (Bought::Order(State::Held), 1) => {
                let settled = self.settled(connection.seckill().cancel(self.key, order).await);
                assert_ne!(settled, Some(State::Sold));
                settled
            }
            (Bought::Order(State::Held), _) => Some(State::Held),
            // The client sent the call twice, and the hold had run out in between.
            (Bought::Order(State::Expired), _) if self.lossy => Some(State::Expired),
            other => panic!("bought: {other:?}"),
        }
    }

    /// The state of an order after CONFIRM or CANCEL; `None` when it was lost.
    fn settled(&self, reply: Result<State>) -> Option<State> {
        match reply {
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
            let fence = connection.seckill().lock(lock, token, lease).await.unwrap();
            self.fences.borrow_mut().extend(fence);
            fence.is_some()
        })
        .await;
    }

    async fn check(&self, mut connection: ClusterConnection) -> History {
        let key = self.key;
        wait_until_none_held(&mut connection, key).await;
        let history = History::read(&mut connection, key).await;
        history.must_match(&mut connection).await;
        self.read_on(&mut connection).await;
        assert!(self.reader.borrow().events == history.events, "{key}: the reader has all events");

        let ledger = history.ledger();
        for (order, state) in self.acknowledged.take() {
            let expected = if state == Some(State::Held) { Some(State::Expired) } else { state.clone() };
            assert_eq!(ledger.state(&order), expected, "{key} {order}, acknowledged as {state:?}");
        }
        let fences = self.fences.take();
        assert!(fences.is_sorted_by(|one, next| one < next), "{key}: fences rise: {fences:?}");
        history
    }
}

impl Cluster {
    /// The nodes have made no decision about orders that is not in these histories.
    pub(super) async fn decided_only(&self, histories: &[History]) {
        let count = |state| histories.iter().map(|history| history.count(&state)).sum::<u64>();
        assert_eq!(self.total("holds_expired").await, count(State::Expired));
        assert_eq!(self.total("orders_accepted").await, count(State::Held));
    }
}
