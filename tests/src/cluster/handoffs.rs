//! Clients that wait for locks and pass them on while their slot moves: no lock has two owners, and all get their
//! turn.

use std::cell::{Cell, RefCell};

use futures_util::future::{join, join_all};
use redis::Value;

use super::nodes::Cluster;
use crate::harness::conditions::{PATIENCE, wait_until};
use crate::harness::server::Connection;
use crate::harness::session::{command, get, reply};
use crate::harness::tenures::{Tenure, must_not_overlap};

const CLIENTS: usize = 8;
/// In one slot.
const LOCKS: [&str; 3] = ["{sale}a", "{sale}b", "{sale}c"];
/// A lease that the owner lets run out, in ms.
const SHORT: u64 = 20;
/// A lease that outlasts the test, in ms.
const LONG: u64 = 3_600_000;

/// A client that goes where the nodes send it, and does not repeat a call otherwise.
struct Follower {
    /// By port.
    nodes: Vec<(String, Connection)>,
    /// The node that it believes to own the slot.
    at: usize,
}

impl Follower {
    async fn of(cluster: &Cluster) -> Self {
        let mut nodes = vec![];
        for node in &cluster.nodes {
            nodes.push((node.server.port().to_string(), node.server.connect_within(2 * PATIENCE).await));
        }
        Self { nodes, at: 0 }
    }

    async fn call(&mut self, line: &str) -> Value {
        let mut asked = reply(&mut self.nodes[self.at].1, line).await;
        loop {
            let Value::ServerError(error) = &asked else { return asked };
            let details = error.details().unwrap_or_default().to_owned();
            let port = details.rsplit(':').next().unwrap_or_default();
            let node = self.nodes.iter().position(|(known, _)| known == port);
            let node = node.unwrap_or_else(|| panic!("{line}: {} {details}", error.code()));
            asked = match error.code() {
                "MOVED" => {
                    self.at = node;
                    reply(&mut self.nodes[node].1, line).await
                }
                "ASK" => {
                    let mut pipe = redis::pipe();
                    pipe.cmd("ASKING").ignore().add_command(command(line));
                    let connection = &mut self.nodes[node].1;
                    let replies = redis::aio::ConnectionLike::req_packed_commands(connection, &pipe, 0, 2);
                    replies.await.unwrap().pop().unwrap()
                }
                code => panic!("{line}: {code} {details}"),
            };
        }
    }
}

/// The clients, and what they were told.
struct Contest {
    tenures: RefCell<Vec<Tenure>>,
    closing: Cell<bool>,
}

impl Contest {
    /// They contend while the scenario runs. Afterwards each of them gets the lock that it waits for, and the nodes
    /// have granted no other.
    async fn during(cluster: &Cluster, scenario: impl AsyncFnOnce(&Self)) {
        let contest = Self { tenures: RefCell::default(), closing: Cell::new(false) };
        let clients = (0..CLIENTS).map(async |number| contest.contend(cluster, number).await);
        let scenario = async {
            scenario(&contest).await;
            contest.closing.set(true);
        };
        join(join_all(clients), scenario).await;
        let tenures = contest.tenures.take();
        must_not_overlap(&tenures);
        assert_eq!(cluster.total("grants").await, tenures.len() as u64, "all grants were told, each once");
        assert!(cluster.total("handoffs").await > 0);
        assert_eq!(cluster.total("waiters").await, 0);
    }

    async fn contend(&self, cluster: &Cluster, number: usize) {
        let mut client = Follower::of(cluster).await;
        let mut random = fastrand::Rng::with_seed(number as u64);
        // Those who wait for a limited time soon ask anew, and may be sent elsewhere.
        let block = if number % 2 == 0 { 0 } else { 50 };
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
    Contest::during(&cluster, async |contest| {
        contest.wait_for_grants(50).await;
        for (from, to) in [(first, second), (second, first), (first, second)] {
            cluster.move_keys(slot, from, to, async || contest.wait_for_grants(5).await).await;
            contest.wait_for_grants(50).await;
        }
    })
    .await;
    let mut connection = cluster.nodes[first].connect().await;
    wait_until("the last leases end", async || get::<u64>(&mut connection, "DBSIZE").await == 0).await;
}

#[tokio::test]
async fn while_a_slot_moves_as_a_whole() {
    let cluster = Cluster::start("").await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let (slot, first) = cluster.place(LOCKS[0]).await;
    let second = (first + 1) % 3;
    Contest::during(&cluster, async |contest| {
        contest.wait_for_grants(50).await;
        for (from, to) in [(first, second), (second, first), (first, second), (second, first)] {
            cluster.migrate(slot, from, to).await.complete().await;
            contest.wait_for_grants(50).await;
        }
    })
    .await;
}
