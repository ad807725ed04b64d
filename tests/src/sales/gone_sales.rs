//! Readers that wait for a sale while something else happens to its key.

use seckill_client::{NewSale, Seckill};

use crate::harness::callers::waiting;
use crate::harness::conditions::wait_until;
use crate::harness::dump::restore_command;
use crate::harness::info::used_memory;
use crate::harness::readers::brief;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play, together};
use crate::harness::waiting::Call;

/// What happens to the sale, and what its readers get.
const ENDS: &[(&str, &str)] = &[
    ("DEL sale => 1", "NOSALE"),
    ("UNLINK sale => 1", "NOSALE"),
    ("PEXPIRE sale 1 => 1", "NOSALE"),
    ("EXPIRE sale -1 => 1", "NOSALE"),
    ("RENAME sale other => OK", "NOSALE"),
    ("RENAMENX sale other => 1", "NOSALE"),
    ("MOVE sale 1 => 1", "NOSALE"),
    ("SWAPDB 0 1 => OK", "NOSALE"),
    ("FLUSHDB => OK", "NOSALE"),
    ("FLUSHDB ASYNC => OK", "NOSALE"),
    ("FLUSHALL => OK", "NOSALE"),
    ("MULTI => OK\nDEL sale => QUEUED\nSET text x => QUEUED\nEXEC => [1 OK]", "NOSALE"),
    ("EVAL \"return redis.call('DEL', KEYS[1])\" 1 sale => 1", "NOSALE"),
    ("SET sale x => OK", "WRONGTYPE"),
    ("MULTI => OK\nDEL sale => QUEUED\nSET sale x => QUEUED\nEXEC => [1 OK]", "WRONGTYPE"),
    ("SET text x => OK\nRENAME text sale => OK", "WRONGTYPE"),
    ("SET text x => OK\nCOPY text sale REPLACE => 1", "WRONGTYPE"),
    ("RPUSH list x => 1\nSORT list BY nosort STORE sale => 1", "WRONGTYPE"),
    ("SADD set x => 1\nSUNIONSTORE sale set => 1", "WRONGTYPE"),
];

async fn create(connection: &mut Connection, sale: &str, orders: u64) {
    connection.seckill().create(sale, NewSale::new(100)).await.unwrap();
    for order in 0..orders {
        play(connection, &format!("SECKILL.BUY {sale} ann {order} => SOLD")).await;
    }
}

async fn position(connection: &mut Connection) -> (u64, u64) {
    let info = connection.seckill().info("sale").await.unwrap();
    (info.seq, info.term)
}

/// Two readers of a new sale with one event, one of them with its term.
async fn readers(server: &Server, connection: &mut Connection) -> [Call; 2] {
    create(connection, "sale", 0).await;
    let (seq, term) = position(connection).await;
    [
        Call::wait_at(server, &format!("SECKILL.EVENTS sale {seq} BLOCK 0")).await,
        Call::wait_at(server, &format!("SECKILL.EVENTS sale {seq} TERM {term} BLOCK 0")).await,
    ]
}

#[tokio::test]
async fn a_sale_that_is_not_there_any_more_is_an_error() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for (session, expected) in ENDS {
        let calls = readers(&server, &mut connection).await;
        play(&mut connection, session).await;
        for call in calls {
            assert_eq!(brief(call.value().await), *expected, "{session}");
        }
        assert_eq!(waiting(&mut connection).await, [0, 0], "{session}");
        play(&mut connection, "FLUSHALL => OK").await;
    }
}

#[tokio::test]
async fn a_sale_that_is_evicted_is_an_error() {
    let server = Server::with("maxmemory-policy allkeys-random\nseckill.allow-eviction yes").await;
    let mut connection = server.connect().await;
    let calls = readers(&server, &mut connection).await;
    let room = used_memory(&mut connection).await + 300_000;
    play(&mut connection, &format!("CONFIG SET maxmemory {room} => OK")).await;
    let mut number = 0;
    wait_until("the sale is evicted", async || {
        number += 1;
        ask(&mut connection, &format!("SET filler:{number} {}", "x".repeat(10_000))).await;
        ask(&mut connection, "EXISTS sale").await == "0"
    })
    .await;
    for call in calls {
        assert_eq!(brief(call.value().await), "NOSALE");
    }
}

