//! Purchases whose caller does not wait for their end.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;

use super::pair::{Pair, wait_until_clients, wait_until_waiting};
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};
use crate::harness::session::{get, play};

/// Polls a future so many times, and drops it. `true` when it was ready before.
async fn poll_times(future: impl Future, times: usize) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..times {
        let is_ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if is_ready {
            return true;
        }
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    false
}

/// Wherever a purchase is abandoned, others go on, and nothing is left behind.
#[tokio::test]
async fn purchases_that_are_dropped_anywhere_leave_nothing() {
    let pair = Pair::start("").await;
    let client = pair.client();
    let sale = client.sale("sale");
    let durable = sale.durable(1, PATIENCE);
    let mut times = 0;
    while !poll_times(durable.buy("ann").into_future(), times).await {
        assert!(durable.buy("bob").await.unwrap().is_durable());
        times += 1;
    }
    assert!(times > 1);
    drop(durable);
    wait_until_clients(&pair.primary, 1).await;
    play(&mut pair.primary.connect().await, "DBSIZE => 1").await;
}

/// The connection that waits is closed with the last handle.
#[tokio::test]
async fn a_handle_that_is_dropped_waits_no_more() {
    let pair = Pair::start("").await;
    pair.link.stall();
    let client = pair.client();
    let durable = client.sale("sale").durable(1, HOUR);
    let clone = durable.clone();
    tokio::select! {
        _ = durable.buy("ann").into_future() => panic!("no replica answers"),
        () = wait_until_waiting(&pair.primary) => drop(durable),
    }
    // The shared one, and that of the clone.
    wait_until_clients(&pair.primary, 2).await;
    drop(clone);
    wait_until_clients(&pair.primary, 1).await;
    pair.link.mend();
}

/// Callers who leave do not take the others' answers with them.
#[tokio::test]
async fn the_others_get_their_answers() {
    let pair = Pair::start("").await;
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    pair.link.stall();
    let callers: Vec<_> = (0..64)
        .map(|number| {
            let durable = durable.clone();
            tokio::spawn(async move { durable.buy(&format!("b{number}")).await.unwrap().is_durable() })
        })
        .collect();
    let mut primary = pair.primary.connect().await;
    wait_until("all are accepted", async || {
        get::<String>(&mut primary, "INFO commandstats").await.contains("cmdstat_seckill.buy:calls=64,")
    })
    .await;
    for caller in callers.iter().step_by(2) {
        caller.abort();
    }
    pair.link.mend();
    for (number, result) in join_all(callers).await.into_iter().enumerate() {
        if number % 2 == 1 {
            assert!(result.unwrap(), "caller {number}");
        }
    }
}
