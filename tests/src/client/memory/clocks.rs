//! A sale that is not open yet, or over, by the clock of its server.

use futures_util::future::join_all;
use seckill_client::{Alteration, NewSale, Outcome, Refusal};

use super::counter::Counter;
use crate::harness::conditions::{now_ms, wait_until};

/// How soon the sale opens, in ms.
const SOON: u64 = 2_500;
/// How long buyers may take on a busy machine, in ms.
const SLACK: u64 = 5_000;

/// The sale that the client was refused by until it knew why.
async fn refused(sale: NewSale, why: Refusal) -> Counter {
    let counter = Counter::with(sale).await;
    let remembering = &counter.sale;
    wait_until("it is known", async || {
        assert_eq!(remembering.buy("ann").await.unwrap().outcome, Outcome::Refused(why.clone()));
        remembering.known_refusal(1) == Some(why.clone())
    })
    .await;
    counter
}

/// Before it opens orders are refused without a call; nobody is refused from memory when it is open, and buyers who wait
/// buy at once then.
#[tokio::test]
async fn nobody_is_refused_when_a_sale_opens() {
    const BUYERS: u64 = 20;
    let opens = now_ms() + SOON;
    let mut counter = refused(NewSale::new(1_000).opens(opens), Refusal::Upcoming).await;
    let sale = &counter.sale;
    let wait_and_buy = async |buyer: u64| {
        let buyer = buyer.to_string();
        loop {
            sale.changed(1).await;
            let receipt = sale.buy(&buyer).await.unwrap();
            if receipt.is_accepted() {
                return now_ms();
            }
        }
    };
    let watch = async {
        let mut known = 0;
        while now_ms() < opens + 200 {
            let before = now_ms();
            if sale.known_refusal(1).is_some() {
                assert!(before < opens, "it was open since {} ms", before - opens);
                known += 1;
            }
            tokio::task::yield_now().await;
        }
        known
    };
    let (bought, known) = tokio::join!(join_all((0..BUYERS).map(wait_and_buy)), watch);
    assert!(known > 0);
    let last = bought.into_iter().max().unwrap();
    assert!((opens..opens + SLACK).contains(&last), "the last one bought {} ms after", last - opens);
    // Some are refused by the server while its clock may be ahead or behind.
    let purchases = counter.purchases().await;
    assert!(purchases < 10 * BUYERS, "{purchases} purchases were sent");
}

/// A sale that is over is so until it is altered.
#[tokio::test]
async fn a_sale_that_is_over_stays_so_until_it_is_altered() {
    let counter = refused(NewSale::new(9).closes(now_ms() - 1), Refusal::Closed).await;
    let (sale, others) = (&counter.sale, &counter.others);
    let reopen = async { others.alter(Alteration::new().closes(now_ms() + SOON)).await.unwrap() };
    tokio::join!(sale.changed(1), reopen);
    assert!(sale.buy("ann").await.unwrap().is_accepted());
    // It is not known that it sells when it closes.
    let closes = others.info().await.unwrap().rules.closes;
    assert_eq!(sale.buy("ann").qty(9).await.unwrap().outcome, Outcome::Refused(Refusal::Short));
    while now_ms() <= closes {
        let before = now_ms();
        let known = sale.known_refusal(9);
        assert!(known.is_none() || known == Some(Refusal::Short) && before < closes, "{known:?}");
        tokio::task::yield_now().await;
    }
    assert_eq!(sale.buy("ann").qty(9).await.unwrap().outcome, Outcome::Refused(Refusal::Closed));
}
