//! What a replica lacks comes to it as a whole, by disk or not, or only its last part.

use std::time::Duration;

use seckill_client::{Sale, Seckill};

use crate::harness::conditions::{wait_until, wait_until_none_held};
use crate::harness::copies::{buy_and_pause, must_be_equal};
use crate::harness::info::stat;
use crate::harness::proxy::Proxy;
use crate::harness::sample::write_sample;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play, together};

/// How a primary may send the whole, and a line of its log that tells so.
const BY_DISK: (&str, &str) = ("repl-diskless-sync no", "Starting BGSAVE for SYNC with target: disk");
const BY_STREAM: (&str, &str) =
    ("repl-diskless-sync yes", "Starting BGSAVE for SYNC with target: replicas sockets");
/// How a replica may load it, likewise.
const FROM_DISK: (&str, &str) = ("repl-diskless-load disabled", " to disk\n");
const FROM_STREAM: (&str, &str) = ("repl-diskless-load swapdb", " to parser\n");

/// Full and partial resyncs that a server granted so far.
async fn resyncs(server: &Server) -> (u64, u64) {
    let mut connection = server.connect().await;
    let mut count = async |field| stat(&mut connection, "stats", field).await.parse().unwrap();
    (count("sync_full").await, count("sync_partial_ok").await)
}

/// Has a hold on `brief` that does not run out for now.
async fn buy_brief_and_freeze(connection: &mut Connection) {
    connection.create("brief", Sale::new(2).hold(Duration::from_millis(100))).await.unwrap();
    buy_and_pause(connection, "SECKILL.BUY brief ann o1 QTY 2").await;
}

/// It does on the server that decides, once, and without anyone touching the sale.
async fn brief_runs_out(connection: &mut Connection) {
    wait_until_none_held(connection, "brief").await;
    assert_eq!(connection.info("brief").await.unwrap().seq, 3);
    connection.audit("brief").await.unwrap();
}

/// A server with a sale of its own becomes a replica, and then takes over.
async fn the_whole_comes((send, sent): (&str, &str), (load, loaded): (&str, &str)) {
    let primary = Server::primary(send).await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    buy_brief_and_freeze(&mut connection).await;
    let replica = Server::primary(load).await;
    let mut successor = replica.connect().await;
    let own = "SECKILL.CREATE sale STOCK 1 HOLD 60000 => OK\nSECKILL.BUY sale bob o1 => HELD";
    play(&mut successor, own).await;
    replica.become_replica_of(&primary).await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await.0, 1);
    assert!(primary.log().contains(sent) && replica.log().contains(loaded), "{sent}, {loaded}");
    replica.promote().await;
    brief_runs_out(&mut successor).await;

    // And back again: the primary went on, too.
    play(&mut connection, "CLIENT UNPAUSE => OK\nSECKILL.CONFIRM sale held => SOLD").await;
    brief_runs_out(&mut connection).await;
    replica.become_replica_of(&primary).await;
    play(&mut connection, "SECKILL.CANCEL sale held REFUND => CANCELLED").await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await.0, 2);
}

#[tokio::test]
async fn the_whole_by_disk() {
    the_whole_comes(BY_DISK, FROM_DISK).await;
}

#[tokio::test]
async fn the_whole_from_disk_to_memory() {
    the_whole_comes(BY_DISK, FROM_STREAM).await;
}

#[tokio::test]
async fn the_whole_from_memory_to_disk() {
    the_whole_comes(BY_STREAM, FROM_DISK).await;
}

#[tokio::test]
async fn the_whole_without_a_disk() {
    the_whole_comes(BY_STREAM, FROM_STREAM).await;
}

/// Valkey can send it beside the stream of commands, as Redis 8 does anyway.
#[tokio::test]
async fn the_whole_by_a_channel_of_its_own() {
    const SETTING: &str = "dual-channel-replication-enabled";
    if ask(&mut Server::start().await.connect().await, &format!("CONFIG GET {SETTING}")).await == "{}" {
        eprintln!("skipped on this server: it has no {SETTING}");
        return;
    }
    let send = format!("{}\n{SETTING} yes", BY_STREAM.0);
    let load = format!("{}\n{SETTING} yes", FROM_STREAM.0);
    the_whole_comes((&send, "using: dual-channel"), (&load, FROM_STREAM.1)).await;
}

