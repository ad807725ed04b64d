//! Purchases through a handle: sent again, and made once.

use futures_util::future::join;
use seckill_client::{Buy, Client, Code, NewSale, Outcome, Receipt, Refusal, Seckill, State};
use tokio::time::timeout;

use super::link::{Link, calls};
use super::polled::polled;
use crate::harness::conditions::{HOUR, PATIENCE, ms, wait_until};
use crate::harness::session::{ask, play};

/// A link to a server with a sale of ten.
async fn shop() -> Link {
    let link = Link::start().await;
    link.client().sale("sale").create(NewSale::new(10)).await.unwrap();
    link
}

async fn orders(link: &Link) -> u64 {
    link.server.connect().await.seckill().info("sale").await.unwrap().orders
}

fn is_sold(receipt: &Receipt) -> bool {
    receipt.outcome == Outcome::Order(State::Sold) && receipt.is_accepted()
}

/// Wherever the connection breaks, in the request or in the reply, the purchase is made once.
#[tokio::test]
async fn is_made_once_wherever_the_connection_breaks() {
    let link = shop().await;
    let client = link.client();
    let sale = client.sale("sale");
    // `*4 $11 SECKILL.BUY $4 sale $3 ann $2 o1` and `+SOLD`, with all line ends.
    const REQUEST: usize = 49;
    const REPLY: usize = 7;
    for bytes in 0..REQUEST {
        sale.info().await.unwrap();
        link.proxy.cut_requests_after(bytes);
        assert!(is_sold(&sale.buy("ann").order("o0").await.unwrap()), "{bytes}");
    }
    for bytes in 0..REPLY {
        sale.info().await.unwrap();
        link.proxy.cut_replies_after(bytes);
        assert!(is_sold(&sale.buy("ann").order(format!("o{bytes}")).await.unwrap()), "{bytes}");
    }
    assert_eq!(orders(&link).await, REPLY as u64);
}

/// A purchase whose replies are all lost may exist; made again with the id of its receipt it does, once.
#[tokio::test]
async fn whose_end_is_not_known_can_be_made_again() {
    let link = shop().await;
    let client = link.client();
    client.sale("sale").info().await.unwrap();
    link.proxy.mute();
    let receipt = client.clone().within(ms(100)).sale("sale").buy("ann").qty(2).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Unknown);
    assert!(!receipt.is_accepted());
    link.proxy.mend();
    let again = client.sale("sale").buy("ann").order(receipt.order).qty(2).await.unwrap();
    assert!(is_sold(&again));
    assert_eq!(orders(&link).await, 1);
}

/// A purchase that was never sent has failed.
#[tokio::test]
async fn that_cannot_be_sent_is_an_error() {
    let link = shop().await;
    link.proxy.cut();
    let client = link.client().within(ms(200));
    let error = client.sale("sale").buy("ann").await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}

/// Orders that nobody named have ids of their own, which rise with time.
#[tokio::test]
async fn have_ids_of_their_own() {
    let link = shop().await;
    let client = link.client();
    let sale = client.sale("sale");
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(String::from_utf8(sale.buy("ann").await.unwrap().order).unwrap());
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).unwrap().get_version_num() == 7));
}

const MEND_REPLICAS: &str = "CONFIG SET min-replicas-to-write 0";

/// The server cannot serve a purchase at the moment: it waits until that has passed, and is made once.
#[tokio::test]
async fn outlasts_what_passes() {
    let link = shop().await;
    let client = link.client().within(PATIENCE);
    let sale = client.sale("sale");
    for (order, trouble, sign, end) in [
        ("demoted", "REPLICAOF 127.0.0.1 1", "errorstat_READONLY", "REPLICAOF NO ONE"),
        ("paused", "CLIENT PAUSE 60000 WRITE", "blocked_clients:1", "CLIENT UNPAUSE"),
        ("short of replicas", "CONFIG SET min-replicas-to-write 1", "errorstat_NOREPLICAS", MEND_REPLICAS),
        ("killed", "CLIENT KILL TYPE normal", "", "PING"),
        ("asleep", "DEBUG SLEEP 2", "", "PING"),
    ] {
        sale.info().await.unwrap();
        let mut connection = link.server.connect().await;
        let buy = async { sale.buy("ann").order(order).await };
        let trouble_and_end = async {
            ask(&mut connection, trouble).await;
            let mut observer = link.server.connect().await;
            wait_until(order, async || ask(&mut observer, "INFO everything").await.contains(sign)).await;
            ask(&mut observer, end).await;
        };
        let (_, receipt) = join(trouble_and_end, buy).await;
        assert!(is_sold(&receipt.unwrap()), "{order}");
    }
    assert_eq!(orders(&link).await, 5);
}

/// An answer of the server is final, and is not asked for again.
#[tokio::test]
async fn that_the_server_rejects_is_not_sent_again() {
    let mut link = shop().await;
    let client = link.client();
    let error = client.sale("none").buy("ann").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Some(Code::NoSale), false));
    let receipt = client.sale("sale").buy("ann").qty(11).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Refused(Refusal::Short));
    let error = client.sale("sale").buy("").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Err));
    assert_eq!(calls(&mut link.connection, "SECKILL.BUY").await, 2);
}

