//! EVENTS … BLOCK: readers that wait for the next event.

use std::time::Instant;

use seckill_client::{NewSale, Seckill};

use crate::harness::callers::waiting;
use crate::harness::conditions::{ms, wait_until};
use crate::harness::readers::{brief, must_be_woken_by_every_event};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, fill, get, play, together};
use crate::harness::waiting::Call;

/// A server with a sale that has one event.
async fn shop() -> (Server, Connection) {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(100)).await.unwrap();
    (server, connection)
}

async fn buy(connection: &mut Connection, orders: impl IntoIterator<Item = u64>) {
    for order in orders {
        play(connection, &format!("SECKILL.BUY sale ann {order} => SOLD")).await;
    }
}

#[tokio::test]
async fn every_event_wakes_a_reader() {
    must_be_woken_by_every_event(&[&Server::start().await]).await;
}

#[tokio::test]
async fn what_is_there_already_comes_at_once() {
    let (_server, mut connection) = shop().await;
    buy(&mut connection, 2..=4).await;
    let events = ask(&mut connection, "SECKILL.EVENTS sale 0").await;
    assert_eq!(ask(&mut connection, "SECKILL.EVENTS sale 0 BLOCK 0").await, events);
    let events = ask(&mut connection, "SECKILL.EVENTS sale 2 COUNT 1").await;
    assert_eq!(ask(&mut connection, "SECKILL.EVENTS sale 2 BLOCK 0 COUNT 1").await, events);
}

/// What came while a reader waited is sent in the same pages as by EVENTS without BLOCK.
#[tokio::test]
async fn a_reader_that_waited_gets_no_more_than_it_asked_for() {
    let (server, mut connection) = shop().await;
    let calls = [
        ("SECKILL.EVENTS sale 1 COUNT 2 BLOCK 0", "2 SOLD, 3 SOLD"),
        ("SECKILL.EVENTS sale 1 COUNT 9 BLOCK 0", "2 SOLD, 3 SOLD, 4 SOLD"),
        ("SECKILL.EVENTS sale 3 COUNT 2 BLOCK 0", "4 SOLD"),
    ];
    let mut waiting = vec![];
    for (line, expected) in calls {
        waiting.push((Call::wait_at(&server, line).await, expected));
    }
    let buy = "redis.call('SECKILL.BUY', KEYS[1], 'ann', order)";
    play(&mut connection, &format!("EVAL \"for order = 2, 4 do {buy} end\" 1 sale => nil")).await;
    for (call, expected) in waiting {
        assert_eq!(brief(call.value().await), expected);
    }
}

/// A reader may wait for an event that is not the next one. It is not woken before.
#[tokio::test]
async fn a_reader_ahead_of_the_history_waits_until_it_gets_there() {
    let (server, mut connection) = shop().await;
    let ahead = Call::wait_at(&server, "SECKILL.EVENTS sale 4 BLOCK 0").await;
    for seq in 2..=4 {
        let next = Call::wait_at(&server, &format!("SECKILL.EVENTS sale {} BLOCK 0", seq - 1)).await;
        buy(&mut connection, [seq]).await;
        assert_eq!(brief(next.value().await), format!("{seq} SOLD"));
        assert_eq!(waiting(&mut connection).await, [0, 1]);
    }
    buy(&mut connection, [5]).await;
    assert_eq!(brief(ahead.value().await), "5 SOLD");
}

/// The term of a reader is compared when it comes, and again when it is woken.
#[tokio::test]
async fn a_reader_with_a_term_waits_only_where_its_history_ends() {
    let (server, mut connection) = shop().await;
    buy(&mut connection, [2]).await;
    let term = connection.seckill().info("sale").await.unwrap().term;
    for (after, term) in [(2, term - 1), (2, term + 1), (3, term), (1, term - 1)] {
        let call = format!("SECKILL.EVENTS sale {after} TERM {term} BLOCK 0");
        assert!(ask(&mut connection, &call).await.starts_with("-FORKED "), "{call}");
    }
    let call = Call::wait_at(&server, &format!("SECKILL.EVENTS sale 2 TERM {term} BLOCK 0")).await;
    buy(&mut connection, [3]).await;
    assert_eq!(brief(call.value().await), "3 SOLD");
}

#[tokio::test]
async fn a_reader_gets_nothing_when_its_time_is_up() {
    for protocol in ["resp2", "resp3"] {
        let server = Server::start().await;
        let mut connection = server.connect_as(&format!("protocol={protocol}")).await;
        play(&mut connection, "SECKILL.CREATE sale STOCK 9 => OK").await;
        let begin = Instant::now();
        play(&mut connection, "SECKILL.EVENTS sale 1 BLOCK 50 => []").await;
        assert!(begin.elapsed() >= ms(50), "{:?}", begin.elapsed());
        assert_eq!(waiting(&mut connection).await, [0, 0]);
    }
}

/// In MULTI and in scripts nothing may wait: BLOCK is ignored.
#[tokio::test]
async fn nobody_waits_in_transactions_and_scripts() {
    let (_server, mut connection) = shop().await;
    let session = r#"
        MULTI => OK
        SECKILL.EVENTS sale 1 BLOCK 0 => QUEUED
        EXEC => [[]]
        EVAL "return redis.call('SECKILL.EVENTS', KEYS[1], 1, 'BLOCK', 0)" 1 sale => []
        EVAL "return #redis.call('SECKILL.EVENTS', KEYS[1], 0, 'BLOCK', 0)" 1 sale => 1
    "#;
    play(&mut connection, session).await;
    assert_eq!(waiting(&mut connection).await, [0, 0]);
}

