//! Feeds: every event once and in order, whatever happens to the connection and to the server.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use seckill_client::connect::{Connect, Managed};
use seckill_client::{Buy, Client, Cursor, Error, Feed, FeedItem, NewSale, Seckill};
use tokio::time::timeout;

use super::link::{Link, calls};
use crate::harness::aof::AOF;
use crate::harness::callers::waiting;
use crate::harness::conditions::{PATIENCE, wait_until};
use crate::harness::history::History;
use crate::harness::info::stat;
use crate::harness::processes::Stopped;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, fill, get, play};

/// A client of redis-rs for the unix socket of a server.
fn at(server: &Server, parameters: &str) -> redis::Client {
    redis::Client::open(format!("redis+unix://{}?{parameters}", server.socket().display())).unwrap()
}

async fn create(connection: &mut Connection) {
    connection.seckill().create("sale", NewSale::new(100_000)).await.unwrap();
}

async fn open(server: &Server) -> Connection {
    let mut connection = server.connect().await;
    create(&mut connection).await;
    connection
}

async fn buy(connection: &mut Connection, order: usize) {
    connection.seckill().buy("sale", Buy::new("ann", &format!("o{order}"))).await.unwrap();
}

/// The next item, which arrives.
async fn next<C: Connect>(feed: &mut Feed<C>) -> FeedItem {
    let item = timeout(PATIENCE, feed.next()).await.expect("an item arrives");
    item.expect("the stream goes on").unwrap()
}

async fn next_seq<C: Connect>(feed: &mut Feed<C>) -> u64 {
    match next(feed).await {
        FeedItem::Event(event) => event.seq,
        other => panic!("{other:?}"),
    }
}

/// Waits until so many feeds wait for events.
async fn wait_until_waiting(observer: &mut Connection, feeds: u64) {
    wait_until("so many feeds wait", async || waiting(observer).await == [0, feeds]).await;
}

/// Waits until all other connections are closed.
async fn wait_until_alone(observer: &mut Connection) {
    wait_until("the others are gone", async || stat(observer, "clients", "connected_clients").await == "1")
        .await;
}

/// A feed that waits for the second event, and a task which waits for the item.
async fn waiting_feed(
    client: Client,
    observer: &mut Connection,
) -> tokio::task::JoinHandle<(Feed, FeedItem)> {
    let mut feed = client.sale("sale").feed(Cursor::start());
    assert_eq!(next_seq(&mut feed).await, 1);
    let task = tokio::spawn(async move {
        let item = next(&mut feed).await;
        (feed, item)
    });
    wait_until_waiting(observer, 1).await;
    task
}

const BUYERS: usize = 4;
const ORDERS: usize = 100;

/// Buyers buy while a feed reads.
async fn must_read_what_buyers_do<C: Connect>(server: &Server, client: Client<C>) {
    let mut connection = open(server).await;
    let buyers = (0..BUYERS).map(|buyer| {
        let mut connection = connection.clone();
        tokio::spawn(async move {
            for number in 0..ORDERS {
                buy(&mut connection, buyer * ORDERS + number).await;
            }
        })
    });
    let buyers = join_all(buyers.collect::<Vec<_>>());
    let mut feed = client.sale("sale").feed(Cursor::start());
    let mut history = History::of("sale");
    while history.len() < 1 + BUYERS * ORDERS {
        history.store(next(&mut feed).await);
    }
    buyers.await;
    history.must_match(&mut connection).await;
    assert_eq!((history.forks, feed.cursor().seq()), (0, history.len() as u64));
}

#[tokio::test]
async fn events_arrive_as_they_happen() {
    for protocol in ["protocol=resp2", "protocol=resp3"] {
        let server = Server::start().await;
        must_read_what_buyers_do(&server, Client::new(at(&server, protocol))).await;
        let server = Server::start().await;
        must_read_what_buyers_do(&server, Client::new(Managed::new(at(&server, protocol)))).await;
    }
}

