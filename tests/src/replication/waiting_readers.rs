//! Readers that wait for events on replicas, and while roles and histories change.

use futures_util::future::{join, join_all};
use seckill_client::{Buy, Event, NewSale, Seckill};

use crate::harness::callers::waiting;
use crate::harness::conditions::{ms, wait_until};
use crate::harness::copies::swap_roles;
use crate::harness::history::History;
use crate::harness::info::stat;
use crate::harness::proxy::Proxy;
use crate::harness::readers::{brief, must_be_woken_by_every_event, read_on};
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;
use crate::harness::waiting::Call;

/// A primary that keeps little of what it replicated.
const RESYNCS: &str = "repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-backlog-size 16384";

/// From now on a replica that lost its link needs a full resync.
async fn exceed_backlog(connection: &mut Connection) {
    play(connection, &format!("SET large {} => OK", "x".repeat(100_000))).await;
}

async fn buy(connection: &mut Connection, order: &str) {
    play(connection, &format!("SECKILL.BUY sale ann {order} => SOLD")).await;
}

/// A reader that has read the last event of a copy of the sale, and waits on a server for the next one.
async fn reader(copy: &mut Connection, server: &Server) -> Call {
    let info = copy.seckill().info("sale").await.unwrap();
    Call::wait_at(server, &format!("SECKILL.EVENTS sale {} TERM {} BLOCK 0", info.seq, info.term)).await
}

#[tokio::test]
async fn every_event_wakes_readers_of_all_copies() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let last = replica.replica("").await;
    must_be_woken_by_every_event(&[&primary, &replica, &last]).await;
}

/// Many readers, each on one of three copies, while orders come.
#[tokio::test]
async fn readers_of_all_copies_get_every_event_once() {
    const READERS: usize = 60;
    const EVENTS: usize = 300;
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let last = replica.replica("").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(1_000)).await.unwrap();
    replica.catch_up(&primary).await;
    last.catch_up(&replica).await;
    let servers = [&primary, &replica, &last];
    let readers = (0..READERS).map(async |number| {
        let mut reader = servers[number % 3].connect().await;
        let mut events: Vec<Event> = vec![];
        while events.len() < EVENTS {
            read_on(&mut reader, &mut events, 1 + number as u64).await;
        }
        events
    });
    let buyers = async {
        for order in 1..EVENTS {
            connection.seckill().buy("sale", Buy::new("ann", &order.to_string())).await.unwrap();
            tokio::time::sleep(ms(1)).await;
        }
    };
    let (stories, ()) = join(join_all(readers), buyers).await;
    let history = History::read(&mut connection, "sale").await;
    assert!(stories.iter().all(|events| *events == history.events));
}

/// A reader may know more than the replica that it asks: it waits until the replica has heard of that, too.
#[tokio::test]
async fn a_reader_waits_for_a_replica_that_lags() {
    let primary = Server::primary("").await;
    let link = Proxy::to(&primary).await;
    let replica = Server::replica_of(link.port(), "").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    replica.catch_up(&primary).await;
    link.stall();
    for order in ["o1", "o2"] {
        buy(&mut connection, order).await;
    }
    let ahead = reader(&mut connection, &replica).await;
    buy(&mut connection, "o3").await;
    link.mend();
    assert_eq!(brief(ahead.value().await), "4 SOLD");
}

/// A full resync replaces all data of a replica. Its readers see no moment without the sale.
async fn must_survive_a_full_resync(load: &str) {
    let primary =
        Server::primary("repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-backlog-size 16384").await;
    let link = Proxy::to(&primary).await;
    let replica = Server::replica_of(link.port(), load).await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    replica.catch_up(&primary).await;
    let reading = reader(&mut connection, &replica).await;
    let term = connection.seckill().info("sale").await.unwrap().term;
    let ahead = Call::wait_at(&replica, &format!("SECKILL.EVENTS sale 2 TERM {term} BLOCK 0")).await;
    let later = Call::wait_at(&replica, "SECKILL.EVENTS sale 3 BLOCK 0").await;

    link.cut();
    for order in ["o1", "o2"] {
        buy(&mut connection, order).await;
    }
    exceed_backlog(&mut connection).await;
    link.mend();
    replica.catch_up(&primary).await;
    assert_eq!(stat(&mut connection, "stats", "sync_full").await, "2");
    assert_eq!(brief(reading.value().await), "2 SOLD, 3 SOLD");
    assert_eq!(brief(ahead.value().await), "3 SOLD");
    buy(&mut connection, "o3").await;
    assert_eq!(brief(later.value().await), "4 SOLD");
    assert_eq!(waiting(&mut replica.connect().await).await, [0, 0]);
}

#[tokio::test]
async fn readers_survive_a_full_resync_from_disk() {
    must_survive_a_full_resync("repl-diskless-load disabled").await;
}

#[tokio::test]
async fn readers_survive_a_full_resync_to_memory() {
    must_survive_a_full_resync("repl-diskless-load swapdb").await;
}