/// There is nothing to wait for, so the error comes at once.
#[tokio::test]
async fn nobody_waits_for_a_sale_that_is_not_there() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SET text x => OK").await;
    for (sale, error) in [("sale", "-NOSALE "), ("text", "-WRONGTYPE ")] {
        let reply = ask(&mut connection, &format!("SECKILL.EVENTS {sale} 0 BLOCK 0")).await;
        assert!(reply.starts_with(error), "{reply}");
    }
}

#[tokio::test]
async fn each_database_has_its_own_sale() {
    let (server, mut connection) = shop().await;
    let mut other = server.connect().await;
    play(&mut other, "SELECT 1 => OK\nSECKILL.CREATE sale STOCK 9 => OK").await;
    let first = Call::wait_at(&server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    let second = Call::wait_on(other.clone(), &server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    drop(other);
    let mut elsewhere = server.connect().await;
    play(&mut elsewhere, "SELECT 1 => OK\nSECKILL.RESTOCK sale 1 => 10").await;
    assert_eq!(brief(second.value().await), "2 RESTOCKED");
    assert_eq!(waiting(&mut connection).await, [0, 1]);
    buy(&mut connection, [2]).await;
    assert_eq!(brief(first.value().await), "2 SOLD");
}

/// CLIENT UNBLOCK, CLIENT KILL and the end of a connection leave nothing behind.
#[tokio::test]
async fn a_reader_that_leaves_is_forgotten() {
    let (server, mut connection) = shop().await;
    let unblocked = "-UNBLOCKED client unblocked via CLIENT UNBLOCK";
    for (line, expected) in [("UNBLOCK %", "[]"), ("UNBLOCK % TIMEOUT", "[]"), ("UNBLOCK % ERROR", unblocked)]
    {
        let mut reader = server.connect().await;
        let id: u64 = get(&mut reader, "CLIENT ID").await;
        let call = Call::wait_on(reader, &server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
        play(&mut connection, &format!("CLIENT {} => 1", line.replace('%', &id.to_string()))).await;
        assert_eq!(call.reply().await, expected, "{line}");
        assert_eq!(waiting(&mut connection).await, [0, 0], "{line}");
    }
    let mut reader = server.connect().await;
    let id: u64 = get(&mut reader, "CLIENT ID").await;
    let killed = Call::wait_on(reader, &server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    let dropped = Call::wait_at(&server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    assert_eq!(waiting(&mut connection).await, [0, 2]);
    play(&mut connection, &format!("CLIENT KILL ID {id} => 1")).await;
    wait_until("one is gone", async || waiting(&mut connection).await == [0, 1]).await;
    drop(dropped);
    wait_until("both are gone", async || waiting(&mut connection).await == [0, 0]).await;
    drop(killed);
    buy(&mut connection, [2]).await;
}

/// A reader that is woken and gone in the same moment.
#[tokio::test]
async fn a_reader_may_leave_when_it_is_woken() {
    let (server, mut connection) = shop().await;
    for seq in 2..50 {
        let mut reader = server.connect().await;
        let id: u64 = get(&mut reader, "CLIENT ID").await;
        let call = Call::wait_on(reader, &server, &format!("SECKILL.EVENTS sale {} BLOCK 0", seq - 1)).await;
        let mut pipe = redis::pipe();
        pipe.cmd("SECKILL.BUY").arg(&["sale", "ann"]).arg(seq).ignore();
        match seq % 3 {
            0 => pipe.cmd("CLIENT").arg("KILL").arg("ID").arg(id),
            1 => pipe.cmd("CLIENT").arg("UNBLOCK").arg(id),
            _ => pipe.cmd("DEL").arg("other"),
        };
        pipe.exec_async(&mut connection).await.unwrap();
        if seq % 3 == 2 {
            assert_eq!(brief(call.value().await), format!("{seq} SOLD"));
        }
        wait_until("it is gone", async || waiting(&mut connection).await == [0, 0]).await;
    }
}

/// Readers and callers that wait for locks count together.
#[tokio::test]
async fn no_more_wait_than_may() {
    let (server, mut connection) = shop().await;
    let session = "CONFIG SET seckill.max-waiters 2 => OK\nSET lock other => OK";
    play(&mut connection, session).await;
    let first = Call::wait_at(&server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    let _second = Call::wait_at(&server, "SECKILL.LOCK lock ann 9000 BLOCK 0").await;
    let refused = "-MAXWAITERS no more than 2 callers may wait, as seckill.max-waiters says";
    for line in ["SECKILL.EVENTS sale 1 BLOCK 0", "SECKILL.LOCK lock bob 9000 BLOCK 0"] {
        assert_eq!(ask(&mut connection, line).await, refused, "{line}");
    }
    play(&mut connection, "SECKILL.EVENTS sale 1 => []").await;
    buy(&mut connection, [2]).await;
    assert_eq!(brief(first.value().await), "2 SOLD");
    play(&mut connection, "SECKILL.EVENTS sale 2 BLOCK 1 => []").await;
}

/// A reader is refused only if it has to wait.
#[tokio::test]
async fn events_that_are_there_are_sent_although_no_more_may_wait() {
    let server = Server::with("seckill.max-waiters 0").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 3000 => OK").await;
    fill(&mut connection, "large", 2_000).await;
    // More than may be sent to readers that wait in this time.
    let calls = ["SECKILL.EVENTS large 0 COUNT 1000 BLOCK 0"; 20];
    let replies = together(&mut connection, &calls).await;
    assert!(replies.iter().all(|reply| reply.starts_with("[{")), "{:?}", replies.last());
}
