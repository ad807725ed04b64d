//! Purchases under a lock.

use std::time::Duration;

use seckill_client::{Bought, Buy, Refusal, Sale, Seckill, State};

use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::server::Server;
use crate::harness::session::ask;

/// A lock protects the work before a purchase: only its holder can buy.
#[tokio::test]
async fn only_the_holder_can_buy() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.create("sale", Sale::new(1)).await.unwrap();
    let early = connection.lock("lock", "ann", Duration::from_millis(1)).await.unwrap().expect("free");
    wait_until("the lease is over", async || ask(&mut connection, "EXISTS lock").await == "0").await;
    let late = connection.lock("lock", "bob", HOUR).await.unwrap().expect("free again");
    assert!(late > early);

    let sold = Ok(Bought::Order(State::Sold));
    let lost = Ok(Bought::Refused(Refusal::LockLost));
    assert_eq!(connection.buy("sale", Buy::new("ann", "o1").releasing("lock", "ann")).await, lost);
    assert_eq!(connection.buy("sale", Buy::new("bob", "o2").holding("lock", "bob")).await, sold);
    assert_eq!(connection.renew("lock", "bob", HOUR).await, Ok(true), "holding is not releasing");
    assert_eq!(connection.buy("sale", Buy::new("bob", "o2").releasing("lock", "bob")).await, sold);
    assert_eq!(connection.unlock("lock", "bob").await, Ok(false), "the purchase released it");
}
