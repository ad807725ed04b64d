//! Locks by the client crate, in a cluster.

use std::time::Duration;

use seckill_client::connect;
use seckill_client::{Client, Release};
use tokio::time::timeout;

use super::nodes::Cluster;
use crate::harness::callers::wait_until_waiting;
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};
use crate::harness::info::stat;
use crate::harness::processes::Stopped;
use crate::harness::session::get;

fn client(cluster: &Cluster) -> Client<connect::Cluster> {
    let nodes = cluster.nodes.iter();
    let urls = nodes.map(|node| format!("redis://127.0.0.1:{}/?protocol=resp3", node.server.port()));
    Client::new(connect::Cluster::new(urls).unwrap())
}

/// A lock on a node, and its slot.
async fn lock_on(cluster: &Cluster, node: usize) -> (String, usize) {
    for number in 0.. {
        let lock = format!("lock{number}");
        let (slot, owner) = cluster.place(&lock).await;
        if owner == node {
            return (lock, slot);
        }
    }
    unreachable!("each node has slots");
}

/// A wait begins at any node, and is redirected; it follows a slot that moves meanwhile. So do the renewals.
#[tokio::test]
async fn follow_their_slot() {
    let cluster = Cluster::start("").await;
    let (key, slot) = lock_on(&cluster, 2).await;
    let lock = client(&cluster).lock(key.clone());
    let guard = lock.acquire(Duration::from_secs(6)).await.unwrap().unwrap();
    let waiter = tokio::spawn(async move { lock.wait(HOUR, HOUR).await.unwrap().unwrap() });
    let (mut from, mut to) = (cluster.nodes[2].connect().await, cluster.nodes[1].connect().await);
    wait_until_waiting(&mut from, 1).await;

    cluster.begin_to_move(slot, 2, 1).await;
    assert_eq!(cluster.send_key(&key, 2, 1).await, "OK");
    cluster.assign(slot, 1).await;
    wait_until_waiting(&mut to, 1).await;
    wait_until_waiting(&mut from, 0).await;
    let end: u64 = get(&mut to, &format!("PEXPIRETIME {key}")).await;
    let work = wait_until("it is renewed at the new owner", async || {
        get::<u64>(&mut to, &format!("PEXPIRETIME {key}")).await > end
    });
    guard.run(work).await.expect("the lock is kept");
    assert_eq!(guard.release().await, Release::Released);
    let guard = timeout(PATIENCE, waiter).await.expect("it is the waiter's turn").unwrap();
    assert_eq!(guard.release().await, Release::Released);
    assert_eq!(stat(&mut to, "seckill", "seckill_waiters").await, "0");
}

/// One that hangs does not delay the renewals of locks on others.
#[tokio::test]
async fn of_a_node_that_hangs_are_lost_alone() {
    let cluster = Cluster::start("cluster-node-timeout 60000").await;
    let client = client(&cluster);
    let mut guards = vec![];
    for node in 0..3 {
        let (key, _) = lock_on(&cluster, node).await;
        guards.push((client.lock(&*key).acquire(Duration::from_secs(4)).await.unwrap().unwrap(), key));
    }
    let _stopped = Stopped::server(&mut cluster.nodes[0].connect().await).await;
    timeout(PATIENCE, guards[0].0.lost()).await.expect("it is lost");
    for (node, (guard, key)) in guards.iter().enumerate().skip(1) {
        let mut connection = cluster.nodes[node].connect().await;
        let mut end = get::<u64>(&mut connection, &format!("PEXPIRETIME {key}")).await;
        let renewals = async {
            for _ in 0..3 {
                wait_until("it is renewed", async || {
                    get::<u64>(&mut connection, &format!("PEXPIRETIME {key}")).await > end
                })
                .await;
                end = get(&mut connection, &format!("PEXPIRETIME {key}")).await;
            }
        };
        guard.run(renewals).await.expect("the lock is kept");
    }
}
