//! What a client knows of a sale of many shards.

use seckill_client::connect::Connect;
use seckill_client::{NewSale, Outcome, Refusal, ShardedSale};
use tokio::time::timeout;

use super::homes::buyers_at;
use super::stage::Stage;
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
