//! The events of a sale, read in pages.

use seckill_client::{After, Buy, Event, EventKind, Sale, Seckill, State};

use crate::harness::server::Server;

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
