//! Feeds whose slot moves.

use seckill_client::{Cursor, FeedItem, NewSale};
use tokio::time::timeout;

use super::nodes::Cluster;
use crate::harness::conditions::PATIENCE;
use crate::harness::history::History;
use crate::harness::processes::Stopped;

/// The feed waits when its slot begins to move, and buyers go on buying.
#[tokio::test]
async fn a_feed_goes_on_at_the_new_owner() {
    const ORDERS: usize = 10;
    let cluster = Cluster::start("").await;
    let client = cluster.client();
    let sale = client.sale("sale");
    sale.create(NewSale::new(10_000)).await.unwrap();
    let mut feed = client.sale("sale").feed(Cursor::start());
    let (mut history, mut orders) = (History::of("sale"), 0);
    // All nodes, and back to the first owner.
    for _ in 0..3 {
        let (slot, from) = cluster.place("sale").await;
        let move_and_buy = async {
            cluster
                .move_keys(slot, from, (from + 1) % 3, async || {
                    for _ in 0..ORDERS {
                        assert!(sale.buy("ann").await.unwrap().is_accepted());
                        orders += 1;
                    }
                })
                .await;
            assert!(sale.buy("ann").await.unwrap().is_accepted());
            orders += 1;
        };
        let ((), ()) = tokio::join!(move_and_buy, async {
            for _ in 0..ORDERS {
                history.store(timeout(PATIENCE, feed.next()).await.unwrap().unwrap().unwrap());
            }
        });
    }
    while history.len() <= orders {
        history.store(timeout(PATIENCE, feed.next()).await.unwrap().unwrap().unwrap());
    }
    history.must_match(&mut cluster.connect().await).await;
    assert_eq!(history.forks, 0, "the sale takes its history along");
    assert_eq!(history.terms().len(), 4, "each owner begins a term");
}

/// A node hangs that has nothing to do with the sale.
#[tokio::test]
async fn a_node_that_stopped_does_not_keep_feeds_from_the_others() {
    let cluster = Cluster::start("").await;
    let client = cluster.client();
    let keys: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    for key in &keys {
        client.sale(&**key).create(NewSale::new(1)).await.unwrap();
    }
    for stopped in 0..3 {
        let mut elsewhere = vec![];
        for key in &keys {
            if cluster.place(key).await.1 != stopped {
                elsewhere.push(key);
            }
        }
        let _stopped = Stopped::server(&mut cluster.nodes[stopped].connect().await).await;
        for key in elsewhere {
            let mut feed = client.sale(&**key).feed(Cursor::start());
            let item = timeout(PATIENCE, feed.next()).await.expect("the first event").unwrap();
            assert!(matches!(item, Ok(FeedItem::Event(_))), "{item:?}");
        }
    }
}
