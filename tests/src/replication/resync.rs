//! Full resyncs, by disk and diskless, and partial resyncs.

use std::time::Duration;

use seckill_client::{NewSale, Seckill};

use crate::harness::conditions::{wait_until, wait_until_none_held};
use crate::harness::copies::{buy_and_pause, must_be_equal};
use crate::harness::info::stat;
use crate::harness::proxy::Proxy;
use crate::harness::sample::write_sample;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play, together};

/// How a primary sends a full resync, and the line of its log that shows it.
const BY_DISK: (&str, &str) = ("repl-diskless-sync no", "Starting BGSAVE for SYNC with target: disk");
const BY_STREAM: (&str, &str) =
    ("repl-diskless-sync yes", "Starting BGSAVE for SYNC with target: replicas sockets");
/// How a replica loads it, and the line of its log that shows it.
const FROM_DISK: (&str, &str) = ("repl-diskless-load disabled", " to disk\n");
const FROM_STREAM: (&str, &str) = ("repl-diskless-load swapdb", " to parser\n");

/// Full and partial resyncs that a server granted so far.
async fn resyncs(server: &Server) -> (u64, u64) {
    let mut connection = server.connect().await;
    let mut count = async |field| stat(&mut connection, "stats", field).await.parse().unwrap();
    (count("sync_full").await, count("sync_partial_ok").await)
}

/// Places an order in `brief` whose hold does not run out while writes are paused.
async fn buy_brief_and_pause(connection: &mut Connection) {
    connection.seckill().create("brief", NewSale::new(2).hold(Duration::from_millis(100))).await.unwrap();
    buy_and_pause(connection, "SECKILL.BUY brief ann o1 QTY 2").await;
}

/// The hold in `brief` runs out once on a primary, without a call.
async fn must_expire_brief(connection: &mut Connection) {
    wait_until_none_held(connection, "brief").await;
    assert_eq!(connection.seckill().info("brief").await.unwrap().seq, 3);
    connection.seckill().audit("brief").await.unwrap();
}

/// A server with a sale of its own becomes a replica by a full resync, and then takes over.
async fn full_resync((send, sent): (&str, &str), (load, loaded): (&str, &str)) {
    let primary = Server::primary(send).await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    buy_brief_and_pause(&mut connection).await;
    let replica = Server::primary(load).await;
    let mut successor = replica.connect().await;
    let own = "SECKILL.CREATE sale STOCK 1 HOLD 60000 => OK\nSECKILL.BUY sale bob o1 => HELD";
    play(&mut successor, own).await;
    replica.become_replica_of(&primary).await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await.0, 1);
    assert!(primary.log().contains(sent) && replica.log().contains(loaded), "{sent}, {loaded}");
    replica.promote().await;
    must_expire_brief(&mut successor).await;

    // Back again: the old primary has decided more, and the promoted server becomes its replica.
    play(&mut connection, "CLIENT UNPAUSE => OK\nSECKILL.CONFIRM sale held => SOLD").await;
    must_expire_brief(&mut connection).await;
    replica.become_replica_of(&primary).await;
    play(&mut connection, "SECKILL.CANCEL sale held REFUND => CANCELLED").await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await.0, 2);
}

#[tokio::test]
async fn full_by_disk() {
    full_resync(BY_DISK, FROM_DISK).await;
}

#[tokio::test]
async fn full_from_disk_to_memory() {
    full_resync(BY_DISK, FROM_STREAM).await;
}

#[tokio::test]
async fn full_from_memory_to_disk() {
    full_resync(BY_STREAM, FROM_DISK).await;
}

#[tokio::test]
async fn full_without_a_disk() {
    full_resync(BY_STREAM, FROM_STREAM).await;
}

/// Valkey can send the snapshot over a connection of its own, as Redis 8 does by default.
#[tokio::test]
async fn full_by_two_channels() {
    const SETTING: &str = "dual-channel-replication-enabled";
    if ask(&mut Server::start().await.connect().await, &format!("CONFIG GET {SETTING}")).await == "{}" {
        eprintln!("skipped on this server: it has no {SETTING}");
        return;
    }
    let send = format!("{}\n{SETTING} yes", BY_STREAM.0);
    let load = format!("{}\n{SETTING} yes", FROM_STREAM.0);
    full_resync((&send, "using: dual-channel"), (&load, FROM_STREAM.1)).await;
}

