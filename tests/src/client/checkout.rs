//! The handler and the shipper of the client's example, which are meant to be copied.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::future::{join, join_all};
use seckill_client::{NewSale, State};
use tokio::time::{Instant, sleep};

use self::handler::{Checkout, Response};
use super::link::Link;
use crate::harness::conditions::{PATIENCE, ms, wait_until};
use crate::harness::session::play;

#[path = "../../../client/examples/checkout/handler.rs"]
mod handler;
#[path = "../../../client/examples/checkout/shipper.rs"]
mod shipper;

const LEASE: Duration = Duration::from_secs(2);

async fn shop(stock: u64) -> (Link, Checkout) {
    let link = Link::start().await;
    let client = link.client();
    client.sale("sale").create(NewSale::new(stock).hold(PATIENCE)).await.unwrap();
    let checkout = Checkout::new(&client, "sale", "lock", LEASE);
    (link, checkout)
}

async fn order(checkout: &Checkout, order: &str, is_allowed: impl Future<Output = bool>) -> Response {
    checkout.handle("ann", order, is_allowed, Instant::now() + PATIENCE).await.unwrap()
}

async fn yes() -> bool {
    true
}

/// The service takes longer than the lease, and still one handler works at a time; all that is in stock is sold.
#[tokio::test]
async fn one_handler_works_at_a_time_however_slow_the_service_is() {
    let (link, checkout) = shop(5).await;
    let (working, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_slow_and_allowed = async |number: usize| {
        most.fetch_max(working.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(if number == 0 { LEASE * 2 } else { ms(5) }).await;
        working.fetch_sub(1, SeqCst);
        true
    };
    let answers = join_all(
        (0..20)
            .map(async |number| order(&checkout, &format!("o{number}"), is_slow_and_allowed(number)).await),
    );
    let answers = answers.await;
    let count = |wanted: Response| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(Response::Accepted), count(Response::SoldOut)), (5, 15), "{answers:?}");
    assert_eq!(most.into_inner(), 1);
    assert_eq!(link.client().sale("sale").info().await.unwrap().held, 5);
}

/// A buyer who asks again is told what became of the order, also when nothing is left.
#[tokio::test]
async fn who_asks_again_gets_the_same_answer() {
    let (link, checkout) = shop(1).await;
    assert_eq!(order(&checkout, "o1", yes()).await, Response::Accepted);
    assert_eq!(order(&checkout, "o2", yes()).await, Response::SoldOut);
    assert_eq!(order(&checkout, "o1", pending()).await, Response::Accepted);
    link.client().sale("sale").cancel("o1").await.unwrap();
    assert_eq!(order(&checkout, "o1", yes()).await, Response::Over(State::Cancelled));
}

/// Whom the service refuses, or does not answer in time, has no order; the lock is free.
#[tokio::test]
async fn nothing_is_left_of_a_buyer_who_is_not_allowed() {
    let (mut link, checkout) = shop(1).await;
    assert_eq!(order(&checkout, "o1", async { false }).await, Response::NotAllowed);
    wait_until("the lock is free", async || link.holder("lock").await.is_none()).await;
    let soon = Instant::now() + ms(100);
    assert_eq!(checkout.handle("ann", "o1", pending(), soon).await.unwrap(), Response::TryAgain);
    wait_until("the lock is free", async || link.holder("lock").await.is_none()).await;
    assert_eq!(link.client().sale("sale").info().await.unwrap().orders, 0);
}

/// Somebody deletes the lock while the service is asked: the work stops, and nothing is bought.
#[tokio::test]
async fn a_lock_that_is_lost_stops_the_work() {
    let (mut link, checkout) = shop(1).await;
    let lose = async {
        wait_until("the handler has the lock", async || link.holder("lock").await.is_some()).await;
        play(&mut link.connection, "DEL lock => 1").await;
    };
    let (answer, ()) = join(order(&checkout, "o1", pending()), lose).await;
    assert_eq!(answer, Response::LockLost);
    assert_eq!(link.client().sale("sale").info().await.unwrap().orders, 0);
}

/// What is sold is shipped.
#[tokio::test]
async fn what_is_sold_is_shipped() {
    let (link, checkout) = shop(10).await;
    let client = link.client();
    let sale = client.sale("sale");
    let sell = async {
        for number in 0..4 {
            let id = format!("o{number}");
            assert_eq!(order(&checkout, &id, yes()).await, Response::Accepted);
            if number != 1 {
                assert_eq!(sale.confirm(&id).await.unwrap(), State::Sold);
            }
        }
    };
    let (shipped, ()) = join(shipper::ship(client.sale("sale"), 3), sell).await;
    assert_eq!(shipped.unwrap(), 3);
}
