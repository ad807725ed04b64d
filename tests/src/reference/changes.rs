//! What a change causes: keyspace events, and what is written to the AOF and replicated.

use super::section::Section;
use crate::harness::aof::{AOF, appended_names};
use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::listener::Listener;
use crate::harness::markdown::code;
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

/// Each change of the table, with commands of which the last causes it.
const CHANGES: [(&str, &str); 14] = [
    ("`SECKILL.LOCK`", "SECKILL.LOCK lock ann 60000 => <us>"),
    ("`SECKILL.UNLOCK`", "SECKILL.UNLOCK lock ann => 1"),
    (
        "`SECKILL.UNLOCK` when another waits",
        "SECKILL.LOCK lock bob 60000 => <us>\nSECKILL.UNLOCK lock bob => 1",
    ),
    ("`SECKILL.RENEW`", "SECKILL.LOCK lock ann 60000 => <us>\nSECKILL.RENEW lock ann 70000 => 1"),
    ("`SECKILL.CREATE`", "SECKILL.CREATE sale STOCK 9 HOLD 600000 => OK"),
    ("`SECKILL.ALTER`", "SECKILL.ALTER sale LIMIT 4 => OK"),
    ("`SECKILL.RESTOCK`", "SECKILL.RESTOCK sale 1 => 10"),
    ("`SECKILL.BUY`", "SECKILL.BUY sale ann o1 => HELD"),
    ("`SECKILL.BUY` that releases its lock", "SECKILL.BUY sale ann o2 LOCK lock ann RELEASE => HELD"),
    (
        "`SECKILL.BUYALL` in two sales",
        "SECKILL.CREATE other STOCK 9 => OK\nSECKILL.BUYALL 2 sale other ann o4 => [HELD SOLD]",
    ),
    (
        "`SECKILL.BUY` that is refused and releases its lock",
        "SECKILL.LOCK lock ann 60000 => <us>\nSECKILL.BUY sale ann o3 QTY 9 LOCK lock ann RELEASE => LIMIT",
    ),
    ("`SECKILL.CONFIRM`", "SECKILL.CONFIRM sale o1 => SOLD"),
    ("`SECKILL.EXTEND`", "SECKILL.EXTEND sale o2 700000 => HELD"),
    ("`SECKILL.CANCEL`", "SECKILL.CANCEL sale o1 REFUND => CANCELLED"),
];
/// The change that no command causes.
const EXPIRY: &str = "holds that run out";

/// The names of the commands in the AOF, but for those that choose a database or mark an end.
fn written(server: &Server) -> Vec<String> {
    let mut names = appended_names(server);
    names.retain(|name| name != "SELECT" && name != "SET");
    names
}

/// The keyspace events that were received until now, without their keys.
async fn received(listener: &mut Listener) -> Vec<String> {
    play(&mut listener.connection, "SET end x => OK").await;
    let received = listener.until("set end").await;
    received.iter().map(|event| event.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn events_and_replicated_commands_are_those_of_the_page() {
    let rows = Section::page().section("## What a change causes").table("change");
    let changes: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let expected = CHANGES.iter().map(|(change, _)| *change).chain([EXPIRY]);
    assert_eq!(changes, expected.collect::<Vec<_>>());

    // Without the class of `new`, and with that of SET, which marks the end.
    let server = Server::with(&format!("{AOF}\nnotify-keyspace-events Edg$")).await;
    let mut connection = server.connect().await;
    let mut listener = Listener::on(&server).await;
    listener.subscribe().await;
    for (row, (change, session)) in rows.iter().zip(CHANGES) {
        let (before, last) = session.rsplit_once('\n').unwrap_or(("", session));
        play(&mut connection, before).await;
        let mut waiter = server.connect().await;
        if change.ends_with("another waits") {
            tokio::spawn(async move { ask(&mut waiter, "SECKILL.LOCK lock ann 60000 BLOCK 0").await });
            let mut waits = async || stat(&mut connection, "seckill", "seckill_waiters").await == "1";
            wait_until("it waits", &mut waits).await;
        }
        received(&mut listener).await;
        let so_far = written(&server).len();
        play(&mut connection, last).await;
        assert_eq!(received(&mut listener).await, code(row[1]), "{change}");
        assert_eq!(written(&server)[so_far..], code(row[2]), "{change}");
    }

    play(&mut connection, "SECKILL.EXTEND sale o2 1 => HELD").await;
    let [_, event, command] = rows[CHANGES.len()][..] else { panic!("{rows:?}") };
    let expiry = format!("{} sale", code(event)[0]);
    assert_eq!(listener.until(&expiry).await, ["seckill.extend sale"]);
    assert_eq!(written(&server).last().map(String::as_str), Some(code(command)[0]));
}
