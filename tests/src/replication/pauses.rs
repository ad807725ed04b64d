//! While writes are paused (CLIENT PAUSE, FAILOVER) no lock is granted, and a write would crash the primary.
//! Afterwards the line goes on.

use seckill_client::{NewSale, Seckill};

use crate::harness::callers::{Caller, wait_until_blocked, waiting};
use crate::harness::conditions::{now_us, wait_until};
use crate::harness::copies::swap_roles;
use crate::harness::info::stat;
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{play, together};

/// A primary whose lock ann holds, for whom others wait, and its replica: without one a server does not write
/// what replicas would get.
async fn with_line() -> (Server, Server, Connection, [Caller; 2]) {
    let server = Server::primary("").await;
    let replica = server.replica("").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    let bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    let cid = Caller::waiting_at(&server, "SECKILL.LOCK lock cid 3600000 BLOCK 0").await;
    (server, replica, connection, [bob, cid])
}

/// Gives timers the time to act: on leases that end, and on a pause, which they look at every 20 ms.
async fn give_time(connection: &mut Connection) {
    for _ in 0..10 {
        play(connection, "DEBUG SLEEP 0.03 => OK").await;
    }
}

/// Writes go on, and the first in line gets the lock promptly: no later than the timer for paused writes fires.
/// A line is looked at once a second anyway.
async fn must_go_on(connection: &mut Connection, first: &mut Caller) -> u64 {
    let begin = now_us();
    play(connection, "CLIENT UNPAUSE => OK").await;
    let fence = first.fence().await;
    assert!((begin..begin + 500_000).contains(&fence), "{fence} after {begin}");
    fence
}

#[tokio::test]
async fn a_lease_that_ends_meanwhile() {
    let (server, replica, mut connection, [mut bob, mut cid]) = with_line().await;
    let batch = ["PEXPIRE lock 30", "CLIENT PAUSE 60000 WRITE"];
    assert_eq!(together(&mut connection, &batch).await, ["1", "OK"]);
    give_time(&mut connection).await;
    play(&mut connection, "GET lock => nil").await;
    assert_eq!(waiting(&mut connection).await, [2, 0]);
    let bobs = must_go_on(&mut connection, &mut bob).await;
    play(&mut connection, "GET lock => \"bob\"\nSECKILL.UNLOCK lock bob => 1").await;
    assert!(cid.fence().await > bobs);
    replica.catch_up(&server).await;
    play(&mut replica.connect().await, "GET lock => \"cid\"").await;
}

/// This pause stops all commands.
#[tokio::test]
async fn a_lease_that_ends_while_everything_is_paused() {
    const PAUSE: u64 = 400;
    let (server, replica, mut connection, [mut bob, _cid]) = with_line().await;
    let begin = now_us();
    let batch = ["PEXPIRE lock 30", &format!("CLIENT PAUSE {PAUSE} ALL")];
    assert_eq!(together(&mut connection, &batch).await, ["1", "OK"]);
    let fence = bob.fence().await;
    assert!(fence >= begin + 1_000 * PAUSE, "{fence} after {begin}");
    replica.catch_up(&server).await;
    play(&mut replica.connect().await, "GET lock => \"bob\"").await;
}

/// The timer that passes the lock on finds writes paused.
#[tokio::test]
async fn a_lock_that_is_freed_just_before() {
    let releases: [&[&str]; 5] = [
        &["DEL lock"],
        &["RENAME lock elsewhere"],
        &["FLUSHALL ASYNC"],
        &["EVAL \"return redis.call('SECKILL.UNLOCK', KEYS[1], 'ann')\" 1 lock"],
        // A transaction whose last command pauses writes.
        &["MULTI", "SECKILL.UNLOCK lock ann"],
    ];
    for release in releases {
        let (server, replica, mut connection, [mut bob, _cid]) = with_line().await;
        let mut batch = release.to_vec();
        batch.push("CLIENT PAUSE 60000 WRITE");
        if release.len() > 1 {
            batch.push("EXEC");
        }
        together(&mut connection, &batch).await;
        give_time(&mut connection).await;
        play(&mut connection, "GET lock => nil").await;
        assert_eq!(waiting(&mut connection).await, [2, 0], "{release:?}");
        must_go_on(&mut connection, &mut bob).await;
        assert_eq!(waiting(&mut connection).await, [1, 0], "{release:?}");
        replica.catch_up(&server).await;
        play(&mut replica.connect().await, "GET lock => \"bob\"").await;
    }
}

/// The first in line dies in the moment in which it is granted the lock, and then writes are paused.
#[tokio::test]
async fn a_grant_that_nobody_got_to_know() {
    let (server, replica, mut connection, [bob, cid]) = with_line().await;
    drop((bob, cid));
    wait_until("they are gone", async || waiting(&mut connection).await == [0, 0]).await;
    let dying = Caller::waiting_at(&server, "SECKILL.LOCK lock dying 3600000 BLOCK 0").await;
    let kill = format!("CLIENT KILL ID {}", dying.id);
    let mut next = Caller::waiting_at(&server, "SECKILL.LOCK lock next 3600000 BLOCK 0").await;
    let batch = ["SECKILL.UNLOCK lock ann", &kill, "CLIENT PAUSE 60000 WRITE"];
    assert_eq!(together(&mut connection, &batch).await, ["1", "1", "OK"]);
    give_time(&mut connection).await;
    play(&mut connection, "GET lock => \"dying\"").await;
    must_go_on(&mut connection, &mut next).await;
    play(&mut connection, "GET lock => \"next\"").await;
    replica.catch_up(&server).await;
    play(&mut replica.connect().await, "GET lock => \"next\"").await;
}