/// A replica loads one set of sales while it serves another: when the link breaks, it goes on serving that.
#[tokio::test]
async fn a_whole_that_is_broken_off_is_forgotten() {
    let primary = Server::primary("repl-diskless-sync yes\nrdbcompression no\nrepl-backlog-size 16384").await;
    let mut connection = primary.connect().await;
    connection.create("sale", Sale::new(9)).await.unwrap();
    let link = Proxy::to(&primary).await;
    let load = format!("{}\nloading-process-events-interval-bytes 1024", FROM_STREAM.0);
    let replica = Server::replica_of(link.port(), &load).await;
    replica.catch_up(&primary).await;
    let mut reader = replica.connect().await;
    let before = ask(&mut reader, "DEBUG DIGEST").await;

    // What happens while it is away is more than the primary keeps for it, and takes long to send.
    link.cut();
    write_much(&mut connection).await;
    play(&mut connection, "SECKILL.BUY sale ann o1 => SOLD\nCONFIG SET rdb-key-save-delay 20000 => OK").await;
    buy_brief_and_freeze(&mut connection).await;
    let loading = async |reader: &mut Connection| stat(reader, "persistence", "async_loading").await == "1";
    link.mend();
    wait_until("it loads", async || loading(&mut reader).await).await;
    assert_eq!(ask(&mut reader, "DEBUG DIGEST").await, before);
    assert!(loading(&mut reader).await, "it served this while it loaded");
    link.cut();
    wait_until("it gave up", async || !loading(&mut reader).await).await;
    assert_eq!(ask(&mut reader, "DEBUG DIGEST").await, before);
    play(&mut reader, "SECKILL.AUDIT sale => OK").await;

    play(&mut connection, "CONFIG SET rdb-key-save-delay 0 => OK").await;
    link.mend();
    must_be_equal(&replica, &primary).await;
    assert_ne!(ask(&mut reader, "DEBUG DIGEST").await, before);
    replica.promote().await;
    brief_runs_out(&mut reader).await;
}

/// So many keys that to save them takes 20 s when each takes 20 ms, and so large that each is sent at once.
async fn write_much(connection: &mut Connection) {
    let (value, mut pipe) = ("x".repeat(10_000), redis::pipe());
    for number in 0..1_000 {
        pipe.cmd("SET").arg(number).arg(&value);
    }
    pipe.exec_async(connection).await.unwrap();
}

/// What a replica missed while its link was broken follows what it has.
#[tokio::test]
async fn the_last_part() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    must_be_equal(&replica, &primary).await;
    assert_eq!(resyncs(&primary).await, (1, 0));

    // In one piece, so that it cannot come back in between.
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

/// A replica behind a replica is not disturbed when the link before it breaks, and can miss a part, too.
#[tokio::test]
async fn the_last_part_behind_another() {
    let primary = Server::primary("").await;
    let before = Proxy::to(&primary).await;
    let middle = Server::replica_of(before.port(), "").await;
    let behind = Proxy::to(&middle).await;
    let last = Server::replica_of(behind.port(), "").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    must_be_equal(&middle, &primary).await;
    must_be_equal(&last, &middle).await;

    before.cut();
    play(&mut connection, "SECKILL.CONFIRM sale held => SOLD").await;
    before.mend();
    must_be_equal(&middle, &primary).await;
    must_be_equal(&last, &middle).await;
    assert_eq!((resyncs(&primary).await, resyncs(&middle).await), ((1, 1), (1, 0)));

    behind.cut();
    play(&mut connection, "SECKILL.CANCEL sale held REFUND => CANCELLED").await;
    must_be_equal(&middle, &primary).await;
    behind.mend();
    must_be_equal(&last, &middle).await;
    assert_eq!((resyncs(&primary).await, resyncs(&middle).await), ((1, 1), (1, 1)));
}
