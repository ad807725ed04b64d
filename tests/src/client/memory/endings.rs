//! Whatever may change the answer ends what is known, without a call of the client that knows it.

use seckill_client::{Alteration, NewSale};
use tokio::time::Instant;

use super::super::traces::Collector;
use super::counter::Counter;
use crate::harness::conditions::{HOUR, ms, wait_until};
use crate::harness::session::{ask, play};

/// What the client says that it forgets, as opposed to what ends because its time is up.
const FORGOTTEN: &str = "seckill.memory.forgotten";

/// Learns that nothing is left, and forgets it when somebody does this.
async fn ends(counter: &mut Counter, traces: &Collector, what: &str, change: impl AsyncFnOnce(&mut Counter)) {
    counter.learn().await;
    let forgotten = traces.count(FORGOTTEN);
    change(counter).await;
    wait_until(&format!("it is forgotten: {what}"), async || traces.count(FORGOTTEN) > forgotten).await;
    assert_eq!(counter.sale.known_refusal(1), None, "{what}");
}

/// Each change ends it, and what a buyer is told then is true.
#[tokio::test]
async fn every_change_ends_it() {
    let traces = Collector::default();
    let _collects = tracing::subscriber::set_default(traces.clone());
    let mut counter = Counter::sold_out().await;
    ends(&mut counter, &traces, "a cancellation", async |counter| {
        counter.others.cancel("o1").await.unwrap();
    })
    .await;
    let bought = counter.sale.buy("ann").new_order("o2").await.unwrap();
    assert!(bought.is_accepted(), "{bought:?}");
    ends(&mut counter, &traces, "a restock", async |counter| {
        assert_eq!(counter.others.restock(1, "r1").await.unwrap(), 1);
    })
    .await;
    assert!(counter.sale.buy("ann").await.unwrap().is_accepted());
    // The next order is held for so long.
    ends(&mut counter, &traces, "an alteration", async |counter| {
        counter.others.alter(Alteration::new().hold(ms(1_500))).await.unwrap();
    })
    .await;
    counter.others.cancel("o2").await.unwrap();
    assert!(counter.others.buy("bob").await.unwrap().is_accepted());
    ends(&mut counter, &traces, "a hold that expires", async |_| {}).await;
    assert!(counter.sale.buy("ann").await.unwrap().is_accepted());
    for delete in ["DEL sale => 1", "UNLINK sale => 1", "FLUSHALL => OK", "FLUSHDB ASYNC => OK"] {
        counter.others.alter(Alteration::new().hold(HOUR)).await.unwrap();
        ends(&mut counter, &traces, delete, async |counter| play(&mut counter.link.connection, delete).await)
            .await;
        counter.others.create(NewSale::new(1)).await.unwrap();
        assert!(counter.sale.buy("ann").await.unwrap().is_accepted());
    }
}

/// A connection that is lost cannot say what changes.
#[tokio::test]
async fn a_lost_connection_ends_it() {
    let traces = Collector::default();
    let _collects = tracing::subscriber::set_default(traces.clone());
    let mut counter = Counter::sold_out().await;
    ends(&mut counter, &traces, "it is killed", async |counter| {
        let clients = ask(&mut counter.link.connection, "CLIENT LIST").await;
        let tracking = clients.split("\\n").find(|line| line.contains(" flags=t ")).expect("one tracks keys");
        let id = tracking.split("id=").nth(1).unwrap().split(' ').next().unwrap();
        play(&mut counter.link.connection, &format!("CLIENT KILL ID {id} => 1")).await;
    })
    .await;
    ends(&mut counter, &traces, "the link is cut", async |counter| counter.link.proxy.cut()).await;
    counter.link.proxy.mend();
    counter.learn().await;
}

/// A connection that hangs says nothing at all: what it said last holds for a second.
#[tokio::test]
async fn silence_ends_it_after_a_second() {
    let mut counter = Counter::sold_out().await;
    for restocking in ["r1", "r2"] {
        counter.learn().await;
        let learned = Instant::now();
        counter.link.proxy.hang();
        counter.others.restock(1, restocking).await.unwrap();
        wait_until("it is known no more", async || counter.sale.known_refusal(1).is_none()).await;
        assert!(learned.elapsed() < ms(2_500), "it took {:?}", learned.elapsed());
        // The connections that hang are replaced, and the next refusal is known again.
        assert!(counter.sale.buy("ann").await.unwrap().is_accepted());
    }
    counter.learn().await;
}
