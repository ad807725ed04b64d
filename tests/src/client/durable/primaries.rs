//! A failover between the reply to a purchase and that of the replicas.

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use seckill_client::connect::{Connect, Node};
use seckill_client::{Client, Durability};

use super::pair::{Pair, url, wait_until_waiting};
use crate::harness::conditions::{PATIENCE, ms};
use crate::harness::server::Server;
use crate::harness::session::play;

/// The shared connection leads to the old primary, and a new one to the new primary.
struct Moved {
    from: redis::Client,
    to: redis::Client,
}

impl Connect for Moved {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.from.connect().await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.to.connect_apart(node).await
    }
}

/// The old primary accepts an order; the new one, which has a replica, does not have it.
#[tokio::test]
async fn an_order_that_only_the_old_primary_has_is_not_durable() {
    let pair = Pair::start("").await;
    pair.link.stall();
    pair.replica.promote().await;
    let _replica = pair.replica.replica("").await;
    let open = |server: &Server| redis::Client::open(url(server)).unwrap();
    let client = Client::new(Moved { from: open(&pair.primary), to: open(&pair.replica) });

    let bought = client.sale("sale").durable(1, PATIENCE).buy("ann").await.unwrap();
    assert!(bought.receipt.is_accepted());
    assert_eq!(bought.durability, Some(Durability::NotYet));
}

/// The primary becomes a replica while it is asked.
#[tokio::test]
async fn an_order_whose_primary_is_demoted_is_not_durable() {
    let pair = Pair::start("").await;
    let other = Server::primary("").await;
    pair.link.stall();
    let durable = pair.client().sale("sale").durable(1, ms(1_000));
    let demote = async {
        wait_until_waiting(&pair.primary).await;
        let line = format!("REPLICAOF 127.0.0.1 {} => OK", other.port());
        play(&mut pair.primary.connect().await, &line).await;
        pair.link.mend();
    };
    let (bought, ()) = tokio::join!(durable.buy("ann").into_future(), demote);
    assert_eq!(bought.unwrap().durability, Some(Durability::NotYet));
}