/// A feed that begins at the cursor after any item goes on with the next one.
#[tokio::test]
async fn a_stored_cursor_goes_on_with_the_next_event() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    let client = Client::new(at(&server, ""));
    let mut stored = Cursor::start().to_string();
    for number in 1..=20 {
        let mut feed = client.sale("sale").feed(stored.parse().unwrap());
        assert_eq!(next_seq(&mut feed).await, number);
        stored = feed.cursor().to_string();
        buy(&mut connection, number as usize).await;
        if number % 7 == 0 {
            // The next decision begins a term.
            play(&mut connection, "DEBUG RELOAD => OK").await;
        }
    }
}

/// Every poll of the feed may be the last one of its future.
#[tokio::test]
async fn nothing_is_lost_with_a_future_that_is_dropped() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
    let mut history = History::of("sale");
    for number in 0..100 {
        buy(&mut connection, number).await;
        wait_until("the event arrives", async || {
            if let Ok(item) = timeout(Duration::ZERO, feed.next()).await {
                history.store(item.unwrap().unwrap());
            }
            history.len() == number + 2
        })
        .await;
    }
    history.must_match(&mut connection).await;
}

#[tokio::test]
async fn a_slow_reader_has_one_page_at_most() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    fill(&mut connection, "sale", 2_500).await;
    let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
    for number in 1..=2_501 {
        assert_eq!(next_seq(&mut feed).await, number);
        assert_eq!(calls(&mut connection, "seckill.events").await, number.div_ceil(1_000));
    }
}

#[tokio::test]
async fn feeds_that_are_dropped_leave_nothing_at_the_server() {
    const FEEDS: usize = 50;
    let server = Server::start().await;
    let mut connection = open(&server).await;
    wait_until_alone(&mut connection).await;
    let client = Client::new(at(&server, ""));
    let feeds: Vec<_> = (0..FEEDS)
        .map(|_| {
            let mut feed = client.sale("sale").feed(Cursor::start()).skip(1);
            tokio::spawn(async move { feed.next().await })
        })
        .collect();
    wait_until_waiting(&mut connection, FEEDS as u64).await;
    for feed in feeds {
        feed.abort();
    }
    wait_until_waiting(&mut connection, 0).await;
    wait_until_alone(&mut connection).await;
}

/// A server that has no room for the connection has some later.
#[tokio::test]
async fn a_server_that_refuses_the_connection_is_asked_again() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    wait_until_alone(&mut connection).await;
    play(&mut connection, "CONFIG SET maxclients 1 => OK").await;
    let client = Client::new(at(&server, "protocol=resp3"));
    let feed = tokio::spawn(async move { next_seq(&mut client.sale("sale").feed(Cursor::start())).await });
    wait_until("it was refused", async || {
        stat(&mut connection, "stats", "rejected_connections").await != "0"
    })
    .await;
    play(&mut connection, "CONFIG SET maxclients 100 => OK").await;
    assert_eq!(feed.await.unwrap(), 1);
}

/// What would come again is the last item.
#[tokio::test]
async fn errors_that_stay_end_the_stream() {
    for (session, code) in [
        ("DEL sale => 1", "NOSALE"),
        ("SET sale x => OK", "WRONGTYPE"),
        ("ACL SETUSER default -seckill.events => OK", "NOPERM"),
    ] {
        let server = Server::start().await;
        let mut connection = open(&server).await;
        let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
        assert_eq!(next_seq(&mut feed).await, 1);
        let (item, ()) = tokio::join!(feed.next(), async {
            wait_until_waiting(&mut connection, 1).await;
            play(&mut connection, session).await;
        });
        let error = match item.unwrap().unwrap_err() {
            Error::Redis(error) => error.code().unwrap_or_default().to_owned(),
            error => error.code().unwrap().to_string(),
        };
        assert_eq!(error, code, "{session}");
        assert_eq!(feed.next().await, None);
        assert_eq!(feed.cursor().seq(), 1);
    }
}

/// It is created anew while the feed reads elsewhere in it.
#[tokio::test]
async fn a_sale_that_is_created_anew_takes_everything_back() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    buy(&mut connection, 1).await;
    let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
    for number in [1, 2] {
        assert_eq!(next_seq(&mut feed).await, number);
    }
    play(&mut connection, "DEL sale => 1\nSECKILL.CREATE sale STOCK 1 => OK").await;
    assert_eq!(next(&mut feed).await, FeedItem::Forked { seq: 0, term: 0 });
    assert_eq!(feed.cursor(), &Cursor::start());
    assert_eq!(next_seq(&mut feed).await, 1);
}

