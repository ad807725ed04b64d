//! Purchases under a lock.

use std::time::Duration;

use seckill_client::{Bought, Buy, NewSale, Refusal, Seckill, State};

use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::server::Server;
use crate::harness::session::ask;

/// A lock protects the work before a purchase: only its holder can buy.
#[tokio::test]
async fn only_the_holder_can_buy() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1)).await.unwrap();
    let early =
        connection.seckill().lock("lock", "ann", Duration::from_millis(1)).await.unwrap().expect("free");
    wait_until("the lease is over", async || ask(&mut connection, "EXISTS lock").await == "0").await;
    let late = connection.seckill().lock("lock", "bob", HOUR).await.unwrap().expect("free again");
    assert!(late > early);

    let sold = Ok(Bought::Order(State::Sold));
    let lost = Ok(Bought::Refused(Refusal::LockLost));
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").releasing("lock", "ann")).await, lost);
    assert_eq!(connection.seckill().buy("sale", Buy::new("bob", "o2").holding("lock", "bob")).await, sold);
    assert_eq!(connection.seckill().renew("lock", "bob", HOUR).await, Ok(true), "holding is not releasing");
    assert_eq!(connection.seckill().buy("sale", Buy::new("bob", "o2").releasing("lock", "bob")).await, sold);
    assert_eq!(connection.seckill().unlock("lock", "bob").await, Ok(false), "the purchase released it");
}

/// A purchase that was refused released its lock, too. When its reply is lost, the one that is sent again finds no
/// lock; with the lock taken again, the same order is decided anew.
#[tokio::test]
async fn a_refused_purchase_that_is_sent_again_has_lost_its_lock() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(0)).await.unwrap();
    connection.seckill().lock("lock", "t1", HOUR).await.unwrap().expect("free");
    let sold_out = Ok(Bought::Refused(Refusal::SoldOut));
    let lost = Ok(Bought::Refused(Refusal::LockLost));
    let first = Buy::new("ann", "o1").releasing("lock", "t1");
    assert_eq!(connection.seckill().buy("sale", first).await, sold_out);
    assert_eq!(connection.seckill().buy("sale", first).await, lost);
    assert_eq!(connection.seckill().order("sale", "o1").await, Ok(None), "there is no order");

    connection.seckill().lock("lock", "t2", HOUR).await.unwrap().expect("the first call released it");
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").holding("lock", "t2")).await, sold_out);
    connection.seckill().restock("sale", 1, "r1").await.unwrap();
    let sold = Ok(Bought::Order(State::Sold));
    let second = Buy::new("ann", "o1").releasing("lock", "t2");
    assert_eq!(connection.seckill().buy("sale", second).await, sold);
    assert_eq!(connection.seckill().buy("sale", second).await, sold, "an order that exists needs no lock");
}
