//! Sales as their users live them, through the client.

use std::time::Duration;

use seckill_client::{After, Bought, Buy, Change, Event, EventKind, Phase, Refusal, Sale, Seckill, State};

use crate::server::{Connection, Server, wait_until};
use crate::talk::{ask, get};

const HOLD: Duration = Duration::from_secs(60);

/// The server's clock, in unix ms.
async fn server_time(connection: &mut Connection) -> u64 {
    let (seconds, micros): (u64, u64) = get(connection, "TIME").await;
    seconds * 1000 + micros / 1000
}

fn sold() -> Bought {
    Bought::Order(State::Sold)
}

fn held() -> Bought {
    Bought::Order(State::Held)
}

/// A shop whose answer was lost sends the order again, as often as it likes.
#[tokio::test]
async fn an_order_counts_once() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    shop.create("sale", Sale::new(10).hold(HOLD)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(shop.buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(held()));
    }
    assert_eq!(shop.confirm("sale", "o1").await, Ok(State::Sold));
    for _ in 0..3 {
        assert_eq!(shop.confirm("sale", "o1").await, Ok(State::Sold));
        assert_eq!(shop.buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(sold()));
    }
    for _ in 0..3 {
        assert_eq!(shop.refund("sale", "o1").await, Ok(State::Cancelled));
        assert_eq!(shop.buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(Bought::Order(State::Cancelled)));
    }
    for _ in 0..3 {
        assert_eq!(shop.restock("sale", 5, "truck-1").await, Ok(15));
    }
    let info = shop.info("sale").await.unwrap();
    assert_eq!((info.available, info.held, info.sold, info.orders, info.seq), (15, 0, 0, 1, 5));
    shop.audit("sale").await.unwrap();
}

#[tokio::test]
async fn a_buyer_stays_within_the_limit_and_gets_it_back() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    shop.create("sale", Sale::new(10).limit(3).hold(HOLD)).await.unwrap();
    let refused = Ok(Bought::Refused(Refusal::Limit));

    assert_eq!(shop.buy("sale", Buy::new("ann", "o1").qty(4)).await, refused);
    assert_eq!(shop.buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(held()));
    assert_eq!(shop.buy("sale", Buy::new("ann", "o2").qty(2)).await, refused);
    assert_eq!(
        shop.buy("sale", Buy::new("bob", "o3").qty(3)).await,
        Ok(held()),
        "each has a limit of one's own"
    );

    assert_eq!(shop.confirm("sale", "o1").await, Ok(State::Sold));
    assert_eq!(shop.buy("sale", Buy::new("ann", "o2").qty(2)).await, refused, "sold units count");
    assert_eq!(shop.cancel("sale", "o1").await, Ok(State::Sold), "what is sold takes more to return");
    assert_eq!(shop.refund("sale", "o1").await, Ok(State::Cancelled));
    assert_eq!(
        shop.buy("sale", Buy::new("ann", "o2").qty(2)).await,
        Ok(held()),
        "what was returned does not"
    );

    shop.alter("sale", Change::new().limit(1)).await.unwrap();
    assert_eq!(shop.buy("sale", Buy::new("ann", "o4")).await, refused);
    assert_eq!(shop.confirm("sale", "o2").await, Ok(State::Sold), "an order keeps what it was given");
    shop.alter("sale", Change::new().limit(0)).await.unwrap();
    assert_eq!(shop.buy("sale", Buy::new("ann", "o4").qty(5)).await, Ok(held()), "no limit any more");

    let ann = shop.buyer("sale", "ann").await.unwrap();
    assert_eq!((ann.held, ann.sold), (5, 2));
    assert_eq!(ann.orders, [b"o4", b"o2", b"o1"]);
    shop.audit("sale").await.unwrap();
}

#[tokio::test]
async fn the_window_opens_and_closes_by_the_clock_of_the_server() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    let now = server_time(&mut shop).await;
    shop.create("now", Sale::new(1).opens(now).closes(now + 60_000)).await.unwrap();
    assert_eq!(shop.buy("now", Buy::new("ann", "o1")).await, Ok(sold()), "at OPENS it is open");
    let now = server_time(&mut shop).await;
    shop.create("over", Sale::new(1).opens(1).closes(now)).await.unwrap();
    assert_eq!(
        shop.buy("over", Buy::new("ann", "o1")).await,
        Ok(Bought::Refused(Refusal::Closed)),
        "at CLOSES"
    );

    let opens = server_time(&mut shop).await + 300;
    shop.create("soon", Sale::new(1_000_000).opens(opens)).await.unwrap();
    let mut orders = 0;
    let mut buy = async |shop: &mut Connection| {
        orders += 1;
        let before = server_time(shop).await;
        let bought = shop.buy("soon", Buy::new("ann", &format!("o{orders}"))).await.unwrap();
        (before, bought, server_time(shop).await)
    };
    wait_until("it opens", async || match buy(&mut shop).await {
        (before, Bought::Refused(Refusal::Upcoming), _) if before < opens => false,
        (_, Bought::Order(State::Sold), after) if after >= opens => true,
        other => panic!("{other:?} where OPENS is {opens}"),
    })
    .await;
    let closes = server_time(&mut shop).await + 300;
    shop.alter("soon", Change::new().closes(closes)).await.unwrap();
    wait_until("it closes", async || match buy(&mut shop).await {
        (before, Bought::Order(State::Sold), _) if before < closes => false,
        (_, Bought::Refused(Refusal::Closed), after) if after >= closes => true,
        other => panic!("{other:?} where CLOSES is {closes}"),
    })
    .await;
    assert_eq!(shop.info("soon").await.unwrap().state, Phase::Closed);
}