#[tokio::test]
async fn under_a_lock_need_it() {
    let mut link = shop().await;
    let client = link.client();
    let sale = client.sale("sale");
    let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    assert!(is_sold(&sale.buy("ann").under(&guard).await.unwrap()));
    assert!(link.holder("lock").await.is_some(), "it is kept");
    play(&mut link.connection, "DEL lock => 1").await;
    let refused = sale.buy("ann").under(&guard).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::LockLost));
    assert_eq!(orders(&link).await, 1);
}

/// The server releases the lock with the purchase: nothing is left to release.
#[tokio::test]
async fn that_release_a_lock_take_one_call() {
    let mut link = shop().await;
    let client = link.client();
    let sale = client.sale("sale");
    for (qty, outcome) in [(1, Outcome::Order(State::Sold)), (10, Outcome::Refused(Refusal::Short))] {
        let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
        assert_eq!(sale.buy("ann").qty(qty).releasing(guard).await.unwrap().outcome, outcome);
        assert_eq!(link.holder("lock").await, None);
    }
    drop((sale, client));
    assert_eq!(calls(&mut link.connection, "SECKILL.UNLOCK").await, 0);
}

/// The first attempt was refused, and released the lock; its reply is lost, and the second finds no lock. That is not
/// reported as a lost lock. With a new one the same order is decided anew.
#[tokio::test]
async fn that_released_a_lock_are_not_told_that_it_was_lost() {
    let link = shop().await;
    let client = link.client();
    let sale = client.sale("sale");
    let buy = async |reply: Option<usize>| {
        let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
        if let Some(bytes) = reply {
            link.proxy.cut_replies_after(bytes);
        }
        sale.buy("ann").order("o1").qty(11).releasing(guard).await.unwrap().outcome
    };
    assert_eq!(buy(Some(0)).await, Outcome::NotPlaced);
    assert_eq!(buy(None).await, Outcome::Refused(Refusal::Short));
    sale.restock(1, "r1").await.unwrap();
    // Accepted, and the reply is lost: the second attempt finds the order.
    assert_eq!(buy(Some(3)).await, Outcome::Order(State::Sold));
}

/// The lock of a purchase that was never answered is released in the background.
#[tokio::test]
async fn that_end_unknown_release_their_lock() {
    let mut link = shop().await;
    let client = link.client();
    let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    link.proxy.stall();
    let impatient = client.clone().within(ms(100));
    let receipt = impatient.sale("sale").buy("ann").releasing(guard).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Unknown);
    link.proxy.mend();
    wait_until("the lock is free", async || link.holder("lock").await.is_none()).await;
}

/// Many purchases in one round trip, over a link that breaks in their midst: each is made once, or fails by itself.
#[tokio::test]
async fn many_at_once_are_made_once_each() {
    let link = Link::start().await;
    let client = link.client();
    let sale = client.sale("sale");
    sale.create(NewSale::new(3_000)).await.unwrap();
    let ids: Vec<_> = (0..2_500).map(|number| format!("o{number}")).collect();
    let mut purchases: Vec<_> = ids.iter().map(|id| Buy::new("ann", id)).collect();
    purchases[7] = Buy::new("", "o7");
    purchases[8] = Buy::new("bob", "o9").qty(2);
    link.proxy.cut_replies_after(5_000);
    let receipts = sale.buy_many(&purchases).await;
    assert_eq!(receipts.len(), purchases.len());
    for (number, receipt) in receipts.into_iter().enumerate() {
        match number {
            7 => assert_eq!(receipt.unwrap_err().code(), Some(Code::Err)),
            9 => assert_eq!(receipt.unwrap_err().code(), Some(Code::Mismatch)),
            _ => assert_eq!(receipt.unwrap().outcome, Outcome::Order(State::Sold), "{number}"),
        }
    }
    assert_eq!(orders(&link).await, 2_500 - 2);
    assert_eq!(sale.buyer("bob").await.unwrap().sold, 2);
}

/// No lock, no task and no connection is left of a purchase that is dropped, wherever that is.
#[tokio::test]
async fn that_are_dropped_leave_nothing() {
    let mut link = shop().await;
    let client: Client = link.client();
    let sale = client.sale("sale");
    let mut polls = 0;
    loop {
        let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
        let ended = polled(polls, async { sale.buy("ann").order("o1").releasing(guard).await }).await;
        wait_until("the lock is free", async || link.holder("lock").await.is_none()).await;
        if let Some(receipt) = ended {
            assert!(is_sold(&receipt.unwrap()));
            break;
        }
        polls += 1;
    }
    assert!(polls > 1, "it was dropped while it waited");
    assert_eq!(orders(&link).await, 1);
    assert_eq!(ask(&mut link.connection, "CLIENT LIST TYPE normal").await.matches("cmd=seckill").count(), 1);
}

/// The link hangs, and no caller waits as long as the response timeout: the connection is replaced all the same.
#[tokio::test]
async fn that_are_never_patient_notice_a_link_that_hangs() {
    let link = shop().await;
    let client = link.client().within(ms(300));
    client.sale("sale").info().await.unwrap();
    link.proxy.hang();
    wait_until("a new connection is made", async || client.sale("sale").info().await.is_ok()).await;
    // The same when the callers drop their calls.
    let client = link.client();
    client.sale("sale").info().await.unwrap();
    link.proxy.hang();
    wait_until("a new connection is made", async || {
        timeout(ms(300), client.sale("sale").info()).await.is_ok_and(|info| info.is_ok())
    })
    .await;
}
