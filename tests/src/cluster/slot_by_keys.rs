//! Slots that move key by key.

use std::time::Duration;

use seckill_client::{After, Buy, NewSale, Seckill, State};

use super::buyers::ClusterBuyers;
use super::nodes::Cluster;
use super::sales;
use crate::harness::conditions::{now_ms, wait_until, wait_until_none_held};
use crate::harness::session::{get, play};

#[tokio::test]
async fn buyers_lose_nothing() {
    let cluster = Cluster::start("").await;
    let (slot, from) = cluster.place(sales::SCARCE).await;
    let to = (from + 1) % 3;
    sales::create(&mut cluster.connect().await).await;

    let histories = ClusterBuyers::during(&cluster, &[sales::SCARCE, sales::PLENTY], async |buyers| {
        buyers.wait_for_orders(500).await;
        cluster.move_keys(slot, from, to, async || buyers.wait_for_orders(50).await).await;
        buyers.wait_for_orders(500).await;
    })
    .await;

    assert_eq!(cluster.place(sales::SCARCE).await, (slot, to));
    for history in &histories {
        assert_eq!(history.terms().len(), 2, "the new owner's term is another");
    }
    assert!(histories.iter().any(|history| history.count(&State::Expired) > 0));
    cluster.decided_only(&histories).await;
    assert_eq!(cluster.total("sales_diverged").await, 0);
    cluster.nodes[from].play("DBSIZE => 0").await;
}

/// A node lets no hold run out in a slot that it imports, until it owns the slot.
#[tokio::test]
async fn a_hold_runs_out_on_the_new_owner() {
    let cluster = Cluster::start("").await;
    let (slot, from) = cluster.place("sale").await;
    let to = (from + 1) % 3;
    let mut connection = cluster.connect().await;
    connection.seckill().create("sale", NewSale::new(1).hold(Duration::from_millis(300))).await.unwrap();
    connection.seckill().buy("sale", Buy::new("ann", "o1")).await.unwrap();
    let term = connection.seckill().info("sale").await.unwrap().term;

    let mut target = cluster.nodes[to].connect().await;
    let mut owned_since = 0;
    cluster
        .move_keys(slot, from, to, async || {
            if get::<u64>(&mut target, "DBSIZE").await == 0 {
                return;
            }
            // A client that is redirected there sees that the hold is due, but it does not run out.
            wait_until("the hold is due", async || {
                play(&mut target, "ASKING => OK").await;
                target.seckill().order("sale", "o1").await.unwrap().unwrap().state == State::Expired
            })
            .await;
            play(&mut target, "DEBUG SLEEP 0.3 => OK\nASKING => OK").await;
            let info = target.seckill().info("sale").await.unwrap();
            assert_eq!((info.held, info.seq), (1, 2));
            owned_since = now_ms();
        })
        .await;
    wait_until_none_held(&mut connection, "sale").await;
    let expired = connection.seckill().events("sale", After::seq(2).term(term)).await.unwrap();
    assert!(expired.len() == 1 && expired[0].at >= owned_since, "{expired:?}, owned since {owned_since}");
    assert!(expired[0].term > term, "the new owner's first decision begins a term");
    connection.seckill().audit("sale").await.unwrap();
}

/// The old owner has begun many terms that the new owner has not seen. The new owner grants higher fences
/// nevertheless.
#[tokio::test]
async fn fences_rise_across_owners() {
    let cluster = Cluster::start("").await;
    let (slot, from) = cluster.place("lock").await;
    let mut connection = cluster.connect().await;
    for number in 0..1_000 {
        connection.seckill().create(format!("sale{number}"), NewSale::new(1)).await.unwrap();
    }
    let lease = Duration::from_secs(600);
    let before = connection.seckill().lock("lock", "ann", lease).await.unwrap();
    cluster.move_keys(slot, from, (from + 1) % 3, async || {}).await;
    assert_eq!(
        connection.seckill().lock("lock", "bob", lease).await,
        Ok(None),
        "ann holds it at the new owner, too"
    );
    assert_eq!(connection.seckill().unlock("lock", "ann").await, Ok(true));
    let after = connection.seckill().lock("lock", "bob", lease).await.unwrap();
    assert!(after > before, "{after:?} after {before:?}");
}
