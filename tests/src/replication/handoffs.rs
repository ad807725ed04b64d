//! Locks that are passed on reach replicas and the AOF as they were decided.

use seckill_client::{NewSale, Seckill};

use super::stream::{self, Stream};
use crate::harness::aof::AOF;
use crate::harness::callers::Caller;
use crate::harness::conditions::now_ms;
use crate::harness::contenders::{Contenders, must_agree, owners};
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play, together};
use crate::harness::tenures::must_not_overlap;

/// Ann holds the lock with a lease of so many ms, and bob waits for it.
async fn with_line(lease: u64) -> (Server, Connection, Stream, Caller) {
    let (server, mut connection, mut stream) = stream::server().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    play(&mut connection, &format!("SECKILL.LOCK lock ann {lease} => <us>")).await;
    let bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    stream.replicated(&mut connection).await;
    (server, connection, stream, bob)
}

#[tokio::test]
async fn a_release_and_the_next_grant_are_one_transaction() {
    let releases: [(&str, &[&str]); 2] = [
        ("SECKILL.UNLOCK lock ann", &["SECKILL.UNLOCK lock", "SECKILL.GRANT lock"]),
        (
            "SECKILL.BUY sale ann o1 LOCK lock ann RELEASE",
            &["SECKILL.APPLY sale", "DEL lock", "SECKILL.GRANT lock"],
        ),
    ];
    for (release, replicated) in releases {
        let (_server, mut connection, mut stream, mut bob) = with_line(3_600_000).await;
        ask(&mut connection, release).await;
        bob.fence().await;
        let replicated = [&["MULTI"], replicated, &["EXEC"]].concat();
        assert_eq!(stream.replicated(&mut connection).await, replicated, "{release}");
    }
}

/// All calls of a token are granted the lock, and each is replied its fence.
#[tokio::test]
async fn a_token_that_waits_twice_is_granted_the_lock_twice() {
    let (server, mut connection, mut stream, mut bob) = with_line(3_600_000).await;
    let mut again = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    ask(&mut connection, "SECKILL.UNLOCK lock ann").await;
    assert!(bob.fence().await < again.fence().await);
    let replicated = ["MULTI", "SECKILL.UNLOCK lock", "SECKILL.GRANT lock", "SECKILL.GRANT lock", "EXEC"];
    assert_eq!(stream.replicated(&mut connection).await, replicated);
}

/// The lock is passed on when the commands that freed it are done, so the grant is replicated after them.
#[tokio::test]
async fn a_grant_is_replicated_after_what_freed_the_lock() {
    let releases: [(&[&str], &[&str]); 7] = [
        (&["DEL lock"], &["DEL lock"]),
        (&["RENAME lock elsewhere"], &["RENAME lock"]),
        (&["MULTI", "DEL lock", "SET other x", "EXEC"], &["MULTI", "DEL lock", "SET other", "EXEC"]),
        (
            &["MULTI", "SECKILL.UNLOCK lock ann", "SET other x", "EXEC"],
            &["MULTI", "SECKILL.UNLOCK lock", "SET other", "EXEC"],
        ),
        (&["EVAL \"return redis.call('SECKILL.UNLOCK', KEYS[1], 'ann')\" 1 lock"], &["SECKILL.UNLOCK lock"]),
        (&["EVAL \"return redis.call('DEL', KEYS[1])\" 1 lock"], &["DEL lock"]),
        (&["FLUSHALL ASYNC"], &["FLUSHALL ASYNC"]),
    ];
    for (release, replicated) in releases {
        let (_server, mut connection, mut stream, mut bob) = with_line(3_600_000).await;
        together(&mut connection, release).await;
        bob.fence().await;
        let replicated = [replicated, &["SECKILL.GRANT lock"]].concat();
        assert_eq!(stream.replicated(&mut connection).await, replicated, "{release:?}");
    }
}

