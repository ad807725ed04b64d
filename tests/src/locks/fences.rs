//! Fences rise with every grant.

use crate::harness::aof::{PLAIN_AOF, appended_commands};
use crate::harness::clock::Clock;
use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::info::stat;
use crate::harness::persistence::{STORAGES, rewrite, wait_until_rewritten};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

async fn fence(connection: &mut Connection, key: &str, token: &str) -> u64 {
    get(connection, &format!("SECKILL.LOCK {key} {token} 60000")).await
}

#[tokio::test]
async fn fences_rise_with_every_grant() {
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

/// The next primary's fences depend on its clock alone, so no server may grant fences ahead of the time.
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

/// A fence from the future, as after a clock that was set back: the next one must still be higher.
#[tokio::test]
async fn fences_rise_across_a_restart_whatever_the_clock_says() {
    for storage in STORAGES {
        let config = format!("seckill.apply-from-clients yes\n{}", storage.config());
        let mut server = Server::with(&config).await;
        let mut connection = server.connect().await;
        let future = (now_ms() + 3_600_000) * 1000;
        let until = now_ms() + 60_000;
        play(&mut connection, &format!("SECKILL.GRANT lock ann {until} {future} => OK")).await;
        play(&mut connection, "GET lock => \"ann\"\nSECKILL.LOCK lock bob 60000 => nil").await;
        let before = fence(&mut connection, "other", "ann").await;
        assert!(before > future, "it observes the fence of GRANT");
        play(&mut connection, "FLUSHALL => OK").await;
        storage.save(&mut connection).await;

        server.restart().await;
        let after = fence(&mut server.connect().await, "lock", "bob").await;
        assert!(after > before, "{after} is not above {before} after a restart with {config:?}");
    }
}

/// An hour ahead, as after a clock that was set back.
fn future() -> u64 {
    (now_ms() + 3_600_000) * 1000
}

/// Ends a server, and starts it again: the next fence must be above this one.
async fn remembers(mut server: Server, fence_before: u64) {
    server.restart().await;
    let mut connection = server.connect().await;
    ask(&mut connection, "REPLICAOF NO ONE").await;
    let after = fence(&mut connection, "another", "ann").await;
    assert!(after > fence_before, "{after} is not above {fence_before}");
}

/// The holder of a lock has its fence while the clock is ahead. After a restart the lock is still held, and the
/// clock is right again: the next fence must be higher, whatever the server stores.
#[tokio::test]
async fn a_lock_that_is_held_across_a_restart_never_gets_a_lower_fence() {
    for storage in STORAGES {
        let Some((clock, mut server)) = Clock::with_server(storage.config()).await else { return };
        clock.set(1);
        let mut connection = server.connect().await;
        let before: u64 = get(&mut connection, "SECKILL.LOCK lock ann 7200000").await;
        storage.save(&mut connection).await;
        server.kill();
        clock.set(0);
        server.restart().await;
        let mut connection = server.connect().await;
        play(&mut connection, "SECKILL.LOCK lock bob 60000 => nil").await;
        let after = fence(&mut connection, "lock", "ann").await;
        assert!(after > before, "{after} is not above {before} with {:?}", storage.config());
    }
}

/// A replica rewrites an AOF of its own, which grants of its primary are not in.
#[tokio::test]
async fn a_replica_that_rewrites_its_aof_remembers_the_last_fence() {
    let primary = Server::primary("seckill.apply-from-clients yes").await;
    let fence = future();
    play(&mut primary.connect().await, &format!("SECKILL.FENCE {fence} => OK")).await;
    let replica = primary.replica(PLAIN_AOF).await;
    let mut connection = replica.connect().await;
    wait_until_rewritten(&mut connection).await;
    rewrite(&mut connection).await;
    let offset = "master_repl_offset";
    let sent = stat(&mut primary.connect().await, "replication", offset).await;
    assert_eq!(
        stat(&mut connection, "replication", offset).await,
        sent,
        "the primary alone adds to its stream"
    );
    drop(primary);
    remembers(replica, fence).await;
}

/// The AOF that is switched on begins with a rewrite.
#[tokio::test]
async fn an_aof_that_was_switched_off_has_the_last_fence() {
    let server = Server::with(&format!("seckill.apply-from-clients yes\n{PLAIN_AOF}")).await;
    let mut connection = server.connect().await;
    let fence = future();
    play(&mut connection, "CONFIG SET appendonly no => OK").await;
    play(&mut connection, &format!("SECKILL.FENCE {fence} => OK\nCONFIG SET appendonly yes => OK")).await;
    wait_until_rewritten(&mut connection).await;
    remembers(server, fence).await;
}

/// A server must not write while writes are paused.
#[tokio::test]
async fn a_rewrite_while_writes_are_paused_has_the_last_fence_when_they_go_on() {
    let server = Server::primary(&format!("seckill.apply-from-clients yes\n{PLAIN_AOF}")).await;
    // Without a replica a server does not write what replicas would get.
    let _replica = server.replica("").await;
    let mut connection = server.connect().await;
    let fence = future();
    play(&mut connection, &format!("SECKILL.FENCE {fence} => OK\nCLIENT PAUSE 60000 WRITE => OK")).await;
    rewrite(&mut connection).await;
    play(&mut connection, "CLIENT UNPAUSE => OK").await;
    wait_until("the fence is written", async || !appended_commands(&server).is_empty()).await;
    remembers(server, fence).await;
}

/// What no fence was given needs nothing.
#[tokio::test]
async fn a_rewritten_aof_has_no_fence_when_none_was_given() {
    let server = Server::with(PLAIN_AOF).await;
    let mut connection = server.connect().await;
    rewrite(&mut connection).await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    assert_eq!(appended_commands(&server).len(), 1);
}

/// A fence that comes from outside moves those of the server by little.
#[tokio::test]
async fn a_client_cannot_use_up_the_fences() {
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;
    let server = Server::with("seckill.apply-from-clients yes").await;
    let now = now_ms() * 1_000;
    let (far, near) = (now + DAY + 60_000_000, now + DAY - 60_000_000);
    let ahead = "-ERR a fence from a client must be at most a day ahead of this server's clock";
    let session = format!(
        "SECKILL.GRANT lock ann 9007199254740991 {far} => {ahead}
        SECKILL.FENCE 9007199254740991 => {ahead}
        EXISTS lock => 0
        SECKILL.LOCK other ann 60000 => <us>
        SECKILL.GRANT lock ann 9007199254740991 {near} => OK
        SECKILL.LOCK other ann 60000 => {}
        CONFIG SET seckill.apply-from-clients no => OK
        SECKILL.FENCE 1 => -ERR only a primary sends this; for migration tools there is seckill.apply-from-clients",
        near + 1
    );
    play(&mut server.connect().await, &session).await;
}