/// A replica serves its old sales while it loads new ones. When the link breaks, it keeps the old ones.
#[tokio::test]
async fn an_interrupted_full_resync_is_discarded() {
    let primary = Server::primary("repl-diskless-sync yes\nrdbcompression no\nrepl-backlog-size 16384").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let link = Proxy::to(&primary).await;
    let load = format!("{}\nloading-process-events-interval-bytes 1024", FROM_STREAM.0);
    let replica = Server::replica_of(link.port(), &load).await;
    replica.catch_up(&primary).await;
    let mut reader = replica.connect().await;
    let before = ask(&mut reader, "DEBUG DIGEST").await;

    // Meanwhile the primary writes more than its backlog keeps, and it takes long to send.
    link.cut();
    write_many_keys(&mut connection).await;
    play(&mut connection, "SECKILL.BUY sale ann o1 => SOLD\nCONFIG SET rdb-key-save-delay 20000 => OK").await;
    buy_brief_and_pause(&mut connection).await;
    let loading = async |reader: &mut Connection| stat(reader, "persistence", "async_loading").await == "1";
    link.mend();
    wait_until("it loads", async || loading(&mut reader).await).await;
    assert_eq!(ask(&mut reader, "DEBUG DIGEST").await, before);
    assert!(loading(&mut reader).await, "it served the old sales while it loaded");
    link.cut();
    wait_until("it gives up", async || !loading(&mut reader).await).await;
    assert_eq!(ask(&mut reader, "DEBUG DIGEST").await, before);
    play(&mut reader, "SECKILL.AUDIT sale => OK").await;

    play(&mut connection, "CONFIG SET rdb-key-save-delay 0 => OK").await;
    link.mend();
    must_be_equal(&replica, &primary).await;
    assert_ne!(ask(&mut reader, "DEBUG DIGEST").await, before);
    replica.promote().await;
    must_expire_brief(&mut reader).await;
}

/// So many keys that saving takes 20 s at 20 ms each, and so large that none waits in a buffer.
async fn write_many_keys(connection: &mut Connection) {
    let (value, mut pipe) = ("x".repeat(10_000), redis::pipe());
    for number in 0..1_000 {
        pipe.cmd("SET").arg(number).arg(&value);
    }
    pipe.exec_async(connection).await.unwrap();
}

/// After a broken link a replica gets only what it missed.
#[tokio::test]
async fn partial() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await, (1, 0));

    // In one piece, so that the replica cannot reconnect in between.
    let session = [
        "CLIENT KILL TYPE replica",
        "SECKILL.CONFIRM sale held",
        "SECKILL.CANCEL sale extended",
        "SECKILL.LOCK other ann 60000",
        "INFO replication",
    ];
    let replies = together(&mut connection, &session).await;
    assert_eq!(replies[..4], ["1", "SOLD", "CANCELLED", "<us>"]);
    assert!(replies[4].contains("connected_slaves:0"), "{}", replies[4]);
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await, (1, 1));
}

/// A replica of a replica keeps its link when the first link breaks, and can resync partially, too.
#[tokio::test]
async fn partial_in_a_chain() {
    let primary = Server::primary("").await;
    let first_link = Proxy::to(&primary).await;
    let middle = Server::replica_of(first_link.port(), "").await;
    let second_link = Proxy::to(&middle).await;
    let last = Server::replica_of(second_link.port(), "").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    must_be_equal(&middle, &primary).await;
    must_be_equal(&last, &middle).await;

    first_link.cut();
    play(&mut connection, "SECKILL.CONFIRM sale held => SOLD").await;
    first_link.mend();
    must_be_equal(&middle, &primary).await;
    must_be_equal(&last, &middle).await;
    assert_eq!((resyncs(&primary).await, resyncs(&middle).await), ((1, 1), (1, 0)));

    second_link.cut();
    play(&mut connection, "SECKILL.CANCEL sale held REFUND => CANCELLED").await;
    must_be_equal(&middle, &primary).await;
    second_link.mend();
    must_be_equal(&last, &middle).await;
    assert_eq!((resyncs(&primary).await, resyncs(&middle).await), ((1, 1), (1, 1)));
}