/// A returned grant that could not be taken back before the demotion is the new primary's affair: the same token
/// may hold the lock there.
#[tokio::test]
async fn a_grant_that_nobody_got_to_know_before_a_failover() {
    let (server, replica, mut connection, [bob, cid]) = with_line().await;
    drop((bob, cid));
    wait_until("they are gone", async || waiting(&mut connection).await == [0, 0]).await;
    let dying = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    let kill = format!("CLIENT KILL ID {}", dying.id);
    let batch = ["SECKILL.UNLOCK lock ann", &kill, "FAILOVER"];
    assert_eq!(together(&mut connection, &batch).await, ["1", "1", "OK"]);
    let mut new = replica.connect().await;
    wait_until("it took over", async || stat(&mut new, "replication", "role").await == "master").await;
    server.catch_up(&replica).await;
    // Bob asks again, and is told.
    play(&mut new, "GET lock => \"bob\"\nSECKILL.LOCK lock bob 3600000 => <us>").await;
    swap_roles(&replica, &server).await;
    let mut next = Caller::waiting_at(&server, "SECKILL.LOCK lock next 3600000 BLOCK 0").await;
    // The server looks at the line.
    play(&mut connection, "PEXPIRE lock 3600000 => 1").await;
    give_time(&mut connection).await;
    play(&mut connection, "GET lock => \"bob\"\nSECKILL.UNLOCK lock bob => 1\nGET lock => \"next\"").await;
    next.fence().await;
}

/// Waiters leave while writes are paused, as far as that takes no write.
#[tokio::test]
async fn waiters_leave_meanwhile() {
    let (server, _replica, mut connection, calls) = with_line().await;
    let mut dan = Caller::waiting_at(&server, "SECKILL.LOCK lock dan 3600000 BLOCK 100").await;
    let mut eve = Caller::waiting_at(&server, "SECKILL.LOCK lock eve 3600000 BLOCK 0").await;
    play(&mut connection, "CLIENT PAUSE 60000 WRITE => OK").await;
    play(&mut connection, &format!("CLIENT UNBLOCK {} => 1", eve.id)).await;
    assert_eq!(eve.reply().await, "nil");
    assert_eq!(dan.reply().await, "nil");
    drop(calls);
    wait_until("all have left", async || waiting(&mut connection).await == [0, 0]).await;

    // A call that comes meanwhile is served afterwards.
    let mut fay = Caller::on(&server).await;
    fay.send("SECKILL.LOCK lock fay 3600000 BLOCK 0").await;
    wait_until_blocked(&mut connection, fay.id).await;
    play(&mut connection, "DEBUG SLEEP 0.1 => OK").await;
    assert_eq!(waiting(&mut connection).await, [0, 0]);
    play(&mut connection, "CLIENT UNPAUSE => OK").await;
    wait_until("fay waits", async || waiting(&mut connection).await == [1, 0]).await;
    play(&mut connection, "SECKILL.UNLOCK lock ann => 1").await;
    fay.fence().await;
}

/// A failover that fails, because the replica does not catch up, is a pause.
#[tokio::test]
async fn a_failover_that_fails() {
    let server = Server::primary("").await;
    let link = Proxy::to(&server).await;
    let replica = Server::replica_of(link.port(), "").await;
    replica.catch_up(&server).await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    let mut bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    replica.catch_up(&server).await;
    link.stall();
    let begin = now_us();
    let batch = ["PEXPIRE lock 30", "FAILOVER TIMEOUT 300"];
    assert_eq!(together(&mut connection, &batch).await, ["1", "OK"]);
    let fence = bob.fence().await;
    assert_eq!(stat(&mut connection, "replication", "master_failover_state").await, "no-failover");
    assert!(fence >= begin + 300_000, "{fence} after {begin}");
    link.mend();
    replica.catch_up(&server).await;
    play(&mut replica.connect().await, "GET lock => \"bob\"").await;
}

#[tokio::test]
async fn readers_wait_and_wake_meanwhile() {
    let server = Server::primary("").await;
    let _replica = server.replica("").await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let mut woken = Caller::waiting_at(&server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    let hold = "SECKILL.ALTER sale HOLD 30";
    let batch = [hold, "SECKILL.BUY sale ann o1", "CLIENT PAUSE 60000 WRITE"];
    assert_eq!(together(&mut connection, &batch).await, ["OK", "HELD", "OK"]);
    // What was decided before can be read.
    let events = woken.reply().await;
    assert!(events.contains("\"seq\" 2 ") && events.contains("\"seq\" 3 "), "{events}");
    // The hold is due, but nothing is decided.
    let mut next = Caller::waiting_at(&server, "SECKILL.EVENTS sale 3 BLOCK 0").await;
    let mut timed = Caller::waiting_at(&server, "SECKILL.EVENTS sale 3 BLOCK 100").await;
    assert_eq!(timed.reply().await, "[]");
    assert_eq!(waiting(&mut connection).await, [0, 1]);
    play(&mut connection, "CLIENT UNPAUSE => OK").await;
    let events = next.reply().await;
    assert!(events.contains("EXPIRED"), "{events}");
}
