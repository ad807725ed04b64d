//! Purchases whose caller does not wait for their end.

use futures_util::future::join_all;
use tokio::runtime::Runtime;

use super::super::link::calls;
use super::super::polled::polled;
use super::pair::{Pair, wait_until_clients, wait_until_waiting};
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};
use crate::harness::session::play;

/// Wherever a purchase is abandoned, others go on, and nothing is left behind.
#[tokio::test]
async fn purchases_that_are_dropped_anywhere_leave_nothing() {
    let pair = Pair::start("").await;
    let client = pair.client();
    let sale = client.sale("sale");
    let durable = sale.durable(1, PATIENCE);
    let mut times = 0;
    while polled(times, durable.buy("ann").into_future()).await.is_none() {
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
    wait_until("all are accepted", async || calls(&mut primary, "seckill.buy").await == 64).await;
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

/// A handle that is kept for longer than the runtime on which it was used first.
#[test]
fn a_handle_outlives_a_runtime() {
    let [first, second] = [(); 2].map(|()| Runtime::new().unwrap());
    let pair = first.block_on(Pair::start(""));
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    let buy = async || durable.buy("ann").await.unwrap().is_durable();
    assert!(second.block_on(buy()));
    drop(second);
    assert!(first.block_on(buy()));
}