#[tokio::test]
async fn a_killed_connection_is_made_again() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
    assert_eq!(next_seq(&mut feed).await, 1);
    for number in 2..=20 {
        let (seq, ()) = tokio::join!(next_seq(&mut feed), async {
            wait_until_waiting(&mut connection, 1).await;
            let killed: usize = get(&mut connection, "CLIENT KILL TYPE normal").await;
            assert!(killed > 0);
            buy(&mut connection, number as usize).await;
        });
        assert_eq!(seq, number);
    }
}

/// Wherever a reply breaks off, its events are read again, and yielded once.
#[tokio::test]
async fn a_reply_that_breaks_off_is_read_again() {
    /// That with one event; more than that reaches into the replies after it.
    const REPLY: usize = 150;
    let mut link = Link::start().await;
    create(&mut link.connection).await;
    let mut feed = link.client().sale("sale").feed(Cursor::start());
    assert_eq!(next_seq(&mut feed).await, 1);
    for bytes in 0..REPLY + 50 {
        link.proxy.cut_replies_after(bytes);
        buy(&mut link.connection, bytes).await;
        assert_eq!(next_seq(&mut feed).await, bytes as u64 + 2);
    }
}

/// The connection stays open, and nothing arrives on it any more.
#[tokio::test]
async fn a_dead_connection_is_noticed() {
    let mut link = Link::start().await;
    create(&mut link.connection).await;
    let feed = waiting_feed(link.client(), &mut link.connection).await;
    link.proxy.mute();
    buy(&mut link.connection, 1).await;
    // The server has sent the event, and it is lost. The feed still waits for it.
    wait_until_waiting(&mut link.connection, 0).await;
    link.proxy.mend();
    let (feed, item) = feed.await.unwrap();
    assert!(matches!(item, FeedItem::Event(event) if event.seq == 2));
    assert_eq!(feed.cursor().seq(), 2);
}

#[tokio::test]
async fn a_link_that_stalls_and_is_cut_is_made_again() {
    let mut link = Link::start().await;
    create(&mut link.connection).await;
    let feed = waiting_feed(link.client(), &mut link.connection).await;
    link.proxy.stall();
    buy(&mut link.connection, 1).await;
    link.proxy.cut();
    wait_until_waiting(&mut link.connection, 0).await;
    link.proxy.mend();
    let (_, item) = feed.await.unwrap();
    assert!(matches!(item, FeedItem::Event(event) if event.seq == 2));
}

#[tokio::test]
async fn a_server_that_stopped_for_long_is_asked_again() {
    let server = Server::start().await;
    let mut connection = open(&server).await;
    let feed = waiting_feed(Client::new(at(&server, "")), &mut connection).await;
    let stopped = Stopped::server(&mut connection).await;
    // Longer than the feed waits for a reply: it connects again, and in vain.
    tokio::time::sleep(Duration::from_secs(8)).await;
    drop(stopped);
    buy(&mut connection, 1).await;
    let (mut feed, item) = feed.await.unwrap();
    assert!(matches!(item, FeedItem::Event(event) if event.seq == 2));
    buy(&mut connection, 2).await;
    assert_eq!(next_seq(&mut feed).await, 3);
}

#[tokio::test]
async fn a_restart_takes_nothing_back() {
    let mut server = Server::with(AOF).await;
    open(&server).await;
    let mut feed = Client::new(at(&server, "")).sale("sale").feed(Cursor::start());
    let mut history = History::of("sale");
    history.store(next(&mut feed).await);
    for number in 0..5 {
        let mut connection = server.connect().await;
        buy(&mut connection, number).await;
        let reading = tokio::spawn(async move {
            let item = next(&mut feed).await;
            (feed, item)
        });
        server.restart().await;
        let item;
        (feed, item) = reading.await.unwrap();
        history.store(item);
    }
    history.must_match(&mut server.connect().await).await;
    assert_eq!(history.forks, 0);
    assert!(history.terms().len() > 1, "{}", ask(&mut server.connect().await, "SECKILL.INFO sale").await);
}
