//! Leases of locks.

use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

#[tokio::test]
async fn the_last_call_sets_the_lease() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let settings = [
        ("SECKILL.LOCK lock ann 60000", "<us>", 60_000),
        ("SECKILL.RENEW lock ann 90000", "1", 90_000),
        ("SECKILL.RENEW lock ann 30000", "1", 30_000),
        ("SECKILL.LOCK lock ann 80000", "<us>", 80_000),
        ("SECKILL.LOCK lock bob 10000", "nil", 80_000),
        ("SECKILL.RENEW lock bob 10000", "0", 80_000),
    ];
    for (line, reply, ttl) in settings {
        assert_eq!(ask(&mut connection, line).await, reply, "{line}");
        let left: i64 = get(&mut connection, "PTTL lock").await;
        assert!((ttl - 9_000..=ttl).contains(&left), "{left} ms left after {line}");
    }
}

#[tokio::test]
async fn a_lease_runs_out() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let started = now_ms();
    play(&mut connection, "SECKILL.LOCK lock ann 100 => <us>").await;
    wait_until("bob gets the lock", async || {
        ask(&mut connection, "SECKILL.LOCK lock bob 60000").await != "nil"
    })
    .await;
    assert!(now_ms() - started >= 100, "the lease was not over");
    play(&mut connection, "SECKILL.UNLOCK lock ann => 0\nGET lock => \"bob\"").await;
}

/// Redis may delete an expired key later. Until then the lock counts as free.
#[tokio::test]
async fn an_expired_lock_is_free_before_its_key_is_deleted() {
    let server = Server::start().await;
    let session = "
        DEBUG SET-ACTIVE-EXPIRE 0 => OK
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.LOCK a ann 1 => <us>
        SECKILL.LOCK b ann 1 => <us>
        SECKILL.LOCK c ann 1 => <us>
        SECKILL.LOCK d ann 1 => <us>
        DEBUG SLEEP 0.01 => OK
        DBSIZE => 5
        SECKILL.UNLOCK a ann => 0
        SECKILL.RENEW b ann 60000 => 0
        SECKILL.BUY sale ann o1 LOCK c ann RELEASE => LOCKLOST
        SECKILL.LOCK d bob 60000 => <us>
    ";
    play(&mut server.connect().await, session).await;
}
