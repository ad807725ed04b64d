//! After a failover what the old primary said holds no more.

use std::time::Duration;

use redis::sentinel::SentinelServerType;
use seckill_client::{Client, NewSale, Refusal};

use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::sentinel::Sentinel;
use crate::harness::server::Server;

#[tokio::test]
async fn what_is_known_is_that_of_the_new_primary() {
    let mut primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    replica.catch_up(&primary).await;
    let sentinel = Sentinel::watching(&primary).await;
    let client = Client::new(sentinel.connector(SentinelServerType::Master)).within(Duration::from_secs(60));
    let sale = client.sale("sale");
    sale.create(NewSale::new(1).hold(HOUR)).await.unwrap();
    let remembering = sale.remembering();
    let learn = async || {
        wait_until("it is known that nothing is left", async || {
            remembering.buy("ann").await.unwrap();
            remembering.known_refusal(1) == Some(Refusal::SoldOut)
        })
        .await;
    };
    assert!(sale.buy("bob").order("o1").await.unwrap().is_accepted());
    learn().await;
    replica.catch_up(&primary).await;
    primary.kill();
    wait_until("it is known no more", async || remembering.known_refusal(1).is_none()).await;
    learn().await;
    // What changes on the new primary is known.
    let (cancelled, ()) = tokio::join!(sale.cancel("o1"), remembering.changed(1));
    cancelled.unwrap();
    assert!(remembering.buy("ann").await.unwrap().is_accepted());
}