/// A server that becomes a replica ends the calls that wait, as those of BLPOP. Then its readers wait as readers of
/// a replica.
#[tokio::test]
async fn a_reader_is_unblocked_when_its_server_becomes_a_replica() {
    let old = Server::primary("").await;
    let new = old.replica("").await;
    let mut connection = old.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    new.catch_up(&old).await;
    let reading = reader(&mut connection, &old).await;
    new.promote().await;
    old.become_replica_of(&new).await;
    assert_eq!(brief(reading.value().await), "UNBLOCKED");
    assert_eq!(waiting(&mut connection).await, [0, 0]);
    let reading = reader(&mut connection, &old).await;
    buy(&mut new.connect().await, "o1").await;
    assert_eq!(brief(reading.value().await), "2 SOLD");
}

/// A planned failover loses nothing: readers of the replica wait on when it takes over.
#[tokio::test]
async fn a_promotion_keeps_readers() {
    let old = Server::primary("").await;
    let new = old.replica("").await;
    let mut connection = old.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    new.catch_up(&old).await;
    let reading = reader(&mut connection, &new).await;
    swap_roles(&old, &new).await;
    let mut connection = new.connect().await;
    assert_eq!(waiting(&mut connection).await, [0, 1]);
    buy(&mut connection, "o1").await;
    assert_eq!(brief(reading.value().await), "2 SOLD");
}

/// A reader knows events that no server has any more. As long as its server is a replica they might still come.
#[tokio::test]
async fn a_promotion_that_lost_events_is_forked() {
    let mut primary = Server::primary("").await;
    let link = Proxy::to(&primary).await;
    let replica = Server::replica_of(link.port(), "").await;
    let mut old = primary.connect().await;
    old.seckill().create("sale", NewSale::new(9)).await.unwrap();
    replica.catch_up(&primary).await;
    let shared = reader(&mut old, &replica).await;
    link.stall();
    for order in ["lost", "too"] {
        buy(&mut old, order).await;
    }
    let beyond = reader(&mut old, &replica).await;
    primary.kill();
    replica.promote().await;
    // It is not told by the next event only: there may be none.
    assert_eq!(brief(beyond.value().await), "FORKED");
    buy(&mut replica.connect().await, "kept").await;
    assert_eq!(brief(shared.value().await), "2 SOLD");
}

/// A replica hears by a full resync alone that the sale was created anew, and then that it is gone.
#[tokio::test]
async fn a_history_that_a_full_resync_replaces_is_forked() {
    let primary = Server::primary(RESYNCS).await;
    let link = Proxy::to(&primary).await;
    let replica = Server::replica_of(link.port(), "").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    buy(&mut connection, "o1").await;
    replica.catch_up(&primary).await;
    let with = reader(&mut connection, &replica).await;
    let without = Call::wait_at(&replica, "SECKILL.EVENTS sale 2 BLOCK 0").await;
    link.cut();
    play(&mut connection, "DEL sale => 1").await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    for order in ["o2", "o3"] {
        buy(&mut connection, order).await;
    }
    exceed_backlog(&mut connection).await;
    link.mend();
    assert_eq!(brief(with.value().await), "FORKED");
    assert_eq!(brief(without.value().await), "3 SOLD");

    replica.catch_up(&primary).await;
    let gone = Call::wait_at(&replica, "SECKILL.EVENTS sale 3 BLOCK 0").await;
    link.cut();
    play(&mut connection, "DEL sale => 1").await;
    exceed_backlog(&mut connection).await;
    link.mend();
    assert_eq!(brief(gone.value().await), "NOSALE");
    assert_eq!(stat(&mut connection, "stats", "sync_full").await, "3");
}

/// What deletes a sale on the primary is replicated, in whatever words.
#[tokio::test]
async fn a_reader_of_a_replica_learns_that_the_sale_is_gone() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut connection = primary.connect().await;
    for (session, expected) in [
        ("DEL sale => 1", "NOSALE"),
        ("UNLINK sale => 1", "NOSALE"),
        ("PEXPIRE sale 1 => 1", "NOSALE"),
        ("RENAME sale other => OK", "NOSALE"),
        ("MOVE sale 1 => 1", "NOSALE"),
        ("FLUSHDB => OK", "NOSALE"),
        ("FLUSHALL ASYNC => OK", "NOSALE"),
        ("SWAPDB 0 1 => OK", "NOSALE"),
        ("SET sale x => OK", "WRONGTYPE"),
        ("SADD set x => 1\nSUNIONSTORE sale set => 1", "WRONGTYPE"),
    ] {
        connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
        replica.catch_up(&primary).await;
        let reading = reader(&mut connection, &replica).await;
        play(&mut connection, session).await;
        // A key that has expired is deleted when it is looked at.
        wait_until("the sale is gone", async || connection.seckill().info("sale").await.is_err()).await;
        assert_eq!(brief(reading.value().await), expected, "{session}");
        play(&mut connection, "FLUSHALL => OK").await;
    }
}
