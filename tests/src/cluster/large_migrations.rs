//! MIGRATE of large sales, up to the limits of the servers.

use std::time::{Duration, Instant};

use seckill_client::{Bought, Buy, Code, Seckill, State};

use super::large_sales;
use super::nodes::Cluster;
use crate::harness::info::processor_time;
use crate::harness::server::Connection;
use crate::harness::session::{ask, get, play};

/// Longer than any command takes here.
const LONG: Duration = Duration::from_secs(600);

/// What is equal for two equal copies.
async fn fingerprint(connection: &mut Connection) -> [String; 2] {
    [ask(connection, "SECKILL.INFO sale").await, ask(connection, "DEBUG DIGEST-VALUE sale").await]
}

async fn is_full(connection: &mut Connection) {
    let refused = connection.seckill().buy("sale", Buy::new("ann", "one more")).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Full), "{refused}");
}

/// Moves a sale with the most orders that it may have to another node, and prints what that took.
async fn moves(orders: u64, name: impl Fn(u64) -> (Vec<u8>, Vec<u8>), config: &str) {
    let cluster = Cluster::start(&format!("{config}\nseckill.max-orders {orders}")).await;
    let (slot, from) = cluster.place("sale").await;
    let to = (from + 1) % 3;
    let mut source = cluster.nodes[from].server.connect_within(LONG).await;
    let mut target = cluster.nodes[to].server.connect_within(LONG).await;
    large_sales::send(&mut source, "sale", &large_sales::sale(orders, name)).await;
    let memory: u64 = get(&mut source, "MEMORY USAGE sale").await;
    is_full(&mut source).await;
    let before = fingerprint(&mut source).await;

    cluster.begin_to_move(slot, from, to).await;
    let (begin, worked) =
        (Instant::now(), processor_time(&mut source).await + processor_time(&mut target).await);
    assert_eq!(cluster.send_key("sale", from, to).await, "OK");
    let (took, worked) =
        (begin.elapsed(), processor_time(&mut source).await + processor_time(&mut target).await - worked);
    cluster.assign(slot, to).await;
    assert_eq!(fingerprint(&mut target).await, before);
    is_full(&mut target).await;
    play(&mut target, "SECKILL.AUDIT sale FORCE => OK").await;
    play(&mut source, "DBSIZE => 0").await;

    let dump: Vec<u8> = redis::cmd("DUMP").arg("sale").query_async(&mut target).await.unwrap();
    println!(
        "{orders} orders: {} MB of memory, a dump of {} MB, moved in {:.1} s with {worked:.1} s of processor time",
        memory / 1_000_000,
        dump.len() / 1_000_000,
        took.as_secs_f64()
    );
}

#[tokio::test]
async fn two_hundred_thousand_orders() {
    moves(200_000, large_sales::usual, "").await;
}

/// Nodes do not reply while they send or receive a sale. That must not count as a failure.
const PATIENT: &str = "cluster-node-timeout 600000";

#[tokio::test]
#[ignore = "takes a minute and 2 GB of memory; `make migrate-large` runs it"]
async fn five_million_orders() {
    moves(5_000_000, large_sales::usual, PATIENT).await;
}

#[tokio::test]
#[ignore = "takes a minute and 8 GB of memory; `make migrate-large` runs it"]
async fn five_million_orders_of_the_longest_names() {
    let roomy = "proto-max-bulk-len 2gb\nclient-query-buffer-limit 2gb";
    moves(5_000_000, large_sales::longest, &format!("{PATIENT}\n{roomy}")).await;
}

/// Limits of the receiving node, and values below and above the test's sale. Their defaults are 512 MiB and 1
/// GiB.
const LIMITS: [&str; 2] = ["proto-max-bulk-len", "client-query-buffer-limit"];
const LOW: &str = "1mb";
const HIGH: &str = "64mb";
/// A sale of so many orders of the longest names exceeds the low limit.
const TOO_MANY: u64 = 10_000;

#[tokio::test]
async fn a_sale_that_is_too_large_stays_and_decides() {
    let cluster = Cluster::start("").await;
    let (slot, from) = cluster.place("sale").await;
    let to = (from + 1) % 3;
    let (mut source, mut target) = (cluster.nodes[from].connect().await, cluster.nodes[to].connect().await);
    large_sales::send(&mut source, "sale", &large_sales::sale(TOO_MANY, large_sales::longest)).await;
    for limit in LIMITS {
        play(&mut target, &format!("CONFIG SET {limit} {LOW} => OK")).await;
    }

    cluster.begin_to_move(slot, from, to).await;
    for limit in LIMITS {
        let reply = cluster.send_key("sale", from, to).await;
        // It depends on how much was sent when the receiver closed the connection.
        let errors =
            ["-IOERR error or timeout ", "-ERR Target instance replied with error: ERR Protocol error"];
        assert!(errors.iter().any(|error| reply.starts_with(error)), "{reply}");
        play(&mut target, "DBSIZE => 0").await;
        assert_eq!(
            source.seckill().buy("sale", Buy::new("ann", limit)).await,
            Ok(Bought::Order(State::Held))
        );
        source.seckill().audit("sale").await.unwrap();
        play(&mut target, &format!("CONFIG SET {limit} {HIGH} => OK")).await;
    }
    let before = fingerprint(&mut source).await;
    assert_eq!(cluster.send_key("sale", from, to).await, "OK");
    cluster.assign(slot, to).await;
    assert_eq!(fingerprint(&mut target).await, before);
    assert_eq!(target.seckill().confirm("sale", LIMITS[0]).await, Ok(State::Sold));
}

#[tokio::test]
async fn no_sale_is_too_large_for_a_slot_that_moves_as_a_whole() {
    let cluster = Cluster::start("").await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let (slot, from) = cluster.place("sale").await;
    let to = (from + 1) % 3;
    let (mut source, mut target) = (cluster.nodes[from].connect().await, cluster.nodes[to].connect().await);
    large_sales::send(&mut source, "sale", &large_sales::sale(TOO_MANY, large_sales::longest)).await;
    let before = fingerprint(&mut source).await;
    for limit in LIMITS {
        play(&mut target, &format!("CONFIG SET {limit} {LOW} => OK")).await;
    }
    cluster.migrate(slot, from, to).await.complete().await;
    assert_eq!(fingerprint(&mut target).await, before);
}
