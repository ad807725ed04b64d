//! What a client knows of a sale of many shards.

use seckill_client::connect::Connect;
use seckill_client::{NewSale, Outcome, Refusal, ShardedSale};
use tokio::time::timeout;

use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::{JOURNAL, Stage};
use crate::client::link::calls;
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};

const SHARDS: usize = 6;

/// A sale of one unit in each shard, all held by the buyers that are returned: of each shard one.
async fn sold_out() -> (Stage, Vec<String>) {
    let stage = Stage::open("", SHARDS, NewSale::new(SHARDS as u64).hold(HOUR)).await;
    let buyers: Vec<_> = (0..SHARDS).map(|shard| buyers_at(&[shard], SHARDS).next().unwrap()).collect();
    let others = stage.processes(1).await.remove(0);
    for buyer in &buyers {
        assert!(others.buy(buyer).order("o1").await.unwrap().is_accepted());
    }
    (stage, buyers)
}

async fn learn<C: Connect>(sale: &ShardedSale<C>) {
    wait_until("it is known that nothing is left", async || {
        let receipt = sale.buy("ann").await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Refused(Refusal::SoldOut));
        sale.known_refusal(1) == Some(Refusal::SoldOut)
    })
    .await;
}

/// The calls of this name that all nodes have executed.
async fn total(stage: &Stage, commands: &[&str]) -> u64 {
    let mut total = 0;
    for node in &stage.cluster.nodes {
        for command in commands {
            total += calls(&mut node.connect().await, command).await;
        }
    }
    total
}

/// New orders are refused without a call to any node.
#[tokio::test]
async fn a_sale_that_is_sold_out_is_not_asked() {
    const CALLS: [&str; 4] = ["seckill.buy", "seckill.restock", "seckill.lock", "xadd"];
    let (stage, _) = sold_out().await;
    let sale = &stage.sale;
    learn(sale).await;
    let before = total(&stage, &CALLS).await;
    learn(sale).await;
    let (mut refused, mut sent) = (0, 0);
    // What is known ends after a second.
    while sale.known_refusal(1).is_some() && refused < 1_000 {
        let receipt = sale.buy("ann").await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Refused(Refusal::SoldOut));
        refused += u64::from(receipt.from_memory);
        sent += u64::from(!receipt.from_memory);
    }
    assert!(refused > 100 && sent <= 1, "{refused} were refused, {sent} were sent");
    let calls = total(&stage, &CALLS).await - before;
    // Those by which it was learned, and the last one.
    assert!(calls <= 30, "{calls} calls for {refused} refusals");
}

/// A cancellation in any shard tells who waits, whose home is another one: and they get the unit.
#[tokio::test]
async fn a_unit_of_any_shard_is_for_who_waits() {
    let (stage, buyers) = sold_out().await;
    let sale = &stage.sale;
    let others = stage.processes(1).await.remove(0);
    for (shard, cancels) in buyers.iter().enumerate() {
        learn(sale).await;
        let waits = buyers_at(&[(shard + 1) % SHARDS], SHARDS).nth(1 + shard).unwrap();
        let waiting = async {
            timeout(PATIENCE, sale.changed(1)).await.expect("it is told");
            sale.buy(&waits).await.unwrap()
        };
        let cancel = async { others.home(cancels).cancel("o1").await.unwrap() };
        let (receipt, _) = tokio::join!(waiting, cancel);
        assert!(receipt.is_accepted(), "{shard}: {receipt:?}");
    }
    learn(sale).await;
    assert_eq!(sale.info().await.unwrap().held, SHARDS as u64);
}

/// A process was killed between the halves of a transfer, and the figures of the shards say that nothing is left.
#[tokio::test]
async fn units_that_were_left_under_way_are_for_who_waits() {
    let mut shop = Shop::open(2, 1).await;
    let mut buyers = buyers_at(&[0], 2);
    assert!(shop.sale.buy(&buyers.next().unwrap()).await.unwrap().is_accepted());
    let (id, from) = ("transfer:1:0:1:0f8fad5b-d9cb-469f-a165-708677289501", shop.key(1));
    shop.ask(&format!("XADD {JOURNAL} * transfer {id}")).await;
    assert_eq!(shop.ask(&format!("SECKILL.RESTOCK {from} -1 ID {id}")).await, "0");
    let other = shop.another().await;
    timeout(PATIENCE, other.changed(1)).await.expect("who waits is to ask the servers");
    assert_eq!(other.known_refusal(1), None);
    let receipt = other.buy(&buyers.next().unwrap()).await.unwrap();
    assert!(receipt.is_accepted(), "{receipt:?}");
    shop.must_be_settled().await;
}

/// A shard refuses the units that are under way to it, so no refusal is final, nor is one known; then somebody mends it.
#[tokio::test]
async fn units_that_a_shard_refused_are_for_who_waits() {
    let mut shop = Shop::open(2, 0).await;
    let (home, from) = (shop.key(0), shop.key(1));
    for delivery in ["a", "b"] {
        shop.ask(&format!("SECKILL.RESTOCK {home} 1 ID {delivery}")).await;
        shop.ask(&format!("SECKILL.RESTOCK {home} -1")).await;
    }
    shop.ask(&format!("SECKILL.RESTOCK {from} 1 ID c")).await;
    assert_eq!(shop.ask("CONFIG SET seckill.max-orders 2").await, "OK");
    let mut buyers = buyers_at(&[0], 2);
    let (sale, ann) = (shop.sale.clone(), buyers.next().unwrap());
    let buying = tokio::spawn(async move {
        let mut receipt = sale.buy(&ann).await.unwrap();
        while receipt.outcome == Outcome::Refused(Refusal::SoldOut) {
            assert!(!receipt.is_final, "{receipt:?}");
            sale.changed(1).await;
            receipt = sale.buy(&ann).await.unwrap();
        }
        receipt
    });
    wait_until("the unit is under way", async || {
        shop.ask(&format!("XLEN {JOURNAL}")).await == "1" && shop.available().await == [0, 0]
    })
    .await;
    let receipt = shop.sale.buy(&buyers.next().unwrap()).await.unwrap();
    assert!(!receipt.is_final && !receipt.from_memory, "{receipt:?}");
    assert_eq!(shop.ask("CONFIG SET seckill.max-orders 1000").await, "OK");
    let receipt = timeout(PATIENCE, buying).await.expect("it is bought").unwrap();
    assert!(receipt.is_accepted(), "{receipt:?}");
}
