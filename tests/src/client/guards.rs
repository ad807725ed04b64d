//! A guard keeps its lock, and stops the work before another can have it.

use std::time::Duration;

use futures_util::future::join_all;
use seckill_client::{Guard, Release};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::link::{Link, calls};
use crate::harness::conditions::{HOUR, PATIENCE, ms, now_ms, wait_until};
use crate::harness::info::stat;
use crate::harness::processes::Stopped;
use crate::harness::session::{get, play};

/// A lease of which a third is far longer than a busy machine needs for a renewal.
const LEASE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn keeps_its_lock_beyond_several_leases() {
    for protocol in ["protocol=resp2", "protocol=resp3"] {
        let mut link = Link::start().await;
        let client = link.client_as(protocol);
        let guard = client.lock("lock").acquire(ms(1_500)).await.unwrap().unwrap();
        let holder = link.holder("lock").await;
        let work = async {
            // Nine thirds are three leases.
            wait_until("the lease is renewed", async || {
                assert!(client.lock("lock").acquire(HOUR).await.unwrap().is_none());
                calls(&mut link.connection, "seckill.renew").await >= 9
            })
            .await;
        };
        guard.run(work).await.expect("the lock is kept");
        assert_eq!(link.holder("lock").await, holder);
        assert_eq!(guard.release().await, Release::Released);
        assert_eq!(link.holder("lock").await, None);
    }
}

#[tokio::test]
async fn one_task_and_one_connection_keep_a_hundred_locks() {
    const LOCKS: usize = 100;
    let mut link = Link::start().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // Those of the link, which has its own for each connection, are counted among them.
    let before = tasks();
    let client = link.client();
    let mut guards = vec![client.lock("first").acquire(LEASE).await.unwrap().unwrap()];
    let with_one = tasks();
    let clients = stat(&mut link.connection, "clients", "connected_clients").await;
    for number in 1..LOCKS {
        let lock = client.clone().lock(format!("lock{number}"));
        guards.push(lock.acquire(LEASE).await.unwrap().unwrap());
    }
    wait_until("each is renewed four times", async || {
        calls(&mut link.connection, "seckill.renew").await >= 4 * LOCKS as u64
    })
    .await;
    assert_eq!(tasks(), with_one);
    assert_eq!(stat(&mut link.connection, "clients", "connected_clients").await, clients);
    assert_eq!(get::<usize>(&mut link.connection, "DBSIZE").await, LOCKS);
    for guard in &guards {
        assert!(timeout(Duration::ZERO, guard.lost()).await.is_err(), "{guard:?} is held");
        assert!((ms(1)..LEASE).contains(&guard.left()), "{guard:?}: {:?}", guard.left());
    }

    let releases = join_all(guards.drain(LOCKS / 2..).map(Guard::release)).await;
    assert!(releases.iter().all(|release| *release == Release::Released), "{releases:?}");
    // What is dropped is released, too, though the client is gone; then its task ends.
    drop((guards, client));
    wait_until("all are free", async || get::<usize>(&mut link.connection, "DBSIZE").await == 0).await;
    wait_until("no task is left", async || tasks() == before).await;
}

#[tokio::test]
async fn stops_the_work_when_the_lock_is_taken_away() {
    let mut link = Link::start().await;
    let guard = link.client().lock("lock").acquire(LEASE).await.unwrap().unwrap();
    let theft = "DEL lock => 1\nSECKILL.LOCK lock thief 3600000 => <us>";
    play(&mut link.connection, theft).await;
    let work = timeout(PATIENCE, guard.run(std::future::pending::<()>()));
    let error = work.await.expect("the work is stopped").unwrap_err();
    assert_eq!(error.to_string(), "the lock may be lost");
    // The work is over: it is not begun again.
    assert!(guard.run(async {}).await.is_err());
    assert_eq!(guard.release().await, Release::NotHeld);
    assert_eq!(link.holder("lock").await.as_deref(), Some("thief"));
}

/// The ways in which no renewal is answered any more.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Stalled,
    RepliesLost,
    ServerHangs,
    WritesPaused,
}

#[tokio::test]
async fn is_lost_before_the_lease_ends_when_no_renewal_is_answered() {
    use Fault::{RepliesLost, ServerHangs, Stalled, WritesPaused};
    join_all([Stalled, RepliesLost, ServerHangs, WritesPaused].map(must_be_lost_in_time)).await;
}

/// The client's margin is a hundredth of the lease: long enough for a machine that is busy.
async fn must_be_lost_in_time(fault: Fault) {
    let mut link = Link::start().await;
    let guard = link.client().lock("lock").acquire(Duration::from_secs(8)).await.unwrap().unwrap();
    // The fault comes when the client has the reply, not while it is on its way.
    wait_until("the client knows that the lease is renewed", async || {
        calls(&mut link.connection, "seckill.renew").await == 1 && guard.left() > ms(5_500)
    })
    .await;
    // When the server's lease ends, in unix ms: there is no renewal for some time now.
    let end: u64 = get(&mut link.connection, "PEXPIRETIME lock").await;
    let mut stopped = None;
    match fault {
        Fault::Stalled => link.proxy.stall(),
        Fault::RepliesLost => link.proxy.mute(),
        Fault::ServerHangs => stopped = Some(Stopped::server(&mut link.connection).await),
        Fault::WritesPaused => play(&mut link.connection, "CLIENT PAUSE 3600000 WRITE => OK").await,
    }
    assert!(now_ms() + 5_500 < end, "{fault:?}: it was renewed again");
    timeout(PATIENCE, guard.lost()).await.expect("the lock is lost");
    assert!(guard.left() < ms(2), "a timer may be early by a millisecond");
    let now = now_ms();
    assert!(now < end, "{fault:?}: lost {} ms too late", now - end);
    assert!(now + 1_000 > end, "{fault:?}: lost {} ms before its end", end - now);
    drop(stopped);
    play(&mut link.connection, "CLIENT UNPAUSE => OK").await;
}

