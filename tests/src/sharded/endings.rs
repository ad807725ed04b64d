//! When a sale of many shards is sold out.

use futures_util::future::join_all;
use seckill_client::{NewSale, Outcome, Receipt, Refusal, State};

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::balancers::Balancers;
use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::{JOURNAL, MOVER, SALE, Stage, keys};
use crate::client::polled::polled;
use crate::harness::conditions::{HOUR, ms, wait_until};
use crate::harness::processes::Stopped;
use crate::harness::session::ask;

const SOLD: Outcome = Outcome::Order(State::Sold);

fn refused(receipt: &Receipt) -> Refusal {
    match &receipt.outcome {
        Outcome::Refused(why) => why.clone(),
        other => panic!("{other:?}"),
    }
}

/// Three units are gathered from three shards. Then two are too few, and none is none.
#[tokio::test]
async fn only_when_all_shards_are() {
    let mut shop = Shop::open(5, 1).await;
    let mut buyers = buyers_at(&[1], 5);
    let mut next = || buyers.next().unwrap();
    let receipt = shop.sale.buy(&next()).qty(3).await.unwrap();
    assert_eq!(receipt.outcome, SOLD);
    let receipt = shop.sale.buy(&next()).qty(3).await.unwrap();
    assert_eq!((refused(&receipt), receipt.is_final), (Refusal::Short, true));
    assert_eq!(shop.available().await.iter().sum::<u64>(), 2);
    assert_eq!(shop.sale.buy(&next()).order("last").qty(2).await.unwrap().outcome, SOLD);
    let receipt = shop.sale.buy(&next()).qty(3).await.unwrap();
    assert_eq!((refused(&receipt), receipt.is_final), (Refusal::SoldOut, true));
    shop.must_be_settled().await;
}

/// Many want the last units at once: each is sold, whoever gets it.
#[tokio::test]
async fn the_last_units_are_sold_to_many_at_once() {
    let mut shop = Shop::open(8, 2).await;
    let others = [shop.another().await, shop.another().await, shop.another().await];
    let buyers: Vec<_> = buyers_at(&[1, 5], 8).take(60).collect();
    let buys =
        buyers.iter().zip(others.iter().cycle()).map(async |(buyer, sale)| sale.buy(buyer).await.unwrap());
    let receipts = join_all(buys).await;
    let accepted = receipts.iter().filter(|receipt| receipt.is_accepted()).count();
    assert_eq!(accepted, 16);
    let refusals = receipts.iter().filter(|receipt| !receipt.is_accepted());
    assert!(refusals.clone().all(|receipt| refused(receipt) == Refusal::SoldOut));
    shop.must_be_settled().await;
    shop.books().await.must_be_sold_out(1);
}

/// As many buyers as units come at once, by many processes, while others balance: nobody is told that nothing is left while
/// units are under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_as_units_all_get_one() {
    all_get_one(320, async |_| ()).await;
}

/// The lock by which one process at a time moves units only saves work: somebody holds it all the time, so each waits in vain
/// for a second, and then does not wait for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_they_do_when_all_move_units_at_once() {
    let lock = async |stage: &Stage| stage.cluster.client().lock(MOVER).acquire(HOUR).await.unwrap().unwrap();
    all_get_one(80, lock).await;
}

async fn all_get_one<T>(units: usize, before: impl AsyncFnOnce(&Stage) -> T) {
    const PROCESSES: usize = 16;
    let mut stage = Stage::open("", 8, NewSale::new(units as u64)).await;
    let _guard = before(&stage).await;
    let balancers = Balancers::of(stage.processes(2).await, false);
    let sales = stage.processes(PROCESSES).await;
    let mut buys = JoinSet::new();
    for (buyer, sale) in buyers_at(&[1, 5], 8).zip(sales.into_iter().cycle()).take(units) {
        buys.spawn(async move { sale.buy(&buyer).await.unwrap() });
    }
    let receipts = buys.join_all().await;
    let refused: Vec<_> = receipts.iter().filter(|receipt| !receipt.is_accepted()).collect();
    assert!(refused.is_empty(), "{} were refused: {:?}", refused.len(), refused[0]);
    balancers.leave().await;
    stage.books().await.must_be_sold_out(1);
    assert_eq!(stage.under_way().await, 0);
}

/// A purchase under a lock gets units from elsewhere, and the lock is released after the last attempt.
#[tokio::test]
async fn a_purchase_under_a_lock_gets_units_from_elsewhere() {
    let mut shop = Shop::open(3, 1).await;
    let buyer = buyers_at(&[2], 3).next().unwrap();
    let lock = shop.sale.lock(&buyer);
    let guard = lock.acquire(HOUR).await.unwrap().unwrap();
    assert_eq!(shop.sale.buy(&buyer).qty(2).under(&guard).await.unwrap().outcome, SOLD);
    assert!(lock.acquire(HOUR).await.unwrap().is_none(), "it is held still");
    assert_eq!(refused(&shop.sale.buy(&buyer).qty(2).under(&guard).await.unwrap()), Refusal::Short);
    assert_eq!(shop.sale.buy(&buyer).releasing(guard).await.unwrap().outcome, SOLD);
    wait_until("it is released", async || lock.acquire(HOUR).await.unwrap().is_some()).await;
    shop.must_be_settled().await;
}