#[tokio::test]
async fn stock_comes_and_goes() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    shop.create("sale", Sale::new(0)).await.unwrap();
    let order = Buy::new("ann", "o1").qty(3);
    assert_eq!(shop.buy("sale", order).await, Ok(Bought::Refused(Refusal::SoldOut)));
    assert_eq!(shop.restock("sale", 2, "r1").await, Ok(2));
    assert_eq!(shop.buy("sale", order).await, Ok(Bought::Refused(Refusal::Short)));
    assert_eq!(shop.restock("sale", 2, "r2").await, Ok(4));
    assert_eq!(shop.buy("sale", order).await, Ok(sold()));
    assert_eq!(
        shop.restock("sale", -2, "r3").await.unwrap_err().to_string(),
        "NOSTOCK more would be taken than is available: 1"
    );
    assert_eq!(shop.restock("sale", -1, "r4").await, Ok(0));
    assert_eq!(shop.info("sale").await.unwrap().state, Phase::SoldOut);
    assert_eq!(shop.restock("sale", 2, "r1").await, Ok(0), "a repeat tells what is available now");
    shop.audit("sale").await.unwrap();
}

/// A reader takes the feed page by page and misses nothing, doubles nothing.
#[tokio::test]
async fn the_feed_tells_the_whole_story_in_pages() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    shop.create("sale", Sale::new(300)).await.unwrap();
    for number in 0..250 {
        shop.buy("sale", Buy::new("ann", &format!("o{number}"))).await.unwrap();
    }

    let mut story: Vec<Event> = vec![];
    let mut pages = vec![];
    loop {
        let after = story.last().map_or(After::seq(0), |last| After::seq(last.seq).term(last.term));
        let page = shop.events("sale", after).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.push(page.len());
        story.extend(page);
    }
    assert_eq!(pages, [100, 100, 51]);
    assert!(story.iter().zip(1..).all(|(event, seq)| event.seq == seq), "seq has no gap");
    assert!(story.is_sorted_by_key(|event| event.at), "time does not run backwards");
    assert!(story.iter().all(|event| event.term == story[0].term), "one decider, one term");
    for (number, event) in story[1..].iter().enumerate() {
        let EventKind::Order { state: State::Sold, order, .. } = &event.kind else { panic!("{event:?}") };
        assert_eq!(order, format!("o{number}").as_bytes());
    }
    assert_eq!(shop.events("sale", After::seq(0).count(10_000)).await.unwrap(), story);
    assert_eq!(shop.events("sale", After::seq(251)).await.unwrap(), []);
    // Without a term there is nothing to compare.
    assert_eq!(shop.events("sale", After::seq(999)).await.unwrap(), []);
}

/// A lock may protect the work before a purchase: only who still holds it gets through.
#[tokio::test]
async fn a_purchase_under_a_lock_takes_two_round_trips() {
    let server = Server::start().await;
    let mut shop = server.connect().await;
    shop.create("sale", Sale::new(1)).await.unwrap();
    let early = shop.lock("lock", "ann", Duration::from_millis(1)).await.unwrap().expect("free");
    wait_until("the lease is over", async || ask(&mut shop, "EXISTS lock").await == "0").await;
    let late = shop.lock("lock", "bob", HOLD).await.unwrap().expect("free again");
    assert!(late > early);

    let lost = Ok(Bought::Refused(Refusal::LockLost));
    assert_eq!(shop.buy("sale", Buy::new("ann", "o1").releasing("lock", "ann")).await, lost);
    assert_eq!(shop.buy("sale", Buy::new("bob", "o2").holding("lock", "bob")).await, Ok(sold()));
    assert_eq!(shop.renew("lock", "bob", HOLD).await, Ok(true), "holding is not releasing");
    assert_eq!(shop.buy("sale", Buy::new("bob", "o2").releasing("lock", "bob")).await, Ok(sold()));
    assert_eq!(shop.unlock("lock", "bob").await, Ok(false), "it went with the purchase");
}