/// Renewals that fail are tried again, on another connection if need be.
#[tokio::test]
async fn survives_a_link_that_fails_for_less_than_a_lease() {
    let mut link = Link::start().await;
    let guard = link.client().lock("lock").acquire(Duration::from_secs(6)).await.unwrap().unwrap();
    for _ in 0..2 {
        let renewals = calls(&mut link.connection, "seckill.renew").await;
        link.proxy.cut();
        // The first renewal fails.
        wait_until("a renewal is due", async || get::<u64>(&mut link.connection, "PTTL lock").await < 3_900)
            .await;
        link.proxy.mend();
        wait_until("the lease is renewed", async || {
            calls(&mut link.connection, "seckill.renew").await > renewals
        })
        .await;
    }
    assert_eq!(guard.release().await, Release::Released);
}

/// Wherever the connection breaks, whoever has a guard has the lock.
#[tokio::test]
async fn that_is_given_has_the_lock_wherever_the_connection_broke() {
    let mut link = Link::start().await;
    let client = link.client();
    let sale = client.sale("sale");
    sale.create(seckill_client::NewSale::new(1)).await.unwrap();
    // `:1700000000000000`, with the line end.
    for bytes in 0..19 {
        sale.info().await.unwrap();
        link.proxy.cut_replies_after(bytes);
        let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
        assert!(link.holder("lock").await.is_some(), "{bytes}");
        assert!(client.lock("lock").acquire(HOUR).await.unwrap().is_none(), "{bytes}");
        assert_eq!(guard.release().await, Release::Released, "{bytes}");
    }
}

/// The lock was taken, and nobody was told: it does not stay.
#[tokio::test]
async fn that_was_not_given_leaves_no_lock() {
    let mut link = Link::start().await;
    let client = link.client().within(ms(300));
    client.lock("other").acquire(HOUR).await.unwrap().unwrap().release().await;
    link.proxy.mute();
    let error = client.lock("lock").acquire(HOUR).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    wait_until("the lock is free", async || link.holder("lock").await.is_none()).await;
    assert_eq!(calls(&mut link.connection, "seckill.lock").await, 2, "it was taken");
}

#[tokio::test]
async fn says_what_is_known_of_its_release() {
    let mut link = Link::start().await;
    let client = link.client().within(ms(500));
    let lock = client.lock("lock");
    let acquire = async || lock.acquire(HOUR).await.unwrap().unwrap();
    assert_eq!(acquire().await.release().await, Release::Released);

    let guard = acquire().await;
    play(&mut link.connection, "DEL lock => 1").await;
    assert_eq!(guard.release().await, Release::NotHeld);

    // The first reply is lost: the second cannot say whether the lock was held before the first.
    let guard = acquire().await;
    link.proxy.cut_replies_after(0);
    assert_eq!(guard.release().await, Release::Unknown);
    assert_eq!(link.holder("lock").await, None);

    let guard = acquire().await;
    link.proxy.cut();
    assert_eq!(guard.release().await, Release::Unknown);
    assert!(link.holder("lock").await.is_some());
}

/// A lease that is over before the grant arrives is no lock.
#[tokio::test]
async fn is_not_given_for_a_lease_that_is_over() {
    let link = Link::start().await;
    let client = link.client();
    client.lock("other").acquire(HOUR).await.unwrap().unwrap().release().await;
    link.proxy.stall();
    let acquire = async { client.lock("lock").acquire(ms(100)).await };
    let mend = async {
        tokio::time::sleep(ms(200)).await;
        link.proxy.mend();
    };
    let (guard, ()) = tokio::join!(acquire, mend);
    assert!(guard.unwrap_err().is_retryable());
    assert!(client.lock("short").acquire(ms(2)).await.is_err(), "no lease is so short");
}

#[tokio::test]
async fn shows_no_token() {
    let mut link = Link::start().await;
    let guard = link.client().lock("lock").acquire(HOUR).await.unwrap().unwrap();
    let token = link.holder("lock").await.unwrap();
    let shown = format!("{guard:?}");
    assert!(shown.contains("lock") && shown.contains(&guard.fence().unwrap().to_string()), "{shown}");
    assert!(!shown.contains(&token), "{shown}");
    assert_eq!(guard.key(), b"lock");
}

/// Each attempt has a token of its own, so nobody gets in by another's.
#[tokio::test]
async fn is_given_to_one_of_many() {
    let link = Link::start().await;
    let lock = link.client().lock("lock");
    let guards = join_all((0..50).map(|_| lock.acquire(HOUR))).await;
    assert_eq!(guards.iter().filter(|guard| guard.as_ref().unwrap().is_some()).count(), 1);
}

/// An error of the server is passed on.
#[tokio::test]
async fn is_not_given_at_a_key_that_is_no_lock() {
    let mut link = Link::start().await;
    play(&mut link.connection, "RPUSH list item => 1").await;
    let lock = link.client().lock("list");
    for result in [lock.acquire(HOUR).await, lock.wait(HOUR, HOUR).await] {
        assert!(result.unwrap_err().to_string().contains("WRONGTYPE"));
    }
    assert!(link.client().lock("lock").acquire(Duration::ZERO).await.is_err());
}
