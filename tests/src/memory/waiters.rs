//! Callers that wait leave no memory behind, however they end.

use crate::harness::callers::{Caller, waiting};
use crate::harness::conditions::wait_until;
use crate::harness::info::used_memory;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// How much the memory of the server itself varies, in bytes.
const BOUND: u64 = 64 * 1024;
/// The least that a caller takes while it waits, in bytes.
const TAKEN: u64 = 200;

/// So many callers wait for one lock, as many each for a lock of their own, and as many for the events of a sale.
async fn come_and_go(server: &Server, connection: &mut Connection, each: usize) {
    play(connection, "SET lock owner => OK\nSECKILL.CREATE sale STOCK 9 => OK").await;
    let (mut unlocked, mut granted, mut gone, mut reading) = (vec![], vec![], vec![], vec![]);
    let before = used_memory(connection).await;
    for number in 0..each {
        play(connection, &format!("SET lock:{number} owner => OK")).await;
        for (callers, line) in [
            (&mut unlocked, format!("SECKILL.LOCK lock ann:{number} 9000 BLOCK 0")),
            (&mut granted, format!("SECKILL.LOCK lock:{number} bob 9000 BLOCK 9000000")),
            (&mut gone, format!("SECKILL.LOCK lock cat:{number} 9000 BLOCK 0")),
            (&mut reading, "SECKILL.EVENTS sale 1 BLOCK 9000000".to_owned()),
        ] {
            let mut caller = Caller::on(server).await;
            caller.send(&line).await;
            callers.push(caller);
        }
    }
    let each = each as u64;
    wait_until("all wait", async || waiting(connection).await == [3 * each, each]).await;
    assert!(used_memory(connection).await > before + 4 * each * TAKEN, "they take memory");

    drop(gone);
    play(connection, "SECKILL.RESTOCK sale 1 => 10").await;
    for number in 0..each {
        let session = format!("DEL lock:{number} => 1\nSECKILL.UNLOCK lock ann:{number} => 0");
        play(connection, &session).await;
    }
    for caller in &mut unlocked {
        assert_eq!(caller.reply().await, "nil");
    }
    for caller in &mut granted {
        caller.fence().await;
    }
    for caller in &mut reading {
        caller.value().await;
    }
    wait_until("nobody waits", async || waiting(connection).await == [0, 0]).await;
    play(connection, "FLUSHALL SYNC => OK").await;
}

/// The server itself keeps some memory of each for some seconds.
#[tokio::test]
async fn they_leave_no_memory_behind() {
    let server = Server::with("latency-tracking no\nslowlog-log-slower-than -1").await;
    let mut connection = server.connect().await;
    // First, what the server keeps for each command.
    come_and_go(&server, &mut connection, 1).await;
    let before = used_memory(&mut connection).await;
    for _ in 0..5 {
        come_and_go(&server, &mut connection, 250).await;
    }
    wait_until("the memory is freed", async || used_memory(&mut connection).await < before + BOUND).await;
}
