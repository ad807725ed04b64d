//! The client crate on a cluster.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seckill_client::connect::{ClusterReplicas, Connect};
use seckill_client::{Client, NewSale, Outcome, State};
use tokio::task::JoinSet;

use super::nodes::Cluster;
use crate::client::connectors::sells;
use crate::harness::conditions::{ms, wait_until};
use crate::harness::processes::Stopped;
use crate::harness::session::{ask, get};

const SALE: &str = "{sale}";

async fn must_sell<C: Connect>(client: &Client<C>, order: &str) {
    let receipt = client.sale(SALE).buy("ann").order(order).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Order(State::Sold), "{order}");
}

/// While a slot moves its keys are here and there, and a client follows them.
#[tokio::test]
async fn purchases_follow_a_slot_that_moves() {
    let cluster = Cluster::start("").await;
    let client = cluster.client();
    client.sale(SALE).create(NewSale::new(1_000)).await.unwrap();
    let (slot, from) = cluster.place(SALE).await;
    let to = (from + 1) % 3;
    must_sell(&client, "before").await;
    cluster.begin_to_move(slot, from, to).await;
    must_sell(&client, "migrating").await;
    assert_eq!(cluster.send_key(SALE, from, to).await, "OK");
    join_all((0..20).map(async |order| must_sell(&client, &format!("redirected {order}")).await)).await;
    cluster.assign(slot, to).await;
    must_sell(&client, "moved").await;
    // A repeated call finds the order where the sale is now.
    must_sell(&client, "before").await;
    assert_eq!(client.sale(SALE).info().await.unwrap().orders, 23);
}

/// Readers of a cluster are answered by the replicas.
#[tokio::test]
async fn replicas_answer_readers() {
    let mut cluster = Cluster::start("").await;
    let client = cluster.client();
    client.sale(SALE).create(NewSale::new(10)).await.unwrap();
    let (_, primary) = cluster.place(SALE).await;
    let replica = cluster.add_replica(primary, "").await;
    must_sell(&client, "o1").await;
    // A node lists a replica when it knows its offset.
    let id = &cluster.nodes[replica].id;
    for node in &cluster.nodes {
        let mut connection = node.connect().await;
        wait_until("the replica is listed", async || {
            ask(&mut connection, "CLUSTER SLOTS").await.contains(id)
        })
        .await;
    }
    let readers = Client::new(ClusterReplicas::new(cluster.urls()).unwrap());
    let sale = readers.sale(SALE);
    wait_until("the replica has the order", async || sale.info().await.unwrap().sold == 1).await;
    assert_eq!(sale.order("o1").await.unwrap().unwrap().state, State::Sold);
    let was_asked = async |node: usize| {
        let mut connection = cluster.nodes[node].connect().await;
        get::<String>(&mut connection, "INFO commandstats").await.to_lowercase().contains("seckill.order")
    };
    assert!(was_asked(replica).await && !was_asked(primary).await);
}

/// A cluster tells the whole story, too.
#[tokio::test]
async fn a_cluster_sells() {
    let cluster = Cluster::start("").await;
    sells(cluster.client(), 0).await;
}

/// Somebody keeps asking a node that hangs. The sales of the other nodes do not suffer from it.
#[tokio::test]
async fn a_node_that_hangs_harms_no_sale_of_the_others() {
    let cluster = Cluster::start("").await;
    let client = cluster.client();
    client.sale(SALE).create(NewSale::new(1_000)).await.unwrap();
    let (_, owner) = cluster.place(SALE).await;
    let mut others = vec![];
    for key in ["a", "b", "c", "d", "e", "f"] {
        others.push((key, cluster.place(key).await.1));
    }
    let (key, node) = others.into_iter().find(|(_, node)| *node != owner).unwrap();
    let _stopped = Stopped::server(&mut cluster.nodes[node].connect().await).await;
    let sale = client.sale(key);
    let asking = tokio::spawn(async move {
        loop {
            let _ = sale.info().await;
        }
    });
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut orders = 0;
    while began.elapsed() < Duration::from_secs(4) {
        let call = Instant::now();
        must_sell(&client, &format!("o{orders}")).await;
        slowest = slowest.max(call.elapsed());
        orders += 1;
        tokio::time::sleep(ms(20)).await;
    }
    asking.abort();
    assert!(slowest < ms(1_500) && orders > 50, "{orders} orders, one took {slowest:?}");
}

/// Many callers want what a dead node has, all the time. The sales of the other nodes do not suffer from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_dead_harms_no_sale_of_the_others() {
    let mut cluster = Cluster::start("cluster-require-full-coverage no").await;
    let client = cluster.client();
    client.sale(SALE).create(NewSale::new(1_000)).await.unwrap();
    let (_, owner) = cluster.place(SALE).await;
    let mut others = vec![];
    for key in ["a", "b", "c", "d", "e", "f"] {
        others.push((key, cluster.place(key).await.1));
    }
    let (key, node) = others.into_iter().find(|(_, node)| *node != owner).unwrap();
    cluster.nodes[node].server.kill();
    // When so many find out at the same instant, they may wait for another connection.
    client.sale(key).info().await.unwrap_err();
    let mut asking = JoinSet::new();
    for _ in 0..500 {
        let sale = client.sale(key);
        asking.spawn(async move {
            loop {
                let _ = sale.info().await;
            }
        });
    }
    let mut slowest = Duration::ZERO;
    for order in 0..200 {
        let call = Instant::now();
        must_sell(&client, &format!("o{order}")).await;
        slowest = slowest.max(call.elapsed());
        tokio::time::sleep(ms(10)).await;
    }
    assert!(slowest < ms(1_500), "one order took {slowest:?}");
}
