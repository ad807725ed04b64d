//! Clients that wait for locks and pass them on while their slot moves: no lock has two owners, and all get their
//! turn.

use std::cell::{Cell, RefCell};

use futures_util::future::{join, join_all};
use redis::Value;

use super::nodes::{Cluster, Node};
use crate::harness::conditions::wait_until;
use crate::harness::server::Connection;
use crate::harness::session::{reply, reply_after};
use crate::harness::tenures::{Tenure, must_not_overlap};

const CLIENTS: usize = 8;
/// In one slot.
const LOCKS: [&str; 3] = ["{sale}a", "{sale}b", "{sale}c"];
/// A lease that the owner lets run out, in ms.
const SHORT: u64 = 20;
/// A lease that outlasts the test, in ms.
const LONG: u64 = 3_600_000;

/// A client that goes where the nodes send it, and does not repeat a call otherwise.
struct Follower<'c> {
    cluster: &'c Cluster,
    /// To each node.
    connections: Vec<Connection>,
    /// The node that it believes to own the slot.
    at: usize,
}

impl<'c> Follower<'c> {
    async fn of(cluster: &'c Cluster) -> Self {
        let mut connections = vec![];
        for node in &cluster.nodes {
            connections.push(node.connect().await);
        }
        Self { cluster, connections, at: 0 }
    }

    async fn call(&mut self, line: &str) -> Value {
        let mut answer = reply(&mut self.connections[self.at], line).await;
        loop {
            let Value::ServerError(error) = &answer else { return answer };
            let details = error.details().unwrap_or_default().to_owned();
            answer = match error.code() {
                "MOVED" => {
                    self.at = self.node(&details);
                    reply(&mut self.connections[self.at], line).await
                }
                "ASK" => {
                    let node = self.node(&details);
                    reply_after(&mut self.connections[node], "ASKING", line).await
                }
                // The node has become a replica, and closes the connection.
                "UNBLOCKED" => {
                    self.connections[self.at] = self.cluster.nodes[self.at].connect().await;
                    reply(&mut self.connections[self.at], line).await
                }
                code => panic!("{line}: {code} {details}"),
            };
        }
    }

    /// The node that an error names.
    fn node(&self, details: &str) -> usize {
        let port = details.rsplit(':').next().unwrap();
        let is_named = |node: &Node| node.server.port().to_string() == port;
        self.cluster.nodes.iter().position(is_named).unwrap_or_else(|| panic!("no node: {details}"))
    }
}

/// The clients, and what they were told.
struct Contest {
    tenures: RefCell<Vec<Tenure>>,
    closing: Cell<bool>,
}

impl Contest {
    /// They contend while the scenario runs. Afterwards each of them gets the lock that it waits for. Returns how many
    /// grants they were told of.
    async fn during(cluster: &Cluster, scenario: impl AsyncFnOnce(&Self)) -> u64 {
        let contest = Self { tenures: RefCell::default(), closing: Cell::new(false) };
        let clients = (0..CLIENTS).map(async |number| contest.contend(cluster, number).await);
        let scenario = async {
            scenario(&contest).await;
            contest.closing.set(true);
        };
        join(join_all(clients), scenario).await;
        let tenures = contest.tenures.take();
        must_not_overlap(&tenures);
        assert!(cluster.total("handoffs").await > 0);
        assert_eq!(cluster.total("waiters").await, 0);
        tenures.len() as u64
    }

    async fn contend(&self, cluster: &Cluster, number: usize) {
        let mut client = Follower::of(cluster).await;
        let mut random = fastrand::Rng::with_seed(number as u64);
        // Those who wait for a limited time soon ask anew, and may be sent elsewhere.
        let block = if number < CLIENTS / 2 { 0 } else { 50 };
        let mut round = 0;
        while !self.closing.get() {
            round += 1;
            let (lock, token) = (LOCKS[random.usize(..LOCKS.len())], format!("c{number}.{round}"));
            let lease = if random.bool() { SHORT } else { LONG };
            let reply = client.call(&format!("SECKILL.LOCK {lock} {token} {lease} BLOCK {block}")).await;
            let Value::Int(fence) = reply else {
                assert!(reply == Value::Nil && block > 0, "{token} at {lock}: {reply:?}");
                continue;
            };
            let mut tenure = Tenure::new(lock, &token, fence.cast_unsigned(), lease);
            if lease == LONG {
                tenure.end_now();
                let released = client.call(&format!("SECKILL.UNLOCK {lock} {token}")).await;
                assert_eq!(released, Value::Int(1), "{token} held {lock}");
            }
            self.tenures.borrow_mut().push(tenure);
        }
    }

    /// Waits until clients were told of so many more grants.
    async fn wait_for_grants(&self, grants: usize) {
        let enough = self.tenures.borrow().len() + grants;
        wait_until("locks are granted", async || self.tenures.borrow().len() >= enough).await;
    }
}

#[tokio::test]
async fn while_a_slot_moves_by_keys() {
    let cluster = Cluster::start("").await;
    let (slot, first) = cluster.place(LOCKS[0]).await;
    let second = (first + 1) % 3;
    let told = Contest::during(&cluster, async |contest| {
        contest.wait_for_grants(50).await;
        for (from, to) in [(first, second), (second, first), (first, second)] {
            cluster.move_keys(slot, from, to, async || contest.wait_for_grants(5).await).await;
            contest.wait_for_grants(50).await;
        }
    })
    .await;
    assert_eq!(cluster.total("grants").await, told, "all grants were told, each once");
}

#[tokio::test]
async fn while_a_slot_moves_as_a_whole() {
    let cluster = Cluster::start("").await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let (slot, first) = cluster.place(LOCKS[0]).await;
    let second = (first + 1) % 3;
    let told = Contest::during(&cluster, async |contest| {
        contest.wait_for_grants(50).await;
        for (from, to) in [(first, second), (second, first), (first, second), (second, first)] {
            cluster.migrate(slot, from, to).await.complete().await;
            contest.wait_for_grants(50).await;
        }
    })
    .await;
    assert_eq!(cluster.total("grants").await, told, "all grants were told, each once");
}

/// A grant in the moment of the failover may not be told. Then its token asks again, and is granted the lock again.
#[tokio::test]
async fn while_a_replica_takes_over() {
    let mut cluster = Cluster::start("").await;
    let (_, primary) = cluster.place(LOCKS[0]).await;
    let replica = cluster.add_replica(primary, "").await;
    let told = Contest::during(&cluster, async |contest| {
        contest.wait_for_grants(50).await;
        cluster.nodes[replica].play("CLUSTER FAILOVER => OK").await;
        wait_until("it took over", async || cluster.place(LOCKS[0]).await.1 == replica).await;
        contest.wait_for_grants(50).await;
    })
    .await;
    assert!(cluster.total("grants").await >= told);
}
