//! The events of a sale, read in pages.

use seckill_client::{After, Buy, Event, EventKind, NewSale, Seckill, State};

use crate::harness::server::Server;

/// A reader that reads page by page gets every event once.
#[tokio::test]
async fn pages_have_every_event_once() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(300)).await.unwrap();
    for number in 0..250 {
        connection.seckill().buy("sale", Buy::new("ann", &format!("o{number}"))).await.unwrap();
    }

    let mut events: Vec<Event> = vec![];
    let mut pages = vec![];
    loop {
        let after = events.last().map_or(After::seq(0), |last| After::seq(last.seq).term(last.term));
        let page = connection.seckill().events("sale", after).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.push(page.len());
        events.extend(page);
    }
    assert_eq!(pages, [100, 100, 51]);
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "seq has no gap");
    assert!(events.is_sorted_by_key(|event| event.at), "time does not run backwards");
    assert!(events.iter().all(|event| event.term == events[0].term), "one epoch, one term");
    for (number, event) in events[1..].iter().enumerate() {
        let EventKind::Order { state: State::Sold, order, .. } = &event.kind else { panic!("{event:?}") };
        assert_eq!(order, format!("o{number}").as_bytes());
    }
    assert_eq!(connection.seckill().events("sale", After::seq(0).count(1_000)).await.unwrap(), events);
    assert_eq!(connection.seckill().events("sale", After::seq(251)).await.unwrap(), []);
    // Without a term there is nothing to compare.
    assert_eq!(connection.seckill().events("sale", After::seq(999)).await.unwrap(), []);
}
