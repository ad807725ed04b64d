//! Buyers buy and cancel at random while others ask what is known: a refusal never outlives its cause by more than a second.

use std::time::Duration;

use seckill_client::{After, EventKind, NewSale, RememberingSale, Sale, State};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::counter::Counter;
use crate::harness::conditions::{HOUR, PATIENCE, ms, now_ms};

const STOCK: u64 = 3;
const BUYERS: u64 = 8;
/// How long it goes on.
const DURATION: Duration = Duration::from_secs(8);
/// How long what is known holds without a word of the server, and the rounding of instants to ms.
const BOUND_MS: u64 = 1_000 + 2;

/// Buys by the handle, and cancels by another connection, until the time is over.
async fn buy_and_cancel(buyer: u64, sale: RememberingSale, others: Sale) {
    let buyer = buyer.to_string();
    let end = now_ms() + DURATION.as_millis() as u64;
    while now_ms() < end {
        let Ok(receipt) = sale.buy(&buyer).await else { continue };
        if receipt.is_accepted() {
            sleep(Duration::from_micros(fastrand::u64(..5_000))).await;
            others.cancel(&receipt.order).await.unwrap();
            // For a time that is longer than anything is known.
            if fastrand::u8(..) < 8 {
                sleep(ms(1_500)).await;
            }
        } else {
            // Some wait for the next unit, and some leave and come back.
            let _ = timeout(ms(fastrand::u64(..20)), sale.changed(1)).await;
        }
    }
}

/// Asks again and again what is known: each instant, in ms, at which an order was refused.
async fn ask(sale: RememberingSale) -> Vec<u64> {
    let end = now_ms() + DURATION.as_millis() as u64;
    let mut refused = vec![];
    loop {
        // Before it is asked, so that a pause of this machine does not make it later than it was.
        let now = now_ms();
        if now >= end {
            refused.dedup();
            return refused;
        }
        if sale.known_refusal(1).is_some() {
            refused.push(now);
        }
        tokio::task::yield_now().await;
    }
}

/// From when until when units were available, by the events of the sale.
async fn available(sale: &Sale) -> Vec<(u64, u64)> {
    let (mut left, mut since, mut seq) = (0, None, 0);
    let mut spans = vec![];
    loop {
        let events = sale.events(After::seq(seq)).await.unwrap();
        let Some(last) = events.last() else { break };
        seq = last.seq;
        for event in events {
            left += match event.kind {
                EventKind::Created { qty, .. } => qty as i64,
                EventKind::Order { state: State::Held, .. } => -1,
                EventKind::Order { state: State::Cancelled, .. } => 1,
                _ => 0,
            };
            match since {
                None if left > 0 => since = Some(event.at),
                Some(begin) if left == 0 => {
                    spans.push((begin, event.at));
                    since = None;
                }
                _ => {}
            }
        }
    }
    spans.extend(since.map(|begin| (begin, u64::MAX)));
    spans
}

/// What comes of it, on a link that hangs now and then, or not.
async fn trade(is_link_bad: bool) {
    let counter = Counter::with(NewSale::new(STOCK).hold(HOUR)).await;
    let mut traders = JoinSet::new();
    for buyer in 0..BUYERS {
        traders.spawn(buy_and_cancel(buyer, counter.sale.clone(), counter.others.clone()));
    }
    let mut askers = JoinSet::new();
    for _ in 0..2 {
        askers.spawn(ask(counter.sale.clone()));
    }
    let end = now_ms() + DURATION.as_millis() as u64;
    while is_link_bad && now_ms() < end {
        sleep(ms(fastrand::u64(..1_500))).await;
        // Nobody takes back what is known then.
        while counter.sale.known_refusal(1).is_none() && now_ms() < end {
            tokio::task::yield_now().await;
        }
        counter.link.proxy.hang();
    }
    timeout(PATIENCE, traders.join_all()).await.expect("no buyer is stuck");
    let refused: Vec<u64> = askers.join_all().await.into_iter().flatten().collect();
    let spans = available(&counter.others).await;
    assert!(refused.len() > 10 && spans.len() > 10, "{} refusals, {} spans", refused.len(), spans.len());
    let mut latest = 0;
    for at in refused {
        if let Some((begin, _)) = spans.iter().find(|(begin, end)| *begin <= at && at < *end) {
            latest = latest.max(at - begin);
        }
    }
    assert!(latest <= BOUND_MS, "somebody was refused {latest} ms after there were units again");
    assert!(!is_link_bad || latest > 100, "the link never hung when it mattered: {latest} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_refusal_outlives_its_cause() {
    trade(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_refusal_outlives_its_cause_by_a_second_on_a_link_that_hangs() {
    trade(true).await;
}
