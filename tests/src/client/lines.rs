//! Waiting for a lock, in line.

use std::time::Duration;

use seckill_client::connect::Managed;
use seckill_client::{Client, Guard, Release};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::link::{Link, calls};
use crate::harness::callers::wait_until_waiting;
use crate::harness::conditions::{HOUR, PATIENCE, ms, wait_until};
use crate::harness::info::stat;
use crate::harness::session::{get, play};

/// Somebody who waits for a lock.
struct Waiter(JoinHandle<Option<Guard>>);

impl Waiter {
    /// They wait in the background, without limit.
    fn begin(client: &Client) -> Self {
        let lock = client.lock("lock");
        Self(tokio::spawn(async move { lock.wait(HOUR, Duration::MAX).await.unwrap() }))
    }

    /// The same, and they are in line, the last of so many.
    async fn join(client: &Client, link: &mut Link, number: usize) -> Self {
        let waiter = Self::begin(client);
        wait_until_waiting(&mut link.connection, number).await;
        waiter
    }

    async fn guard(self) -> Guard {
        timeout(PATIENCE, self.0).await.expect("it is their turn").unwrap().expect("they got the lock")
    }

    async fn leave(self) {
        self.0.abort();
        assert!(self.0.await.unwrap_err().is_cancelled());
    }
}

/// A lock that somebody has.
async fn taken(link: &Link) -> (Client, Guard) {
    let client = link.client();
    let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    (client, guard)
}

#[tokio::test]
async fn all_get_the_lock_in_their_turn() {
    const WAITERS: usize = 20;
    for protocol in ["protocol=resp2", "protocol=resp3"] {
        let mut link = Link::start().await;
        let client = link.client_as(protocol);
        let mut guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
        let mut waiters = vec![];
        for number in 1..=WAITERS {
            waiters.push(Waiter::join(&client, &mut link, number).await);
        }
        for waiter in waiters {
            assert!(!waiter.0.is_finished());
            let fence = guard.fence();
            assert_eq!(guard.release().await, Release::Released);
            guard = waiter.guard().await;
            assert!(guard.fence() > fence);
        }
        assert_eq!(guard.release().await, Release::Released);
        wait_until_waiting(&mut link.connection, 0).await;
    }
}

