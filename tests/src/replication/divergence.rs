//! A replica that applied events which its primary did not decide: the mark stays until the key is replaced.

use redis::{Cmd, Value};
use seckill_client::Seckill;

use crate::harness::aof::{AOF, appended_commands};
use crate::harness::copies::must_be_equal;
use crate::harness::divergence::{APPLY_FROM_CLIENTS, must_be_marked, must_refuse_decisions};
use crate::harness::dump::restore_command;
use crate::harness::info::stat;
use crate::harness::persistence::{STORAGES, wait_until_rewritten};
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

const SESSION: &str = "
    SECKILL.CREATE sale STOCK 5 LIMIT 4 HOLD 60000 => OK
    SECKILL.BUY sale ann o1 QTY 2 => HELD
";

/// A primary and a replica to which clients can send events.
async fn pair(config: &str) -> (Server, Server) {
    let primary = Server::primary("").await;
    let replica = primary.replica(&format!("replica-read-only no\n{APPLY_FROM_CLIENTS}\n{config}")).await;
    play(&mut primary.connect().await, SESSION).await;
    must_be_equal(&replica, &primary).await;
    (primary, replica)
}

/// An event that can be applied, but that another server decided: one that was promoted too early.
async fn foreign_event(primary: &Server) -> Cmd {
    let other = primary.replica(AOF).await;
    let mut connection = other.connect().await;
    wait_until_rewritten(&mut connection).await;
    other.promote().await;
    play(&mut connection, "SECKILL.BUY sale eve o2 => HELD").await;
    appended_commands(&other).pop().unwrap()
}

/// The primary decides more, and a replica that diverged applies nothing of it.
async fn must_apply_nothing(replica: &Server, primary: &Server) {
    let mut connection = replica.connect().await;
    let before = ask(&mut connection, "SECKILL.EVENTS sale 0").await;
    play(&mut primary.connect().await, "SECKILL.RESTOCK sale 1 => 4\nSECKILL.RESTOCK sale -1 => 3").await;
    replica.catch_up(primary).await;
    must_be_marked(&mut connection).await;
    assert_eq!(ask(&mut connection, "SECKILL.EVENTS sale 0").await, before);
}

#[tokio::test]
async fn a_replica_is_marked_by_the_next_event_of_its_primary() {
    let (primary, replica) = pair("").await;
    let mut connection = replica.connect().await;
    assert_eq!(foreign_event(&primary).await.query_async(&mut connection).await, Ok(Value::Okay));
    assert!(!connection.seckill().info("sale").await.unwrap().diverged, "nothing contradicts it yet");
    must_apply_nothing(&replica, &primary).await;
    assert_eq!(stat(&mut connection, "seckill", "seckill_sales_diverged").await, "1");
    // A replica of the replica gets the mark, too.
    must_be_marked(&mut replica.replica("").await.connect().await).await;
}

const GARBAGE: &str = "SECKILL.APPLY sale garbage => -CORRUPT a newer version of the module wrote it";

/// The lines that the log of a server got since it had so many.
fn lines_since(server: &Server, before: usize) -> Vec<String> {
    server.log().lines().skip(before).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_diverged_sale_does_not_fill_the_log() {
    let (mut primary, mut replica) = pair(AOF).await;
    let mut connection = replica.connect().await;
    wait_until_rewritten(&mut connection).await;
    play(&mut connection, GARBAGE).await;
    let before = replica.log().lines().count();

    let mut decisions = redis::pipe();
    for order in 0..1_000 {
        decisions
            .cmd("SECKILL.BUY")
            .arg("sale")
            .arg("eve")
            .arg(order)
            .cmd("SECKILL.CANCEL")
            .arg("sale")
            .arg(order);
    }
    let mut deciding = primary.connect().await;
    play(&mut deciding, "SECKILL.ALTER sale LIMIT 0 => OK").await;
    decisions.exec_async(&mut deciding).await.unwrap();
    replica.catch_up(&primary).await;
    must_be_marked(&mut connection).await;
    let lines = lines_since(&replica, before);
    assert!(!lines.iter().any(|line| line.contains("CRITICAL") || line.contains("diverged")), "{lines:#?}");

    // The AOF has all that was not applied. One line says that the sale diverged.
    // A full resync would bring a good copy.
    primary.kill();
    let before = replica.log().lines().count();
    replica.restart().await;
    must_be_marked(&mut replica.connect().await).await;
    let lines = lines_since(&replica, before);
    let said = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(said("the sale at sale diverged from its primary"), 1, "{lines:#?}");
    assert!(said("CRITICAL") <= 1, "{lines:#?}");
}

#[tokio::test]
async fn the_mark_outlives_restarts_and_a_promotion() {
    for way in STORAGES {
        let (mut primary, mut replica) = pair(way.config()).await;
        let mut connection = replica.connect().await;
        wait_until_rewritten(&mut connection).await;
        play(&mut connection, GARBAGE).await;
        must_apply_nothing(&replica, &primary).await;
        let dump: Vec<u8> = get(&mut primary.connect().await, "DUMP sale").await;
        way.save(&mut connection).await;
        primary.kill();

        for _ in 0..2 {
            replica.restart().await;
            connection = replica.connect().await;
            must_be_marked(&mut connection).await;
            way.save(&mut connection).await;
        }
        replica.promote().await;
        must_be_marked(&mut connection).await;
        must_refuse_decisions(&mut connection).await;

        play(&mut connection, "DEL sale => 1").await;
        restore_command("sale", &dump).exec_async(&mut connection).await.unwrap();
        play(&mut connection, "SECKILL.AUDIT sale => OK\nSECKILL.CONFIRM sale o1 => SOLD").await;
    }
}

#[tokio::test]
async fn a_key_that_is_replaced_on_the_primary_is_sound_on_the_replica() {
    let (primary, replica) = pair("").await;
    play(&mut replica.connect().await, GARBAGE).await;
    must_apply_nothing(&replica, &primary).await;
    let mut connection = primary.connect().await;
    let dump: Vec<u8> = get(&mut connection, "DUMP sale").await;
    play(&mut connection, "DEL sale => 1").await;
    restore_command("sale", &dump).exec_async(&mut connection).await.unwrap();
    play(&mut connection, "SECKILL.CONFIRM sale o1 => SOLD").await;
    must_be_equal(&replica, &primary).await;
}

#[tokio::test]
async fn a_full_resync_replaces_it() {
    let (primary, replica) = pair("").await;
    play(&mut replica.connect().await, GARBAGE).await;
    must_apply_nothing(&replica, &primary).await;
    let mut connection = primary.connect().await;
    let before: u64 = stat(&mut connection, "stats", "sync_full").await.parse().unwrap();
    // As a primary it has a replication history of its own, so a partial resync is not possible.
    replica.promote().await;
    replica.become_replica_of(&primary).await;
    let after: u64 = stat(&mut connection, "stats", "sync_full").await.parse().unwrap();
    assert_eq!(after, before + 1);
    must_be_equal(&replica, &primary).await;
    replica.promote().await;
    play(&mut replica.connect().await, "SECKILL.CONFIRM sale o1 => SOLD\nSECKILL.AUDIT sale => OK").await;
}