#[tokio::test]
async fn a_value_of_another_type_that_is_restored_is_an_error() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let calls = readers(&server, &mut connection).await;
    play(&mut connection, "SET text x => OK").await;
    let dump: Vec<u8> = get(&mut connection, "DUMP text").await;
    restore_command("sale", &dump).arg("REPLACE").exec_async(&mut connection).await.unwrap();
    for call in calls {
        assert_eq!(brief(call.value().await), "WRONGTYPE");
    }
}

/// A reader without a term relies on the history being the same; one with a term is told that it is not.
#[tokio::test]
async fn another_history_is_read_on_or_is_forked() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    create(&mut connection, "other", 2).await;
    let dump: Vec<u8> = get(&mut connection, "DUMP other").await;
    play(&mut connection, "FLUSHALL => OK").await;
    for session in [
        "RENAME other sale => OK",
        "COPY other sale REPLACE => 1",
        "RESTORE",
        "MOVE other 1 => 1\nSELECT 1 => OK\nRENAME other sale => OK\nSELECT 0 => OK\nSWAPDB 1 0 => OK",
        "MULTI => OK\nDEL sale => QUEUED\nRENAME other sale => QUEUED\nEXEC => [1 OK]",
    ] {
        restore_command("other", &dump).exec_async(&mut connection).await.unwrap();
        let [without, with] = readers(&server, &mut connection).await;
        match session {
            "RESTORE" => {
                restore_command("sale", &dump).arg("REPLACE").exec_async(&mut connection).await.unwrap();
            }
            _ => play(&mut connection, session).await,
        }
        assert_eq!(brief(without.value().await), "2 SOLD, 3 SOLD", "{session}");
        assert_eq!(brief(with.value().await), "FORKED", "{session}");
        play(&mut connection, "FLUSHALL => OK").await;
    }
}

/// The new history is no longer than the old one: only the term shows that it is another.
#[tokio::test]
async fn a_sale_that_is_created_anew_is_forked() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let [without, with] = readers(&server, &mut connection).await;
    let session = "
        MULTI => OK
        DEL sale => QUEUED
        SECKILL.CREATE sale STOCK 9 => QUEUED
        EXEC => [1 OK]
    ";
    play(&mut connection, session).await;
    assert_eq!(brief(with.value().await), "FORKED");
    play(&mut connection, "SECKILL.BUY sale ann o1 => SOLD").await;
    assert_eq!(brief(without.value().await), "2 SOLD");
}

/// The same history that went on elsewhere.
#[tokio::test]
async fn events_that_are_restored_wake_readers() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    create(&mut connection, "sale", 0).await;
    play(&mut connection, "COPY sale copy => 1").await;
    for order in ["o1", "o2"] {
        play(&mut connection, &format!("SECKILL.BUY sale ann {order} => SOLD")).await;
    }
    let dump: Vec<u8> = get(&mut connection, "DUMP sale").await;
    play(&mut connection, "COPY copy sale REPLACE => 1").await;
    let (seq, term) = position(&mut connection).await;
    assert_eq!(seq, 1);
    let call = Call::wait_at(&server, &format!("SECKILL.EVENTS sale 1 TERM {term} BLOCK 0")).await;
    restore_command("sale", &dump).arg("REPLACE").exec_async(&mut connection).await.unwrap();
    assert_eq!(brief(call.value().await), "2 SOLD, 3 SOLD");
}

/// What leaves the history as it is wakes nobody.
#[tokio::test]
async fn a_sale_that_stays_keeps_its_readers() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let calls = readers(&server, &mut connection).await;
    let session = "
        EXPIRE sale 3600 => 1
        PERSIST sale => 1
        COPY sale copy => 1
        DEL copy => 1
        DEBUG RELOAD => OK
        SWAPDB 0 1 => OK
        SWAPDB 1 0 => OK
    ";
    // In one piece, so that nobody sees database 1 in place of 0.
    let lines: Vec<_> = session.lines().filter_map(|line| line.trim().split_once(" => ")).collect();
    let commands: Vec<_> = lines.iter().map(|(line, _)| *line).collect();
    let expected: Vec<_> = lines.iter().map(|(_, reply)| *reply).collect();
    assert_eq!(together(&mut connection, &commands).await, expected);
    play(&mut connection, "SECKILL.BUY sale ann o1 => SOLD").await;
    for call in calls {
        assert_eq!(brief(call.value().await), "2 SOLD");
    }
}
