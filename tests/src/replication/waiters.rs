//! Callers that wait for locks and events when the server's role changes.

use seckill_client::{NewSale, Seckill};

use crate::harness::callers::{CLOSED, Caller, waiting};
use crate::harness::conditions::{now_us, wait_until};
use crate::harness::copies::swap_roles;
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play, together};

/// A call that waits for each thing that a client can wait for: BLPOP of the server, a lock, an event.
async fn wait_for_all(server: &Server) -> [Caller; 3] {
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    [
        Caller::waiting_at(server, "BLPOP list 0").await,
        Caller::waiting_at(server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await,
        Caller::waiting_at(server, "SECKILL.EVENTS sale 1 BLOCK 0").await,
    ]
}

/// The error that a server replies to BLPOP when it becomes a replica, and closes the connection. The other callers get
/// the same.
async fn must_be_unblocked([mut blpop, lock, events]: [Caller; 3]) {
    let unblocked = blpop.reply().await;
    assert!(unblocked.starts_with("-UNBLOCKED "), "{unblocked}");
    assert_eq!(blpop.reply().await, CLOSED);
    for mut caller in [lock, events] {
        assert_eq!([caller.reply().await, caller.reply().await], [&*unblocked, CLOSED]);
    }
}

/// Nobody waits, and the lock is as it was.
async fn must_have_an_empty_line(connection: &mut Connection) {
    assert_eq!(waiting(connection).await, [0, 0]);
    let line = ask(connection, "SECKILL.WAITERS lock").await;
    assert!(line.starts_with("{\"token\" \"ann\" ") && line.ends_with(" \"waiters\" []}"), "{line}");
}

#[tokio::test]
async fn a_server_that_becomes_a_replica_unblocks_them_as_it_does_blpop() {
    let (server, other) = (Server::primary("").await, Server::primary("").await);
    let calls = wait_for_all(&server).await;
    let mut connection = server.connect().await;
    assert_eq!(waiting(&mut connection).await, [1, 1]);
    play(&mut connection, &format!("REPLICAOF 127.0.0.1 {} => OK", other.port())).await;
    must_be_unblocked(calls).await;
    assert_eq!(waiting(&mut connection).await, [0, 0]);
    server.catch_up(&other).await;

    // It forgot them also for the next time that it is a primary.
    server.promote().await;
    let session = "
        SECKILL.LOCK lock cid 3600000 => <us>
        SECKILL.UNLOCK lock cid => 1
        EXISTS lock => 0
    ";
    play(&mut connection, session).await;
}

/// FAILOVER pauses writes until both servers have the same data.
#[tokio::test]
async fn a_planned_failover_unblocks_them_and_they_wait_at_the_new_primary() {
    let old = Server::primary("").await;
    let new = old.replica("").await;
    let calls = wait_for_all(&old).await;
    swap_roles(&old, &new).await;
    must_be_unblocked(calls).await;
    let mut connection = new.connect().await;
    must_have_an_empty_line(&mut connection).await;
    must_have_an_empty_line(&mut old.connect().await).await;

    let mut bob = Caller::waiting_at(&new, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    play(&mut connection, "SECKILL.UNLOCK lock ann => 1\nGET lock => \"bob\"").await;
    assert!(bob.fence().await > 0);
    old.catch_up(&new).await;
    play(&mut old.connect().await, "GET lock => \"bob\"").await;
}

/// The old primary's clock was ahead, so its fences are above the time. The new one has them by replication.
#[tokio::test]
async fn a_promoted_replica_has_an_empty_line_and_grants_higher_fences() {
    const AHEAD: u64 = 3_600_000_000;
    for ahead in [AHEAD, 0] {
        let mut primary = Server::primary("seckill.apply-from-clients yes").await;
        let replica = primary.replica("").await;
        let mut connection = primary.connect().await;
        if ahead > 0 {
            play(&mut connection, &format!("SECKILL.FENCE {} => OK", now_us() + ahead)).await;
        }
        ask(&mut connection, "SECKILL.LOCK lock zoe 3600000").await;
        let mut ann = Caller::waiting_at(&primary, "SECKILL.LOCK lock ann 3600000 BLOCK 0").await;
        let _bob = Caller::waiting_at(&primary, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
        play(&mut connection, "SECKILL.UNLOCK lock zoe => 1").await;
        let told = ann.fence().await;
        replica.catch_up(&primary).await;
        primary.kill();
        let promoted_at = now_us();
        replica.promote().await;

        let mut connection = replica.connect().await;
        must_have_an_empty_line(&mut connection).await;
        let mut cid = Caller::waiting_at(&replica, "SECKILL.LOCK lock cid 3600000 BLOCK 0").await;
        play(&mut connection, "SECKILL.UNLOCK lock ann => 1\nGET lock => \"cid\"").await;
        let fence = cid.fence().await;
        assert!(fence > told, "{fence} is not above {told}");
        assert!(fence >= promoted_at, "{fence} is behind the clock");
    }
}

/// A replica grants nothing and asks nothing of its clients, but lets them read.
#[tokio::test]
async fn on_a_replica_only_readers_wait() {
    let primary = Server::primary("").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    let replica = primary.replica("replica-read-only no").await;
    let mut connection = replica.connect().await;
    let refusal = ask(&mut connection, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    assert!(refusal.starts_with("-READONLY "), "{refusal}");

    let mut reader = Caller::waiting_at(&replica, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    replica.promote().await;
    assert_eq!(waiting(&mut connection).await, [0, 1], "a promotion unblocks nobody");
    play(&mut connection, "SECKILL.BUY sale ann o1 => SOLD").await;
    assert!(reader.reply().await.contains("\"seq\" 2 "));
}

/// A replica that gets another primary unblocks whoever reads, as it does for XREAD.
#[tokio::test]
async fn a_replica_that_changes_its_primary_unblocks_readers() {
    let primary = Server::primary("").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let other = primary.replica("").await;
    let replica = primary.replica("").await;
    let mut xread = Caller::waiting_at(&replica, "XREAD BLOCK 0 STREAMS stream 0").await;
    let mut reader = Caller::waiting_at(&replica, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    play(&mut replica.connect().await, &format!("REPLICAOF 127.0.0.1 {} => OK", other.port())).await;
    assert_eq!(reader.reply().await, xread.reply().await);
}

/// The lock is granted and the server becomes a replica in one step. Some servers then reply only that the client
/// was unblocked; a token that asks again is granted the lock that it holds.
#[tokio::test]
async fn a_grant_just_before_the_demotion_is_told_or_can_be_asked_for() {
    let server = Server::primary("").await;
    let [mut blpop, mut bob, mut events] = wait_for_all(&server).await;
    let mut connection = server.connect().await;
    // Nobody listens there.
    together(&mut connection, &["SECKILL.UNLOCK lock ann", "REPLICAOF 127.0.0.1 1"]).await;
    let unblocked = blpop.reply().await;
    assert_eq!(events.reply().await, unblocked);
    let told = bob.reply().await;
    assert!(told == "<us>" || told == unblocked, "{told}");
    assert_eq!(waiting(&mut connection).await, [0, 0]);
    let session = "
        GET lock => \"bob\"
        REPLICAOF NO ONE => OK
        SECKILL.LOCK lock cid 3600000 => nil
        SECKILL.LOCK lock bob 3600000 => <us>
        SECKILL.UNLOCK lock bob => 1
    ";
    play(&mut connection, session).await;
}

/// An operator demands replicas, so that a primary that was cut off grants nothing while another takes over. LOCK
/// is refused then, and so is the line, when a lease ends.
#[tokio::test]
async fn a_primary_with_too_few_replicas_grants_nothing() {
    let server = Server::primary("min-replicas-to-write 1\nmin-replicas-max-lag 1").await;
    let link = Proxy::to(&server).await;
    let _replica = Server::replica_of(link.port(), "").await;
    let mut connection = server.connect().await;
    let accepts =
        async |connection: &mut Connection| ask(connection, "SECKILL.LOCK other ann 1").await == "<us>";
    wait_until("a replica is connected", async || accepts(&mut connection).await).await;
    play(&mut connection, "SECKILL.LOCK lock ann 2500 => <us>").await;
    let mut bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    link.cut();
    wait_until("no replica is connected", async || !accepts(&mut connection).await).await;
    play(&mut connection, "GET lock => \"ann\"").await;
    wait_until("the lease ends", async || ask(&mut connection, "GET lock").await == "nil").await;
    for _ in 0..12 {
        play(&mut connection, "DEBUG SLEEP 0.1 => OK").await;
    }
    play(&mut connection, "GET lock => nil").await;
    assert_eq!(waiting(&mut connection).await, [1, 0]);
    link.mend();
    assert!(bob.fence().await > 0);
}

/// The same, with a setting that is changed while the server runs.
#[tokio::test]
async fn a_primary_that_needs_replicas_no_more_grants_again() {
    let server = Server::primary("").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.LOCK lock ann 500 => <us>").await;
    let mut bob = Caller::waiting_at(&server, "SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
    play(&mut connection, "CONFIG SET min-replicas-to-write 1 => OK").await;
    wait_until("the lease ends", async || ask(&mut connection, "GET lock").await == "nil").await;
    play(&mut connection, "DEBUG SLEEP 0.1 => OK\nDEBUG SLEEP 0.1 => OK\nGET lock => nil").await;
    play(&mut connection, "CONFIG SET min-replicas-to-write 0 => OK").await;
    assert!(bob.fence().await > 0);
}
