//! Slots move from node to node while units are moved from shard to shard.

use seckill_client::NewSale;

use super::balancers::Balancers;
use super::crowd::{Crowd, LIMIT};
use super::reader::Reader;
use super::stage::{SALE, Stage, keys};
use crate::cluster::nodes::Cluster;
use crate::harness::conditions::ms;

const SHARDS: usize = 6;
const HOMES: &[usize] = &[0];
const STOCK: u64 = 400;

/// Moves the slot of a key to another node.
async fn move_slot(cluster: &Cluster, key: &str, crowd: &Crowd, is_whole: bool) {
    let (slot, from) = cluster.place(key).await;
    let to = (from + 1) % 3;
    if is_whole {
        cluster.migrate(slot, from, to).await.complete().await;
    } else {
        cluster.move_keys(slot, from, to, async || crowd.wait_for_orders(10).await).await;
    }
}

/// The slots of the home shard, of one that gives units, and of the journal move while a crowd buys all there is.
async fn lose_nothing(is_whole: bool) {
    let sale = NewSale::new(STOCK).hold(ms(200)).limit(LIMIT);
    let mut stage = Stage::open("", SHARDS, sale).await;
    if is_whole && !stage.cluster.moves_whole_slots().await {
        return;
    }
    let sale = stage.sale.clone();
    let mut reader = Reader::of(&sale);
    let crowd = Crowd::of(stage.processes(2).await, HOMES);
    let balancers = Balancers::of(stage.processes(2).await, false);
    let cluster = &stage.cluster;
    let scenario = async {
        for key in [&keys(&sale)[0], &keys(&sale)[3], SALE] {
            crowd.wait_for_orders(20).await;
            move_slot(cluster, key, &crowd, is_whole).await;
        }
        crowd.buy_all(&sale, STOCK).await;
    };
    reader.during(scenario).await;
    let acknowledged = crowd.leave().await;
    assert!(balancers.leave().await > 0);

    let books = stage.books().await;
    assert_eq!(books.stock(), STOCK as i64);
    books.must_be_sold_out(LIMIT);
    acknowledged.must_be_in(&books);
    reader.must_have(&books).await;
    assert_eq!(stage.under_way().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_by_key() {
    lose_nothing(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_whole() {
    lose_nothing(true).await;
}
