//! Slots that move as a whole.

use std::time::Duration;

use seckill_client::{Alteration, Buy, NewSale, Seckill, State};

use super::buyers::ClusterBuyers;
use super::large_sales;
use super::nodes::Cluster;
use super::sales;
use crate::harness::conditions::{now_ms, wait_until, wait_until_none_held};
use crate::harness::history::History;
use crate::harness::info::used_memory;
use crate::harness::session::ask;

const SALES: [&str; 3] = [sales::SCARCE, sales::PLENTY, "{sale}large"];
const LARGE: u64 = 100_000;
/// Further sales in the same slot.
const MORE: u64 = 300;
/// How long a server waits, in µs, after each key that it sends.
const DELAY: u64 = 3_000;

fn more() -> impl Iterator<Item = String> {
    (0..MORE).map(|number| format!("{{sale}}{number}"))
}

/// Sales for buyers, in a slot that takes long to move; the slot and its owner.
async fn open(cluster: &Cluster) -> (usize, usize) {
    let (slot, owner) = cluster.place(SALES[0]).await;
    for node in &cluster.nodes {
        node.play(&format!("CONFIG SET rdb-key-save-delay {DELAY} => OK")).await;
    }
    let mut connection = cluster.connect().await;
    sales::create(&mut connection).await;
    let mut node = cluster.nodes[owner].connect().await;
    large_sales::send(&mut node, SALES[2], &large_sales::sale(LARGE, large_sales::usual)).await;
    connection.seckill().alter(SALES[2], Alteration::new().hold(sales::HOLD)).await.unwrap();
    (slot, owner)
}

/// All sales are at these nodes and no keys at any other, and no copy diverged.
async fn must_all_be_at(cluster: &Cluster, owners: &[usize]) {
    for (number, node) in cluster.nodes.iter().enumerate() {
        let mut connection = node.connect().await;
        let keys = if owners.contains(&number) { SALES.len() as u64 + MORE } else { 0 };
        wait_until("the old owner has deleted its keys", async || {
            ask(&mut connection, "DBSIZE").await == keys.to_string()
        })
        .await;
    }
    assert_eq!(cluster.total("sales_diverged").await, 0);
}

#[tokio::test]
async fn buyers_lose_nothing() {
    let cluster = Cluster::start("").await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let (slot, first) = open(&cluster).await;
    let second = (first + 1) % 3;
    let mut connection = cluster.connect().await;
    let mut moved = (0, 0);
    let histories = ClusterBuyers::during(&cluster, &SALES, async |buyers| {
        buyers.wait_for_orders(300).await;
        // The holds of these fall due one after the other in the next seconds.
        for (number, sale) in more().enumerate() {
            let hold = Duration::from_millis(10 + 10 * number as u64);
            connection.seckill().create(&sale, NewSale::new(1).hold(hold)).await.unwrap();
            connection.seckill().buy(&sale, Buy::new("ann", "o1")).await.unwrap();
        }
        let begin = now_ms();
        cluster.migrate(slot, first, second).await.complete().await;
        moved = (begin, now_ms());
        buyers.wait_for_orders(300).await;
        cluster.migrate(slot, second, first).await.complete().await;
        buyers.wait_for_orders(300).await;
    })
    .await;

    assert_eq!(cluster.place(SALES[0]).await, (slot, first));
    for history in &histories[..2] {
        assert_eq!(history.terms().len(), 3, "each owner's term is another");
    }
    let (mut orders, mut expired) = (0, 0);
    for history in &histories {
        orders += history.ledger().orders.len() as u64;
        expired += history.count(&State::Expired);
    }
    let mut times = vec![];
    for sale in more() {
        wait_until_none_held(&mut connection, &sale).await;
        let history = History::read(&mut connection, &sale).await;
        assert_eq!(history.len(), 3, "{sale}: it ran out once");
        times.push(history.events[2].at);
    }
    assert!(times.iter().any(|at| (moved.0..moved.1).contains(at)), "some ran out while the slot moved");
    // No decision was made that is not in the histories.
    assert_eq!(cluster.total("orders_accepted").await, orders - LARGE + MORE);
    assert_eq!(cluster.total("holds_expired").await, expired + MORE);
    must_all_be_at(&cluster, &[first]).await;
}

#[tokio::test]
async fn a_move_that_is_cancelled_leaves_no_trace() {
    const MUCH: u64 = 1 << 20;
    let mut cluster = Cluster::start("").await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let (slot, from) = open(&cluster).await;
    let to = (from + 1) % 3;
    let replica = cluster.add_replica(to, "").await;
    let (mut source, mut target) = (cluster.nodes[from].connect().await, cluster.nodes[to].connect().await);
    let small = large_sales::sale(200, large_sales::usual);
    for sale in more() {
        large_sales::send(&mut source, &sale, &small).await;
    }
    let digest = format!("DEBUG DIGEST-VALUE {}", more().collect::<Vec<_>>().join(" "));
    let before = ask(&mut source, &digest).await;

    let histories = ClusterBuyers::during(&cluster, &SALES[..2], async |buyers| {
        buyers.wait_for_orders(300).await;
        let empty = used_memory(&mut target).await;
        let migration = cluster.migrate(slot, from, to).await;
        wait_until("some keys have arrived", async || used_memory(&mut target).await > empty + MUCH).await;
        migration.cancel().await;
        buyers.wait_for_orders(300).await;
        wait_until("the target has freed them", async || used_memory(&mut target).await < empty + MUCH / 2)
            .await;
    })
    .await;
    assert_eq!(cluster.place(SALES[0]).await, (slot, from));
    for history in histories {
        assert_eq!(history.terms().len(), 1, "no other has decided");
    }
    must_all_be_at(&cluster, &[from]).await;

    cluster.migrate(slot, from, to).await.complete().await;
    assert_eq!(ask(&mut target, &digest).await, before);
    must_all_be_at(&cluster, &[to, replica]).await;
    let replica = &cluster.nodes[replica];
    replica.server.catch_up(&cluster.nodes[to].server).await;
    let mut replica = replica.connect().await;
    assert_eq!(ask(&mut replica, "DEBUG DIGEST").await, ask(&mut target, "DEBUG DIGEST").await);
}
