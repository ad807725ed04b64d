//! Failovers under load: what was reported as durable, and what was only accepted.

use std::sync::{Arc, Mutex};

use seckill_client::{DurableSale, Sale, Seckill};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::pair::Pair;
use crate::harness::conditions::{PATIENCE, ms, wait_until};

const CALLERS: usize = 64;
const ROUNDS: usize = 30;

/// What callers take for made: the order, if they do.
trait Shop: Clone + Send + Sync + 'static {
    fn of(sale: Sale) -> Self;

    fn buy(&self, buyer: &str) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

impl Shop for Sale {
    fn of(sale: Sale) -> Self {
        sale
    }

    async fn buy(&self, buyer: &str) -> Option<Vec<u8>> {
        let receipt = Sale::buy(self, buyer).await.ok()?;
        receipt.is_accepted().then_some(receipt.order)
    }
}

impl Shop for DurableSale {
    fn of(sale: Sale) -> Self {
        sale.durable(1, PATIENCE)
    }

    async fn buy(&self, buyer: &str) -> Option<Vec<u8>> {
        let bought = DurableSale::buy(self, buyer).await.ok()?;
        bought.is_durable().then_some(bought.receipt.order)
    }
}

/// Buys until the end.
fn load<S: Shop>(shop: &S, reported: &Arc<Mutex<Vec<Vec<u8>>>>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (shop, reported) = (shop.clone(), reported.clone());
        callers.spawn(async move {
            let buyer = format!("b{number}");
            loop {
                let order = shop.buy(&buyer).await;
                reported.lock().unwrap().extend(order);
            }
        });
    }
    callers
}

/// Primaries are killed under load, at a random moment, and before that their link to the replica stalls for some of the
/// time. Returns how many orders were reported, and how many of them the promoted replicas lack.
async fn fail_over<S: Shop>() -> (usize, usize) {
    let mut pair = Pair::start("").await;
    let (mut total, mut lost) = (0, 0);
    for round in 0..ROUNDS {
        let key = format!("sale{round}");
        pair.create(&key).await;
        let reported = Arc::default();
        let callers = load(&S::of(pair.client().sale(&*key)), &reported);
        wait_until("some are reported", async || reported.lock().unwrap().len() >= CALLERS).await;
        sleep(ms(fastrand::u64(..20))).await;
        pair.link.stall();
        sleep(ms(fastrand::u64(..20))).await;
        if fastrand::bool() {
            pair.link.mend();
            sleep(ms(fastrand::u64(..20))).await;
        }
        pair.fail_over().await;
        drop(callers);

        let mut promoted = pair.replica.connect().await;
        let orders = std::mem::take(&mut *reported.lock().unwrap());
        let mut pipe = redis::pipe();
        for order in &orders {
            pipe.cmd("SECKILL.ORDER").arg(&key).arg(order);
        }
        let found: Vec<redis::Value> = pipe.query_async(&mut promoted).await.unwrap();
        total += orders.len();
        lost += found.iter().filter(|order| **order == redis::Value::Nil).count();
        promoted.seckill().audit(&key).await.unwrap();
        pair.repair().await;
    }
    eprintln!("reported: {total}; lost: {lost}");
    (total, lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_order_that_was_reported_as_durable_is_lost() {
    let (reported, lost) = fail_over::<DurableSale>().await;
    assert!(reported >= ROUNDS * CALLERS);
    assert_eq!(lost, 0);
}

/// So the test above can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_were_only_accepted_are_lost() {
    let (_, lost) = fail_over::<Sale>().await;
    assert!(lost > 0);
}