/// Whoever finds that the lease is over, the module, a client or the server, the key is deleted first.
#[tokio::test]
async fn a_grant_is_replicated_after_the_expiry() {
    for finder in ["PING", "GET lock", "SECKILL.WAITERS lock", "DEBUG SET-ACTIVE-EXPIRE 1"] {
        let (_server, mut connection, mut stream, mut bob) = with_line(100).await;
        // No timer comes in between.
        let batch = ["DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SLEEP 0.15", finder];
        together(&mut connection, &batch).await;
        bob.fence().await;
        let mut replicated = stream.replicated(&mut connection).await;
        replicated.retain(|command| !["MULTI", "EXEC"].contains(&&**command));
        // Some servers replicate an expiry as UNLINK.
        let first = replicated[0].replace("UNLINK", "DEL");
        assert_eq!([&*first, &*replicated[1]], ["DEL lock", "SECKILL.GRANT lock"], "{finder}");
        assert_eq!(replicated.len(), 2, "{finder}");
    }
}

/// WAIT, on the connection of a waiter that was granted the lock, waits for the replicas to have the grant.
#[tokio::test]
async fn a_waiter_can_wait_until_replicas_have_its_grant() {
    let server = Server::primary("").await;
    let link = Proxy::to(&server).await;
    let replica = Server::replica_of(link.port(), "").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    let mut bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    replica.catch_up(&server).await;
    link.stall();
    play(&mut connection, "SECKILL.UNLOCK lock ann => 1").await;
    bob.fence().await;
    assert_eq!(bob.ask("WAIT 1 100").await, "0");
    link.mend();
    assert_eq!(bob.ask("WAIT 1 20000").await, "1");
    play(&mut replica.connect().await, "GET lock => \"bob\"").await;
}

/// Locks are passed on all the time. Whenever writes are paused, the replica has the owners and leases of the
/// primary, and at last so does the server that loads the AOF.
#[tokio::test]
async fn a_replica_and_the_aof_have_the_owners_of_the_primary() {
    const ROUNDS: usize = 3;
    const PAUSES: usize = 20;
    let mut primary = Server::primary(AOF).await;
    let contenders = Contenders::at(&primary).await;
    for _ in 0..ROUNDS {
        let replica = primary.replica("").await;
        let before = contenders
            .during(&mut primary, async |primary| {
                let (mut one, mut other) = (primary.connect().await, replica.connect().await);
                for pause in 0..PAUSES {
                    if pause == PAUSES / 2 {
                        ask(&mut one, "BGREWRITEAOF").await;
                    }
                    contenders.wait_for_grants(20).await;
                    play(&mut one, "CLIENT PAUSE 60000 WRITE => OK").await;
                    replica.catch_up(primary).await;
                    // An expired key is there until its expiry is replicated.
                    let digests =
                        (ask(&mut one, "DEBUG DIGEST").await, ask(&mut other, "DEBUG DIGEST").await);
                    assert_eq!(digests.0, digests.1);
                    let copies = owners(&mut other).await;
                    must_agree(&copies, &owners(&mut one).await);
                    play(&mut one, "CLIENT UNPAUSE => OK").await;
                }
                // The kill comes when somebody has a lease that lasts.
                loop {
                    play(&mut one, "CLIENT PAUSE 60000 WRITE => OK").await;
                    let before = owners(&mut one).await;
                    if before.iter().flatten().any(|(_, end)| end.unsigned_abs() > now_ms() + 60_000) {
                        primary.kill();
                        return before;
                    }
                    play(&mut one, "CLIENT UNPAUSE => OK").await;
                    contenders.wait_for_grants(1).await;
                }
            })
            .await;
        primary.restart().await;
        let mut connection = primary.connect().await;
        must_agree(&before, &owners(&mut connection).await);
        let told = contenders.told.take();
        must_not_overlap(&told);
        let last = told.iter().map(|tenure| tenure.fence).max();
        assert!(Some(get(&mut connection, "SECKILL.LOCK free ann 1").await) > last);
        // The owners are gone.
        ask(&mut connection, "DEL lock1 lock2 lock3 lock4").await;
    }
}