/// Whenever a purchase is dropped, what it began comes to an end.
#[tokio::test]
async fn a_dropped_purchase_leaves_nothing_under_way() {
    let mut shop = Shop::open(4, 10).await;
    let mut buyers = buyers_at(&[2], 4);
    for polls in 0..30 {
        let buyer = buyers.next().unwrap();
        // Of more units than home has.
        let qty = shop.available().await[2] as u32 + 1;
        let _ = polled(polls, async { shop.sale.buy(&buyer).qty(qty).await }).await;
        if shop.sale.info().await.unwrap().available < 20 {
            shop.sale.restock(20, format!("delivery-{polls}")).await.unwrap();
        }
    }
    wait_until("nothing is under way", async || shop.under_way().await == 0).await;
    // What goes on in the background ends with the next purchase.
    assert!(!shop.sale.buy("ann").qty(10_000).await.unwrap().is_accepted());
    shop.must_be_settled().await;
}

/// Buyers buy on while a node is dead that has some of the shards, and a transfer to it cannot be finished. None is told that
/// the sale is sold out while it may not be.
#[tokio::test]
async fn a_dead_node_keeps_nobody_from_buying_what_others_have() {
    let config = "cluster-require-full-coverage no\ncluster-node-timeout 2000";
    let mut stage = Stage::open(config, 6, NewSale::new(12)).await;
    let (_, journal) = stage.cluster.place(SALE).await;
    let (dead, alive) = ((journal + 1) % 3, (journal + 2) % 3);
    let keys = keys(&stage.sale);
    let transfer = format!("transfer:{}:{}:1:0f8fad5b-d9cb-469f-a165-708677289501", 2 * alive, 2 * dead);
    stage.cluster.nodes[journal].play(&format!("XLEN {JOURNAL} => 0")).await;
    let mut connection = stage.cluster.nodes[journal].connect().await;
    let begun = ask(&mut connection, &format!("XADD {JOURNAL} * transfer {transfer}")).await;
    assert!(!begun.starts_with('-'), "{begun}");
    let take = format!("SECKILL.RESTOCK {} -1 ID {transfer} => 1", keys[2 * alive]);
    stage.cluster.nodes[alive].play(&take).await;
    stage.cluster.nodes.remove(dead).server.kill();
    let sale = stage.cluster.client().sharded(SALE).await.unwrap();
    let mut buyers = buyers_at(&[2 * alive], 6);
    for _ in 0..7 {
        let buyer = buyers.next().unwrap();
        assert_eq!(sale.buy(&buyer).await.unwrap().outcome, SOLD);
    }
    let buyer = buyers.next().unwrap();
    let receipt = sale.buy(&buyer).await;
    assert!(receipt.is_err(), "{receipt:?}");
}

/// A node that has the last units does not answer for a while, as when it fails over: who wants them is not refused.
#[tokio::test]
async fn units_of_a_node_that_is_silent_for_a_while_are_not_sold_out() {
    let mut stage = Stage::open("cluster-node-timeout 15000", 3, NewSale::new(3)).await;
    let (_, journal) = stage.cluster.place(SALE).await;
    let silent = (journal + 1) % 3;
    for shard in [journal, (journal + 2) % 3] {
        let buyer = buyers_at(&[shard], 3).next().unwrap();
        assert_eq!(stage.sale.home(&buyer).buy(&buyer).await.unwrap().outcome, SOLD);
    }
    let buyer = buyers_at(&[journal], 3).nth(1).unwrap();
    let stopped = Stopped::server(&mut stage.cluster.nodes[silent].connect().await).await;
    let sale = stage.sale.clone();
    let mut buying = std::pin::pin!(async { sale.buy(&buyer).await.unwrap() });
    assert!(timeout(ms(2_500), &mut buying).await.is_err(), "nobody knows whether there are units");
    drop(stopped);
    assert_eq!(buying.await.outcome, SOLD);
    assert_eq!(stage.books().await.unbalanced(), [].into());
    assert_eq!(stage.under_way().await, 0);
}

/// Clients in any language buy at the home shard alone; a balancer brings what they need.
#[tokio::test]
async fn a_balancer_serves_clients_that_move_nothing() {
    let mut shop = Shop::open(4, 25).await;
    let home = shop.key(2);
    let balancing = shop.another().await;
    let mut balancer = balancing.balancer();
    let balance = async {
        loop {
            balancer.round().await.unwrap();
            tokio::time::sleep(ms(1)).await;
        }
    };
    let buy = async {
        for (number, buyer) in buyers_at(&[2], 4).take(100).enumerate() {
            let line = format!("SECKILL.BUY {home} {buyer} order-{number}");
            wait_until("units come home", async || shop.ask(&line).await == "SOLD").await;
        }
    };
    tokio::select! {
        () = buy => {}
        () = balance => {}
    }
    shop.must_be_settled().await;
    shop.books().await.must_be_sold_out(1);
}

/// The same handle sells an ordinary sale.
#[tokio::test]
async fn an_ordinary_sale_is_one_of_a_single_shard() {
    let mut shop = Shop::open(2, 1).await;
    shop.client.sale("ordinary").create(NewSale::new(3)).await.unwrap();
    let sale = shop.client.sharded("ordinary").await.unwrap();
    assert_eq!((keys(&sale), sale.home("ann").key()), (vec!["ordinary".to_owned()], &b"ordinary"[..]));
    assert_eq!(sale.buy("ann").qty(2).await.unwrap().outcome, SOLD);
    assert_eq!(refused(&sale.buy("bob").qty(2).await.unwrap()), Refusal::Short);
    assert_eq!(sale.restock(1, "delivery-1").await.unwrap(), 2);
    assert_eq!(sale.buy("bob").qty(2).await.unwrap().outcome, SOLD);
    assert_eq!(refused(&sale.buy("bob").await.unwrap()), Refusal::SoldOut);
    assert_eq!(sale.balancer().round().await.unwrap(), seckill_client::Balanced::default());
    assert_eq!(sale.info().await.unwrap().sold, 4);
    sale.delete().await.unwrap();
    assert_eq!(shop.ask("EXISTS ordinary").await, "0");
}
