//! The stock of all shards is moved to one and sold there, whatever happens to the cluster meanwhile.

use seckill_client::NewSale;

use super::balancers::Balancers;
use super::crowd::{Crowd, LIMIT};
use super::reader::Reader;
use super::stage::Stage;
use crate::cluster::nodes::Cluster;
use crate::harness::conditions::ms;

const SHARDS: usize = 6;
/// The first shard is the only home: all others give what they have.
pub(super) const HOMES: &[usize] = &[0];
pub(super) const STOCK: u64 = 400;

/// A sale of which units are moved all the time while a crowd buys it.
pub(super) async fn open(config: &str) -> Stage {
    Stage::open(config, SHARDS, NewSale::new(STOCK).hold(ms(200)).limit(LIMIT)).await
}

/// Two processes buy, two balance, and one reads the events, until all is sold. Nothing is lost, and no call fails.
pub(super) async fn sell_out_during(stage: &mut Stage, incidents: impl AsyncFnOnce(&Cluster, &Crowd)) {
    let sale = stage.sale.clone();
    let mut reader = Reader::of(&sale);
    let crowd = Crowd::of(stage.processes(2).await, HOMES);
    let balancers = Balancers::of(stage.processes(2).await, false);
    let scenario = async {
        incidents(&stage.cluster, &crowd).await;
        crowd.buy_all(&sale, STOCK).await;
    };
    reader.during(scenario).await;
    let acknowledged = crowd.leave().await;
    assert!(balancers.leave().await > 0);

    stage.cluster.settle().await;
    let books = stage.books().await;
    assert_eq!(books.stock(), STOCK as i64);
    books.must_be_sold_out(LIMIT);
    acknowledged.must_be_in(&books);
    reader.must_have(&books).await;
    assert_eq!(stage.under_way().await, 0);
}
