//! Hundreds of readers that follow a sale, each on a connection of its own, while buyers buy.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use seckill_client::{Buy, Event, EventKind, NewSale, Seckill};
use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::UnixStream;

use crate::harness::callers::waiting;
use crate::harness::conditions::{ms, wait_until};
use crate::harness::history::History;
use crate::harness::info::stat;
use crate::harness::readers::{brief, read_on};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{command, fill, get, play};
use crate::harness::waiting::Call;

/// The order after which no reader reads on.
const LAST: &[u8] = b"last";
/// How many events readers ask for at once.
const COUNTS: [u64; 4] = [1, 10, 100, 1_000];

fn is_last(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Order { order, .. } if order == LAST)
}

/// A reader of `sale` until the last order.
async fn follow(mut connection: Connection, count: u64, read: &Cell<usize>) -> Vec<Event> {
    let mut events = vec![];
    while !events.last().is_some_and(is_last) {
        read_on(&mut connection, &mut events, count).await;
        read.set(events.len());
    }
    events
}

/// Buys from `sale`, some hundred orders a second, until the condition holds, and then places the last order.
async fn buy_until(server: &Server, mut is_over: impl FnMut() -> bool) {
    let mut connection = server.connect().await;
    for number in 0.. {
        if is_over() {
            break;
        }
        connection.seckill().buy("sale", Buy::new("ann", &number.to_string())).await.unwrap();
        tokio::time::sleep(ms(1)).await;
    }
    connection.seckill().buy("sale", Buy::new("ann", "last")).await.unwrap();
}

/// Orders come until everybody has read some, so nobody may have to wait until it is quiet.
#[tokio::test]
async fn all_get_every_event_once_and_in_order() {
    const READERS: usize = 200;
    const EVENTS: usize = 100;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1_000_000)).await.unwrap();
    let read = vec![Cell::new(0); READERS];
    let connections = join_all((0..READERS).map(|_| server.connect())).await;
    let readers = connections.into_iter().enumerate();
    let readers = readers.map(|(number, connection)| follow(connection, COUNTS[number % 4], &read[number]));
    let buyers = buy_until(&server, || read.iter().all(|read| read.get() >= EVENTS));
    let (stories, ()) = join(join_all(readers), buyers).await;

    let history = History::read(&mut connection, "sale").await;
    assert!(history.len() > EVENTS);
    for events in stories {
        assert!(events == history.events, "a reader has another history");
    }
    wait_until("nobody waits", async || waiting(&mut connection).await == [0, 0]).await;
    connection.seckill().force_audit("sale").await.unwrap();
}

/// A sale with an event now and then, beside one that is sold to a crowd.
#[tokio::test]
async fn a_busy_sale_keeps_no_other_waiting() {
    const EVENTS: u64 = 30;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1_000_000)).await.unwrap();
    connection.seckill().create("quiet", NewSale::new(EVENTS)).await.unwrap();
    let read = vec![Cell::new(0); 100];
    let connections = join_all(read.iter().map(|_| server.connect())).await;
    let readers = connections.into_iter().zip(&read).map(|(connection, read)| follow(connection, 10, read));
    let is_over = Cell::new(false);
    let quiet = async {
        let mut reader = server.connect().await;
        for seq in 2..=EVENTS {
            let waits: String = format!("SECKILL.EVENTS quiet {} BLOCK 0", seq - 1);
            let buys = async {
                // The reader may wait already, or not yet.
                play(&mut connection, &format!("SECKILL.BUY quiet ann {seq} => SOLD")).await;
            };
            let (events, ()) = join(get::<Vec<Event>>(&mut reader, &waits), buys).await;
            assert_eq!(events.len(), 1);
        }
        is_over.set(true);
    };
    let buyers = buy_until(&server, || is_over.get());
    let (stories, ..) = join(join_all(readers), join(buyers, quiet)).await;
    let longest = stories.iter().map(Vec::len).max();
    assert!(stories.iter().all(|events| Some(events.len()) == longest));
}

/// A client that asks the same again and again, and looks at no reply.
async fn ask_for_ever(server: &Server, line: &str) {
    let (mut replies, mut requests) = UnixStream::connect(server.socket()).await.unwrap().into_split();
    let request = command(line).get_packed_command();
    let asks = async {
        loop {
            requests.write_all(&request).await.unwrap();
        }
    };
    let mut ignored = sink();
    tokio::select! {
        () = asks => {}
        ended = copy(&mut replies, &mut ignored) => panic!("{ended:?}"),
    }
}

/// How often EVENTS was called.
async fn calls(connection: &mut Connection) -> u64 {
    let stats = stat(connection, "commandstats", "cmdstat_seckill.events").await;
    stats.split(',').find_map(|field| field.strip_prefix("calls=")).unwrap().parse().unwrap()
}

/// Readers that always have something to read, and more than the server takes the time to send, keep no reader
/// waiting that has only the next event to get.
#[tokio::test]
async fn readers_that_are_far_behind_keep_no_other_waiting() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    fill(&mut connection, "sale", 1_000).await;
    let behind = (0..20).map(|_| ask_for_ever(&server, "SECKILL.EVENTS sale 0 COUNT 1000 BLOCK 0"));
    let others = async {
        for stock in 1..6_u64 {
            let last = connection.seckill().info("sale").await.unwrap().seq;
            let line = format!("SECKILL.EVENTS sale {last} BLOCK 0");
            let next = Call::wait_at(&server, &line).await;
            // All others were served once more, so it was found to have nothing to read.
            let served = calls(&mut connection).await + 50;
            wait_until("the others are served", async || calls(&mut connection).await >= served).await;
            play(&mut connection, &format!("SECKILL.RESTOCK sale 1 => {stock}")).await;
            assert_eq!(brief(next.value().await), format!("{} RESTOCKED", last + 1));
        }
    };
    tokio::select! {
        () = others => {}
        _ = join_all(behind) => unreachable!("they never end"),
    }
}
