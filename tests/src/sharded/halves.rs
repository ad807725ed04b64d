//! A client ends at any step of a transfer, and another one finishes it.

use seckill_client::{Balanced, Outcome, State};

use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::JOURNAL;

/// The steps of a transfer from shard 0 to shard 1, with its id; `$a` and `$b` are the keys of the shards.
const MOVES: &[&str] = &[
    "XADD $journal * transfer $id",
    "SECKILL.RESTOCK $a -2 ID $id",
    "SECKILL.RESTOCK $b 2 ID $id",
    "XADD $journal:done * transfer $id",
];
/// Shard 0 has fewer units, so it becomes void.
const VOID: &[&str] = &[
    "XADD $journal * transfer $id",
    "SECKILL.RESTOCK $a -5 ID $id",
    "SECKILL.RESTOCK $b 0 ID $id",
    "SECKILL.RESTOCK $a 0 ID $id",
    "XADD $journal:done * void $id",
];
/// Shard 0 gets units at the last moment: another client takes them, but they cannot be put into shard 1 any more.
const TAKEN: &[&str] = &[
    "XADD $journal * transfer $id",
    "SECKILL.RESTOCK $b 0 ID $id",
    "SECKILL.RESTOCK $a 5 ID delivery-1",
    "SECKILL.RESTOCK $a -5 ID $id",
    "SECKILL.RESTOCK $a 5 ID $id:back",
];

const STOCK: u64 = 9;

/// A sale of three shards with three units each, and a transfer of which so many steps were made.
async fn begun(steps: &[&str], units: u32) -> Shop {
    let mut shop = Shop::open(3, STOCK / 3).await;
    let id = format!("transfer:0:1:{units}:0f8fad5b-d9cb-469f-a165-708677289501");
    for step in steps {
        let line = step.replace("$a", &shop.key(0)).replace("$b", &shop.key(1));
        let reply = shop.ask(&line.replace("$id", &id).replace("$journal", JOURNAL)).await;
        assert!(!reply.starts_with('-') || reply.starts_with("-NOSTOCK"), "{line}: {reply}");
    }
    shop
}

/// Who finishes it has all units for sale then.
async fn must_have_all(shop: &mut Shop) {
    shop.must_be_settled().await;
    let stock = shop.books().await.stock() as u64;
    assert_eq!(shop.sale.info().await.unwrap().total().available, stock);
}

/// Each number of steps that a client made before it ended.
fn interrupted() -> impl Iterator<Item = (&'static [&'static str], u32)> {
    [(MOVES, 2), (VOID, 5), (TAKEN, 5)]
        .into_iter()
        .flat_map(|(steps, units)| (1..=steps.len()).map(move |made| (&steps[..made], units)))
}

#[tokio::test]
async fn a_balancer_finishes_it() {
    for (steps, units) in interrupted() {
        let mut shop = begun(steps, units).await;
        let Balanced { finished, open, .. } = shop.sale.balancer().round().await.unwrap();
        assert_eq!((finished, open), (1, vec![]), "{steps:?}");
        must_have_all(&mut shop).await;
        // There is nothing more to do.
        assert_eq!(shop.sale.balancer().round().await.unwrap(), Balanced::default(), "{steps:?}");
    }
}

/// Two do it at once.
#[tokio::test]
async fn two_balancers_finish_it_once() {
    for (steps, units) in interrupted() {
        let mut shop = begun(steps, units).await;
        let others = [shop.another().await, shop.another().await];
        let [mut one, mut other] = others.map(|sale| sale.balancer());
        let (one, other) = tokio::join!(one.round(), other.round());
        assert!(one.unwrap().open.is_empty() && other.unwrap().open.is_empty(), "{steps:?}");
        must_have_all(&mut shop).await;
    }
}

/// Somebody at home in another shard buys all there is, also what is under way.
#[tokio::test]
async fn a_purchase_finishes_it() {
    for (steps, units) in interrupted() {
        let mut shop = begun(steps, units).await;
        let buyer = buyers_at(&[2], 3).next().unwrap();
        let stock = shop.books().await.stock() as u32;
        let receipt = shop.sale.buy(&buyer).qty(stock).await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Order(State::Sold), "{steps:?}");
        shop.must_be_settled().await;
    }
}
