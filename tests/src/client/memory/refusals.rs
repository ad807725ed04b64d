//! Which purchases are refused without a call.

use seckill_client::{Outcome, Receipt, Refusal, State};

use super::super::link::calls;
use super::counter::Counter;
use crate::harness::conditions::{HOUR, wait_until};

fn is_remembered(receipt: &Receipt, why: Refusal) -> bool {
    receipt.outcome == Outcome::Refused(why) && receipt.is_final && receipt.from_memory
}

/// Once the client knows that nothing is left, new orders cost the server nothing.
#[tokio::test]
async fn new_orders_are_refused_without_a_call() {
    let mut counter = Counter::sold_out().await;
    let purchases = counter.purchases().await;
    let mut refused = 0;
    // What is known ends after a second, and this machine may be slow.
    while counter.sale.known_refusal(1).is_some() && refused < 10_000 {
        let made = counter.sale.buy("ann").await.unwrap();
        let declared = counter.sale.buy("ann").new_order("o2").qty(3).await.unwrap();
        if counter.sale.known_refusal(1).is_none() {
            break;
        }
        assert!(is_remembered(&made, Refusal::SoldOut) && made.order.len() == 36, "{made:?}");
        assert!(is_remembered(&declared, Refusal::SoldOut) && declared.order == b"o2", "{declared:?}");
        refused += 2;
    }
    assert!(refused > 100, "only {refused} were refused in the time in which it was known");
    assert!(counter.purchases().await <= purchases + 2, "only the last ones may have been sent");
}

/// While new orders come what is known is learned again before it ends: so hardly one of them goes to the server.
#[tokio::test]
async fn what_is_asked_for_stays_known() {
    const READS: u64 = 8;
    let mut counter = Counter::sold_out().await;
    let before = counter.purchases().await;
    let reads = calls(&mut counter.link.connection, "seckill.info").await;
    let (sale, connection) = (&counter.sale, &mut counter.link.connection);
    wait_until("it was learned again some times", async || {
        assert!(!sale.buy("ann").await.unwrap().is_accepted());
        calls(connection, "seckill.info").await >= reads + READS
    })
    .await;
    let sent = counter.purchases().await - before;
    // On a busy machine it may end before it is learned again.
    assert!(sent <= READS / 2, "{sent} purchases were sent");
}

/// An order id of the caller's may be a retry, and a lock is to be released: the server decides, whatever is known.
#[tokio::test]
async fn retries_and_purchases_under_a_lock_are_decided_by_the_server() {
    let mut counter = Counter::sold_out().await;
    let guard = counter.link.client().lock("lock").acquire(HOUR).await.unwrap().unwrap();
    counter.learn().await;
    let retry = counter.sale.buy("bob").order("o1").await.unwrap();
    assert_eq!((retry.outcome, retry.from_memory), (Outcome::Order(State::Held), false));
    counter.learn().await;
    let unknown = counter.sale.buy("ann").order("o2").await.unwrap();
    assert_eq!((unknown.outcome, unknown.from_memory), (Outcome::Refused(Refusal::SoldOut), false));
    counter.learn().await;
    let under = counter.sale.buy("ann").under(&guard).await.unwrap();
    assert_eq!((under.outcome, under.from_memory), (Outcome::Refused(Refusal::SoldOut), false));
    counter.learn().await;
    let releasing = counter.sale.buy("ann").releasing(guard).await.unwrap();
    assert_eq!((releasing.outcome, releasing.from_memory), (Outcome::Refused(Refusal::SoldOut), false));
    assert_eq!(counter.link.holder("lock").await, None);
    // Arguments that the server refuses are errors before they are refusals.
    counter.learn().await;
    assert!(counter.sale.buy("").await.is_err());
    counter.learn().await;
    assert!(counter.sale.buy("ann").qty(0).await.is_err());
}
