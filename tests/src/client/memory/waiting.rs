//! Buyers who wait until a sale that refused them may have units again.

use std::time::Instant;

use futures_util::future::join_all;
use seckill_client::{NewSale, Outcome, Refusal};
use tokio::time::timeout;

use super::super::link::calls;
use super::super::polled::polled;
use super::counter::Counter;
use crate::harness::conditions::{PATIENCE, ms, wait_until};
use crate::harness::session::ask;

/// A buyer far away has the unit of a cancelled order within two round trips, and sends one purchase for it. Meanwhile
/// nobody polls: there is an INFO now and then for all who wait.
#[tokio::test]
async fn gets_a_unit_within_two_round_trips() {
    let one_way = ms(100);
    let mut counter = Counter::sold_out().await;
    let sale = counter.sale.clone();
    let buyer = tokio::spawn(async move {
        while !sale.buy("ann").await.unwrap().is_accepted() {
            sale.changed(1).await;
        }
        Instant::now()
    });
    counter.link.proxy.delay(one_way);
    let infos = calls(&mut counter.link.connection, "seckill.info").await;
    // What is known now was learned over the slow link.
    wait_until("it is learned again and again", async || {
        calls(&mut counter.link.connection, "seckill.info").await >= infos + 3
    })
    .await;
    let purchases = counter.purchases().await;
    assert!(!buyer.is_finished(), "they wait longer than a second");
    let cancelled = Instant::now();
    counter.others.cancel("o1").await.unwrap();
    let took = buyer.await.unwrap().duration_since(cancelled);
    assert!(took < 2 * 2 * one_way + ms(1_000), "it took {took:?}");
    assert_eq!(counter.purchases().await, purchases + 1);
}

/// Who wants more than is left waits for more, and who wants less does not wait.
#[tokio::test]
async fn waits_for_as_many_as_are_wanted() {
    let counter = Counter::with(NewSale::new(2)).await;
    let sale = &counter.sale;
    let refused = sale.buy("ann").qty(4).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::Short));
    timeout(PATIENCE, sale.changed(2)).await.expect("two are left");
    let more = sale.changed(4);
    let restock = async {
        wait_until("it is known", async || sale.known_refusal(4) == Some(Refusal::Short)).await;
        assert_eq!(sale.known_refusal(2), None);
        counter.others.restock(2, "r1").await.unwrap();
    };
    tokio::join!(more, restock);
    assert!(sale.buy("ann").qty(4).await.unwrap().is_accepted());
}

/// Of all who wait one gets each unit, and the others wait on.
#[tokio::test]
async fn wakes_all_for_each_unit() {
    const BUYERS: usize = 20;
    let counter = Counter::sold_out().await;
    let wait_and_buy = |buyer: usize| {
        let sale = counter.sale.clone();
        tokio::spawn(async move {
            while !sale.buy(&buyer.to_string()).await.unwrap().is_accepted() {
                sale.changed(1).await;
            }
        })
    };
    let buyers: Vec<_> = (0..BUYERS).map(wait_and_buy).collect();
    for bought in 0..BUYERS {
        let finished = || buyers.iter().filter(|buyer| buyer.is_finished()).count();
        wait_until("each unit is bought", async || finished() == bought).await;
        counter.others.restock(1, format!("r{bought}")).await.unwrap();
    }
    timeout(PATIENCE, join_all(buyers)).await.expect("all have bought");
}

/// No connection is left of handles that are dropped, whatever they did then.
#[tokio::test]
async fn leaves_nothing() {
    let mut counter = Counter::sold_out().await;
    let tracking = |clients: &str| clients.matches(" flags=t ").count();
    assert_eq!(tracking(&ask(&mut counter.link.connection, "CLIENT LIST").await), 1);
    let client = counter.link.client();
    counter.sale = client.sale("other").remembering();
    for polls in 0..6 {
        let sale = client.sale("sale").remembering();
        let clone = sale.clone();
        let _ = polled(polls, async { sale.buy("ann").await }).await;
        let _ = polled(polls, clone.changed(1)).await;
        drop((sale, clone));
        let connection = &mut counter.link.connection;
        wait_until("no connection is left that tracks keys", async || {
            tracking(&ask(connection, "CLIENT LIST").await) == 0
        })
        .await;
    }
}
