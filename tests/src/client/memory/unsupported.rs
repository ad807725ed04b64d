//! Where a client cannot know what changes, it remembers nothing, and everything else works.

use std::time::Instant;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use seckill_client::connect::{Connect, Node};
use seckill_client::{Client, NewSale, Outcome, Refusal, Sale};
use tokio::time::timeout;

use super::super::link::Link;
use super::super::traces::Collector;
use crate::harness::conditions::{PATIENCE, ms, wait_until};
use crate::harness::info::stat;
use crate::harness::session::play;

/// It connects as a `redis::Client` does, and has no connections that track keys.
struct Untracked(redis::Client);

impl Connect for Untracked {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.0.connect().await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.0.connect_apart(node).await
    }
}

/// Sells the one unit there is, and refuses others by the server's word, which is asked each time.
async fn sells_and_remembers_nothing<C: Connect>(sale: Sale<C>, traces: &Collector) {
    let failed = || traces.count("seckill.memory.failed");
    let sale = sale.remembering();
    let before = failed();
    assert!(sale.buy("ann").await.unwrap().is_accepted());
    for _ in 0..20 {
        let receipt = sale.buy("bob").await.unwrap();
        assert_eq!((receipt.outcome, receipt.from_memory), (Outcome::Refused(Refusal::SoldOut), false));
        assert_eq!(sale.known_refusal(1), None);
    }
    wait_until("it is tried", async || failed() > before).await;
    // Who waits asks no more often than once a second.
    let waiting = Instant::now();
    for _ in 0..2 {
        timeout(PATIENCE, sale.changed(1)).await.expect("nobody waits forever");
        assert!(!sale.buy("bob").await.unwrap().is_accepted());
    }
    assert!(waiting.elapsed() > ms(1_900), "{:?}", waiting.elapsed());
    assert_eq!(failed(), before + 1, "it is tried once");
}

#[tokio::test]
async fn remembers_nothing() {
    let traces = Collector::default();
    let _collects = tracing::subscriber::set_default(traces.clone());
    let mut link = Link::start().await;
    let sale = link.client().sale("sale");
    // A connector without connections that track keys.
    sale.create(NewSale::new(1)).await.unwrap();
    let server = redis::Client::open(format!("redis://127.0.0.1:{}/", link.proxy.port())).unwrap();
    sells_and_remembers_nothing(Client::new(Untracked(server)).sale("sale"), &traces).await;
    // A user who may not track keys, by both protocols.
    let user = "ACL SETUSER eve on nopass ~* &* +@all -client|tracking => OK";
    play(&mut link.connection, user).await;
    for protocol in ["resp2", "resp3"] {
        play(&mut link.connection, "DEL sale => 1").await;
        sale.create(NewSale::new(1)).await.unwrap();
        let url = format!("redis://eve:-@127.0.0.1:{}/?protocol={protocol}", link.proxy.port());
        sells_and_remembers_nothing(Client::open(url).unwrap().sale("sale"), &traces).await;
    }
    // Nor is a connection left of the attempts.
    let connection = &mut link.connection;
    wait_until("two connections are left", async || {
        stat(connection, "clients", "connected_clients").await == "2"
    })
    .await;
    // A client by RESP2 tracks by RESP3.
    let known = link.client_as("protocol=resp2").sale("sale").remembering();
    wait_until("it is known", async || {
        known.buy("bob").await.unwrap();
        known.known_refusal(1) == Some(Refusal::SoldOut)
    })
    .await;
}