/// A lock that is free needs no second request, and no connection of its own.
#[tokio::test]
async fn a_free_lock_is_taken_at_once() {
    let mut link = Link::start().await;
    let client = link.client();
    let guard = client.lock("lock").wait(HOUR, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(calls(&mut link.connection, "seckill.lock").await, 1);
    assert_eq!(calls(&mut link.connection, "seckill.renew").await, 0);
    assert_eq!(stat(&mut link.connection, "clients", "connected_clients").await, "2");
    assert!(client.lock("lock").wait(HOUR, Duration::ZERO).await.unwrap().is_none());
    assert_eq!(guard.release().await, Release::Released);
}

/// The lease of a lock that was waited for begins at the grant, and is renewed as any other.
#[tokio::test]
async fn a_lease_is_renewed_though_the_wait_was_longer() {
    let mut link = Link::start().await;
    let (client, guard) = taken(&link).await;
    let lock = client.lock("lock");
    let waiter = tokio::spawn(async move { lock.wait(ms(2_000), HOUR).await.unwrap().unwrap() });
    wait_until_waiting(&mut link.connection, 1).await;
    let joined = Instant::now();
    wait_until("the wait is longer than the lease", async || joined.elapsed() > ms(2_100)).await;
    guard.release().await;
    let guard = timeout(PATIENCE, waiter).await.unwrap().unwrap();
    let renewals = calls(&mut link.connection, "seckill.renew").await;
    let work = wait_until("it is renewed", async || {
        calls(&mut link.connection, "seckill.renew").await >= renewals + 4
    });
    guard.run(work).await.expect("the lock is kept");
    assert_eq!(guard.release().await, Release::Released);
}

#[tokio::test]
async fn patience_ends() {
    let mut link = Link::start().await;
    let (client, _guard) = taken(&link).await;
    let began = Instant::now();
    assert!(client.lock("lock").wait(HOUR, ms(300)).await.unwrap().is_none());
    assert!(began.elapsed() >= ms(300));
    wait_until_waiting(&mut link.connection, 0).await;
}

/// Also when the server does not answer.
#[tokio::test]
async fn patience_ends_without_an_answer() {
    let mut link = Link::start().await;
    let (client, guard) = taken(&link).await;
    link.proxy.stall();
    let error = client.lock("lock").wait(HOUR, ms(300)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    link.proxy.mend();
    assert_eq!(guard.release().await, Release::Released);
    wait_until("nothing is left of the wait", async || {
        stat(&mut link.connection, "seckill", "seckill_waiters").await == "0"
            && link.holder("lock").await.is_none()
    })
    .await;
}

/// The one behind comes next, and no connection is left.
#[tokio::test]
async fn whoever_leaves_is_not_granted_the_lock() {
    let mut link = Link::start().await;
    let (client, guard) = taken(&link).await;
    let connections = stat(&mut link.connection, "clients", "connected_clients").await;
    let first = Waiter::join(&client, &mut link, 1).await;
    let second = Waiter::join(&client, &mut link, 2).await;
    first.leave().await;
    wait_until_waiting(&mut link.connection, 1).await;
    assert_eq!(guard.release().await, Release::Released);
    assert_eq!(second.guard().await.release().await, Release::Released);
    assert_eq!(get::<u64>(&mut link.connection, "EXISTS lock").await, 0);
    assert_eq!(stat(&mut link.connection, "seckill", "seckill_grants").await, "2");
    wait_until("no connection is left", async || {
        stat(&mut link.connection, "clients", "connected_clients").await == connections
    })
    .await;
}

/// A wait that is interrupted goes on: the connection is lost, killed, or the server unblocks it.
#[tokio::test]
async fn waits_go_on_after_interruptions() {
    let mut link = Link::start().await;
    let (client, guard) = taken(&link).await;
    let waiter = Waiter::join(&client, &mut link, 1).await;

    link.proxy.cut();
    wait_until_waiting(&mut link.connection, 0).await;
    link.proxy.mend();
    wait_until_waiting(&mut link.connection, 1).await;

    for interruption in ["CLIENT KILL ID <id> => 1", "CLIENT UNBLOCK <id> ERROR => 1"] {
        let list: String = get(&mut link.connection, "CLIENT LIST").await;
        let blocked = list.lines().find(|client| client.contains(" flags=b")).expect("one is blocked");
        let id = blocked.split(' ').next().unwrap().strip_prefix("id=").unwrap();
        let waits = stat(&mut link.connection, "seckill", "seckill_waits").await;
        play(&mut link.connection, &interruption.replace("<id>", id)).await;
        wait_until("it waits again", async || {
            stat(&mut link.connection, "seckill", "seckill_waits").await != waits
        })
        .await;
        wait_until_waiting(&mut link.connection, 1).await;
    }
    assert_eq!(guard.release().await, Release::Released);
    assert_eq!(waiter.guard().await.release().await, Release::Released);
}

/// Also on the connection manager of redis-rs.
#[tokio::test]
async fn the_connection_manager_waits_in_line() {
    let mut link = Link::start().await;
    let server = redis::Client::open(format!("redis://127.0.0.1:{}/", link.proxy.port())).unwrap();
    let client = Client::new(Managed::new(server));
    let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    let lock = client.lock("lock");
    let waiter = Waiter(tokio::spawn(async move { lock.wait(HOUR, HOUR).await.unwrap() }));
    wait_until_waiting(&mut link.connection, 1).await;
    link.proxy.cut();
    wait_until_waiting(&mut link.connection, 0).await;
    link.proxy.mend();
    wait_until_waiting(&mut link.connection, 1).await;
    assert_eq!(guard.release().await, Release::Released);
    assert_eq!(waiter.guard().await.release().await, Release::Released);
}

/// The grant is lost on its way, and its lock is not: the same token asks again.
#[tokio::test]
async fn a_grant_whose_reply_is_lost_is_found_again() {
    for bytes in 0..19 {
        let mut link = Link::start().await;
        let mut other = link.server.connect().await;
        play(&mut other, "SECKILL.LOCK lock other 3600000 => <us>").await;
        let client = link.client();
        let waiter = Waiter::join(&client, &mut link, 1).await;
        link.proxy.cut_replies_after(bytes);
        play(&mut other, "SECKILL.UNLOCK lock other => 1").await;
        let guard = waiter.guard().await;
        assert!(link.holder("lock").await.is_some());
        assert_eq!(guard.release().await, Release::Released);
        assert_eq!(link.holder("lock").await, None);
    }
}
