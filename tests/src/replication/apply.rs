//! SECKILL.APPLY and SECKILL.GRANT, sent by a client in place of a primary.

use redis::{Cmd, Value};
use seckill_client::{After, Error, Event, Seckill};

use crate::harness::aof::{AOF, appended_commands};
use crate::harness::divergence::{APPLY_FROM_CLIENTS, must_be_marked, must_refuse_decisions};
use crate::harness::listener::Listener;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play};

const SESSION: &str = "
    SECKILL.CREATE sale STOCK 5 LIMIT 4 HOLD 60000 => OK
    SECKILL.BUY sale ann o1 QTY 2 => HELD
    SECKILL.CONFIRM sale o1 => SOLD
    SECKILL.RESTOCK sale 3 ID r1 => 6
    SECKILL.RESTOCK sale 0 ID r2 => 6
    SECKILL.LOCK lock ann 60000 => <us>
    SECKILL.BUY sale bob o2 => HELD
";

/// The digests after a session, and the commands that replicate it.
async fn replicated() -> (Vec<String>, Vec<Cmd>) {
    let server = Server::with(AOF).await;
    let mut connection = server.connect().await;
    play(&mut connection, SESSION).await;
    (digests(&mut connection).await, appended_commands(&server))
}

async fn digests(connection: &mut Connection) -> Vec<String> {
    let mut digests = vec![];
    for line in ["DEBUG DIGEST-VALUE sale", "SECKILL.EVENTS sale 0", "GET lock"] {
        digests.push(ask(connection, line).await);
    }
    digests
}

#[tokio::test]
async fn apply_replays_a_stream() {
    let (digests_there, commands) = replicated().await;
    assert_eq!(commands.len(), 7);
    let server = Server::with(APPLY_FROM_CLIENTS).await;
    let mut connection = server.connect().await;
    for command in &commands {
        command.exec_async(&mut connection).await.unwrap();
    }
    assert_eq!(digests(&mut connection).await, digests_there);
    let session = "
        SECKILL.AUDIT sale => OK
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.BUY sale ann o1 QTY 2 => SOLD
        SECKILL.CONFIRM sale o2 => SOLD
        SECKILL.RESTOCK sale 1 ID r2 => -MISMATCH the id exists with another delta
        SECKILL.UNLOCK lock ann => 1
    ";
    play(&mut connection, session).await;
}

#[tokio::test]
async fn apply_needs_the_config() {
    let (_, commands) = replicated().await;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for command in &commands {
        let error = command.exec_async(&mut connection).await.unwrap_err();
        assert_eq!(error.code(), Some("ERR"), "{error}");
    }
    // A transaction makes no difference.
    play(&mut connection, "MULTI => OK").await;
    commands[0].exec_async(&mut connection).await.unwrap();
    assert!(ask(&mut connection, "EXEC").await.starts_with("[-ERR "));
    play(&mut connection, "DBSIZE => 0\nCONFIG SET seckill.apply-from-clients yes => OK").await;
    commands[0].exec_async(&mut connection).await.unwrap();
    play(&mut connection, "EXISTS sale => 1").await;
}

/// When an event is missing, comes twice, or is no event, the copy is marked as diverged.
#[tokio::test]
async fn events_that_cannot_be_applied_mark_the_sale() {
    let (_, commands) = replicated().await;
    let mut garbage = Cmd::new();
    garbage.arg("SECKILL.APPLY").arg("sale").arg(b"\x01\xff\xff");
    let ways: [(&str, &[&Cmd]); 3] = [
        ("one is missing", &[&commands[0], &commands[2]]),
        ("one comes twice", &[&commands[0], &commands[1], &commands[1]]),
        ("one is garbage", &[&commands[0], &commands[1], &garbage]),
    ];
    for (way, sent) in ways {
        let mut server = Server::with(APPLY_FROM_CLIENTS).await;
        let mut connection = server.connect().await;
        for command in sent {
            // A primary ignores the replies.
            let _: Result<Value, _> = command.query_async(&mut connection).await;
        }
        let before = ask(&mut connection, "SECKILL.EVENTS sale 0").await;
        for restarted in [false, true] {
            if restarted {
                play(&mut connection, "SAVE => OK").await;
                server.restart().await;
                connection = server.connect().await;
            }
            must_be_marked(&mut connection).await;
            assert_eq!(ask(&mut connection, "SECKILL.EVENTS sale 0").await, before, "{way}: reads continue");
            must_refuse_decisions(&mut connection).await;
        }

        play(&mut connection, "DEL sale lock => 1").await;
        for command in &commands {
            command.exec_async(&mut connection).await.unwrap();
        }
        play(&mut connection, "SECKILL.AUDIT sale => OK\nSECKILL.CONFIRM sale o2 => SOLD").await;
    }
}

/// Events that were applied are published as keyspace events. Repeated and refused ones are not.
#[tokio::test]
async fn applied_events_are_published_once() {
    let (_, commands) = replicated().await;
    let server = Server::with(&format!("{APPLY_FROM_CLIENTS}\nnotify-keyspace-events Ed")).await;
    let mut listener = Listener::on(&server).await;
    listener.subscribe().await;
    let mut connection = server.connect().await;
    for command in [&commands[0], &commands[1], &commands[1], &commands[1]] {
        // The repeated event marks the sale, and from then on nothing is applied.
        let _: Result<Value, _> = command.query_async(&mut connection).await;
    }
    play(&mut connection, "SECKILL.CREATE end STOCK 1 => OK").await;
    assert_eq!(listener.until("seckill.create end").await, ["seckill.create sale", "seckill.buy sale"]);
}

/// One payload with the highest term would leave no terms for the sales of this server: a reader of a sale that
/// is created anew would not see that it has another history.
#[tokio::test]
async fn the_highest_term_of_a_client_is_refused() {
    let server = Server::with(APPLY_FROM_CLIENTS).await;
    let mut connection = server.connect().await;
    let batch = r"\x01\x01\xff\xff\xff\xff\xff\xff\xff\x0f\x01\x00\x00\x05\x00\x00\x00\x00";
    let session = format!(
        r#"SECKILL.APPLY sale "{batch}" => -CORRUPT a term or a time in the far future
        SECKILL.CREATE new STOCK 1 => OK
        SECKILL.BUY new ann o1 => SOLD"#
    );
    play(&mut connection, &session).await;
    let events: Vec<Event> = connection.seckill().events("new", After::seq(0)).await.unwrap();
    play(&mut connection, "DEL new => 1\nSECKILL.CREATE new STOCK 1 => OK\nSECKILL.BUY new ann o1 => SOLD")
        .await;
    let last = events.last().unwrap();
    let error = connection.seckill().events("new", After::seq(last.seq).term(last.term)).await.unwrap_err();
    assert!(matches!(error, Error::Forked { .. }), "{error}");
}
