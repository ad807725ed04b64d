//! Locks: leases, fences, and foreign clients that take and release the same locks.

use crate::server::{Connection, Server, wait_until};
use crate::talk::{ask, get, now_ms, play};

/// What hand-written clients release a lock with.
const COMPARE_AND_DELETE: &str =
    "\"if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end\"";

async fn fence(connection: &mut Connection, key: &str, token: &str) -> u64 {
    get(connection, &format!("SECKILL.LOCK {key} {token} 60000")).await
}

#[tokio::test]
async fn foreign_clients_take_and_release_the_same_locks() {
    // A number as a token: Redis may store it as an integer.
    for token in ["ann", "12345"] {
        let session = r#"
            # Theirs, released by us.
            SET lock TOKEN NX PX 60000 => OK
            SECKILL.LOCK lock bob 60000 => nil
            SECKILL.UNLOCK lock bob => 0
            SECKILL.RENEW lock TOKEN 60000 => 1
            SECKILL.UNLOCK lock TOKEN => 1
            EXISTS lock => 0

            # Ours, released by them.
            SECKILL.LOCK lock TOKEN 60000 => <us>
            SET lock bob NX PX 60000 => nil
            GET lock => "TOKEN"
            TYPE lock => string
            EVAL SCRIPT 1 lock bob => 0
            EVAL SCRIPT 1 lock TOKEN => 1
            SECKILL.RENEW lock TOKEN 60000 => 0
            SECKILL.LOCK lock bob 60000 => <us>
            DEL lock => 1

            # Theirs protects a purchase, too, and goes with it.
            SET lock TOKEN NX PX 60000 => OK
            SECKILL.CREATE sale STOCK 1 => OK
            SECKILL.BUY sale ann o1 LOCK lock bob => LOCKLOST
            SECKILL.BUY sale ann o1 LOCK lock TOKEN RELEASE => SOLD
            EXISTS lock => 0

            # Theirs, taken over by its own token.
            SET lock TOKEN => OK
            PTTL lock => -1
            SECKILL.LOCK lock TOKEN 60000 => <us>
            SECKILL.UNLOCK lock TOKEN => 1
        "#;
        let session = session.replace("TOKEN", token).replace("SCRIPT", COMPARE_AND_DELETE);
        let server = Server::start().await;
        play(&mut server.connect().await, &session).await;
    }
}

#[tokio::test]
async fn a_lease_is_what_it_was_set_to_last() {
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

/// Redis deletes an expired key when it gets to it. Until then, the lock is as free as if it were gone.
#[tokio::test]
async fn a_lease_that_ran_out_is_over_before_the_key_is_gone() {
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

#[tokio::test]
async fn fences_rise_over_all_grants() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let mut fences = Vec::new();
    for release in ["SECKILL.UNLOCK a ann", "DEL a", "PING", "FLUSHALL", "FLUSHDB ASYNC", "PING"] {
        for key in ["a", "b"] {
            fences.push(fence(&mut connection, key, "ann").await);
        }
        ask(&mut connection, release).await;
    }
    assert!(fences.is_sorted_by(|earlier, later| earlier < later), "{fences:?}");
    assert!(fences.iter().all(|fence| *fence < 1 << 53));
}

/// Another server's clock is all that its fences go by, so no server may run ahead of the time.
#[tokio::test]
async fn a_fence_is_the_time_however_many_sales_began() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for number in 0..100 {
        play(&mut connection, &format!("SECKILL.CREATE sale{number} STOCK 1 => OK")).await;
    }
    let before = now_ms();
    let fence = fence(&mut connection, "lock", "ann").await;
    assert!((before..=now_ms()).contains(&(fence / 1000)), "{fence} at {before}");
}

/// A fence from the future, as after a clock that was set back: only memory keeps the next one above it.
#[tokio::test]
async fn fences_rise_across_a_restart_whatever_the_clock_says() {
    let ways = [
        ("", "SAVE"),
        ("appendonly yes\nappendfsync always", "PING"),
        ("appendonly yes\nappendfsync always\naof-use-rdb-preamble no", "PING"),
    ];
    for (config, save) in ways {
        let mut server = Server::with(&format!("seckill.apply-from-clients yes\n{config}")).await;
        let mut connection = server.connect().await;
        let future = (now_ms() + 3_600_000) * 1000;
        let until = now_ms() + 60_000;
        play(&mut connection, &format!("SECKILL.GRANT lock ann {until} {future} => OK")).await;
        play(&mut connection, "GET lock => \"ann\"\nSECKILL.LOCK lock bob 60000 => nil").await;
        let before = fence(&mut connection, "other", "ann").await;
        assert!(before > future, "it knows the fence of the lock that it was told of");
        play(&mut connection, "FLUSHALL => OK").await;
        ask(&mut connection, save).await;

        server.restart().await;
        let after = fence(&mut server.connect().await, "lock", "bob").await;
        assert!(after > before, "{after} is not above {before} after a restart with {config:?}");
    }
}
