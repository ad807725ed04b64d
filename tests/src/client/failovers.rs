//! Purchases through a failover: sentinels name the new primary, and buyers notice nothing but a pause.

use std::time::Duration;

use futures_util::future::join_all;
use redis::sentinel::SentinelServerType;
use seckill_client::{Client, NewSale, Outcome, Seckill, State};

use crate::harness::sentinel::Sentinel;
use crate::harness::server::Server;

#[tokio::test]
async fn buyers_buy_on_after_a_failover() {
    const BUYERS: u64 = 16;
    let mut primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    replica.catch_up(&primary).await;
    let sentinel = Sentinel::watching(&primary).await;
    let client = Client::new(sentinel.connector(SentinelServerType::Master)).within(Duration::from_secs(60));
    client.sale("sale").create(NewSale::new(1_000)).await.unwrap();
    replica.catch_up(&primary).await;

    let readers = Client::new(sentinel.connector(SentinelServerType::Replica));
    assert_eq!(readers.sale("sale").info().await.unwrap().available, 1_000);

    let sale = client.sale("sale");
    let buy = async |round: &str, buyer: u64| {
        let buyer = buyer.to_string();
        let receipt = sale.buy(&buyer).order(format!("{round}-{buyer}")).await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Order(State::Sold));
    };
    join_all((0..BUYERS).map(|buyer| buy("before", buyer))).await;
    replica.catch_up(&primary).await;
    primary.kill();
    join_all((0..BUYERS).map(|buyer| buy("after", buyer))).await;
    let figures = replica.connect().await.seckill().info("sale").await.unwrap();
    assert_eq!((figures.orders, figures.sold), (2 * BUYERS, 2 * BUYERS));
}
