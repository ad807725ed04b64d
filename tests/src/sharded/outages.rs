//! Servers of a sale do not answer, or do not write, while units are moved: what others have is for sale.

use seckill_client::connect::Independent;
use seckill_client::{Client, NewSale, ShardedSale};

use super::homes::buyers_at;
use super::stage::{JOURNAL, MOVER, SALE};
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};
use crate::harness::info::stat;
use crate::harness::processes::Stopped;
use crate::harness::server::Server;
use crate::harness::session::ask;

/// A sale without units on two servers, of which the first has the directory, and the second fails.
struct Scene {
    servers: [Server; 2],
    sale: ShardedSale<Independent>,
    /// The shards of each server.
    shards: [Vec<usize>; 2],
}

fn client(servers: &[Server; 2]) -> Client<Independent> {
    let urls = servers.iter().map(|server| format!("unix://{}", server.socket().display()));
    Client::new(Independent::new(urls).unwrap())
}

impl Scene {
    async fn open(shards: usize) -> Self {
        // The name is in a slot of the first server, so is the first half of the shards.
        let servers = [Server::primary("").await, Server::primary("").await];
        let sale = client(&servers).create_sharded(SALE, shards, NewSale::new(0)).await.unwrap();
        let has_directory = ask(&mut servers[0].connect().await, &format!("EXISTS {SALE}")).await;
        let halves = [(0..shards / 2).collect(), (shards / 2..shards).collect()];
        if has_directory == "1" {
            return Self { servers, sale, shards: halves };
        }
        let ([first, second], [low, high]) = (servers, halves);
        Self { servers: [second, first], sale, shards: [high, low] }
    }

    async fn restock(&self, shard: usize, units: i64) {
        self.sale.shards()[shard].restock(units, "delivery").await.unwrap();
    }

    async fn available(&self, shard: usize) -> u64 {
        self.sale.shards()[shard].info().await.unwrap().available
    }

    async fn accepts(&self, sale: &ShardedSale<Independent>, home: usize, number: usize) -> bool {
        let buyer = buyers_at(&[home], self.sale.shards().len()).nth(number).unwrap();
        sale.buy(&buyer).await.is_ok_and(|receipt| receipt.is_accepted())
    }
}

/// A transfer from a shard that is gone keeps the shard that would get its units from nothing.
#[tokio::test]
async fn a_dead_giver_keeps_nobody_from_buying_what_others_have() {
    let mut scene = Scene::open(4).await;
    let [[rich, home], [giver, _]] = [0, 1].map(|server| [scene.shards[server][0], scene.shards[server][1]]);
    scene.restock(rich, 1_000).await;
    let entry =
        format!("XADD {JOURNAL} * transfer transfer:{giver}:{home}:5:0f8fad5b-d9cb-469f-a165-708677289501");
    ask(&mut scene.servers[0].connect().await, &entry).await;
    scene.servers[1].kill();
    assert!(scene.accepts(&scene.sale, home, 0).await);
}

/// A home that dies while its buyer waits for the turn gets no units: they would be in no shard until it is back.
#[tokio::test]
async fn a_dead_home_gets_no_units() {
    let scene = Scene::open(4).await;
    let [[rich, home], [dead, _]] = [0, 1].map(|server| [scene.shards[server][0], scene.shards[server][1]]);
    scene.restock(rich, 1_000).await;
    let _turn = client(&scene.servers).lock(MOVER).acquire(HOUR).await.unwrap().unwrap();
    let mut first = scene.servers[0].connect().await;
    let fails = async {
        wait_until("it waits for its turn", async || {
            stat(&mut first, "seckill", "seckill_waiters").await == "1"
        })
        .await;
        Stopped::server(&mut scene.servers[1].connect().await).await
    };
    let (accepted, _stopped) = tokio::join!(scene.accepts(&scene.sale, dead, 0), fails);
    assert!(!accepted);
    assert_eq!(scene.available(rich).await, 1_000);
    assert!(scene.accepts(&scene.sale, home, 0).await, "of the other server");
}

/// All shards of a server that reads and does not write have more than the others. Each is tried, and then the others.
#[tokio::test]
async fn a_server_that_does_not_write_keeps_nobody_from_buying_what_others_have() {
    let scene = Scene::open(8).await;
    for &shard in &scene.shards[1] {
        scene.restock(shard, 10).await;
    }
    let [home, other] = [scene.shards[0][0], scene.shards[0][1]];
    scene.restock(other, 1).await;
    let mut server = scene.servers[1].connect().await;
    assert_eq!(ask(&mut server, "CLIENT PAUSE 3600000 WRITE").await, "OK");
    let mut number = 0;
    wait_until("somebody buys", async || {
        number += 1;
        scene.accepts(&scene.sale, home, number).await
    })
    .await;
    assert_eq!(ask(&mut server, "CLIENT UNPAUSE").await, "OK");
}

/// A round of the balancer takes units for one of its shards, and not for each.
#[tokio::test]
async fn a_server_that_does_not_write_gets_few_units() {
    let scene = Scene::open(8).await;
    for &shard in &scene.shards[0] {
        scene.restock(shard, 100).await;
    }
    let mut server = scene.servers[1].connect().await;
    assert_eq!(ask(&mut server, "CLIENT PAUSE 3600000 WRITE").await, "OK");
    let sale = client(&scene.servers).within(PATIENCE).sharded(SALE).await.unwrap();
    let balanced = sale.balancer().round().await.unwrap();
    assert_eq!(balanced.open.len(), 1, "{balanced:?}");
    let mut left = 0;
    for &shard in &scene.shards[0] {
        left += scene.available(shard).await;
    }
    assert!(left >= 300, "{left} of 400");
    assert_eq!(ask(&mut server, "CLIENT UNPAUSE").await, "OK");
    let mut balancer = sale.balancer();
    wait_until("it is finished", async || balancer.round().await.unwrap().open.is_empty()).await;
    assert_eq!(sale.info().await.unwrap().available, 400);
}

/// A server refuses writes, and has more than the others; or it refuses the units that it should get. No unit of the others is
/// kept from their buyers.
#[tokio::test]
async fn a_server_that_refuses_keeps_nobody_from_buying_what_others_have() {
    for refusal in ["maxmemory 1", "min-replicas-to-write 1"] {
        let scene = Scene::open(4).await;
        let [[home, other], [giver, taker]] =
            [0, 1].map(|server| [scene.shards[server][0], scene.shards[server][1]]);
        scene.restock(giver, 200).await;
        scene.restock(other, 100).await;
        let mut server = scene.servers[1].connect().await;
        assert_eq!(ask(&mut server, &format!("CONFIG SET {refusal}")).await, "OK");
        assert!(scene.accepts(&scene.sale, home, 0).await, "{refusal}");

        // To a shard that refuses its half.
        let entry = format!("transfer:{home}:{taker}:1:0f8fad5b-d9cb-469f-a165-708677289501");
        ask(&mut scene.servers[0].connect().await, &format!("XADD {JOURNAL} * transfer {entry}")).await;
        let sale = client(&scene.servers).sharded(SALE).await.unwrap();
        assert!(scene.accepts(&sale, other, 1).await, "{refusal}");
        let buyer = buyers_at(&[other], 4).nth(2).unwrap();
        let receipt = sale.buy(&buyer).qty(60).await.unwrap();
        assert!(receipt.is_accepted(), "{refusal}: what home has, too: {receipt:?}");
    }
}
