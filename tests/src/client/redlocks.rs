//! A lock on three independent servers.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use seckill_client::{Client, Guard, Lock, NewSale, Redlock, Release};
use tokio::time::{Instant, timeout};

use super::link::calls;
use crate::harness::conditions::{HOUR, PATIENCE, ms, now_ms, wait_until};
use crate::harness::processes::Stopped;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

struct Three {
    servers: Vec<Server>,
    connections: Vec<Connection>,
    redlock: Redlock,
}

impl Three {
    async fn start() -> Self {
        let servers = join_all((0..3).map(|_| Server::primary(""))).await;
        let connections = join_all(servers.iter().map(Server::connect)).await;
        let redlock = Redlock::new(servers.iter().map(client));
        Self { servers, connections, redlock }
    }

    /// The lock, by a client that has its connections already.
    async fn lock(&self) -> Lock {
        let guard = self.redlock.lock("other").acquire(HOUR).await.unwrap().unwrap();
        assert_eq!(guard.release().await, Release::Released);
        self.redlock.lock("lock")
    }

    /// Whether a server has the lock.
    async fn has(&mut self, server: usize) -> bool {
        get(&mut self.connections[server], "EXISTS lock").await
    }

    async fn wait_until_free(&mut self, servers: &[usize]) {
        for &server in servers {
            wait_until("the lock is free", async || !self.has(server).await).await;
        }
    }

    async fn wait_for_renewals(&mut self, server: usize, more: u64) {
        let connection = &mut self.connections[server];
        let before = calls(connection, "seckill.renew").await;
        wait_until("it is renewed", async || calls(connection, "seckill.renew").await >= before + more).await;
    }
}

fn client(server: &Server) -> Client {
    Client::open(format!("redis://127.0.0.1:{}/?protocol=resp3", server.port())).unwrap()
}

/// The lock is had, kept and released, without waiting for the server that does not answer.
async fn must_work(three: &mut Three, lock: &Lock) {
    let began = Instant::now();
    let guard = lock.acquire(ms(1_500)).await.unwrap().unwrap();
    assert!(began.elapsed() < ms(900), "{:?}", began.elapsed());
    assert_eq!(guard.fence(), None);
    let work = three.wait_for_renewals(0, 6);
    guard.run(work).await.expect("the lock is kept");
    assert!(lock.acquire(HOUR).await.unwrap().is_none());
    let began = Instant::now();
    assert_eq!(guard.release().await, Release::Released);
    assert!(began.elapsed() < ms(900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn all_servers_have_the_lock() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    must_work(&mut three, &lock).await;
    three.wait_until_free(&[0, 1, 2]).await;
}

#[tokio::test]
async fn a_server_that_is_down_does_no_harm() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    three.servers[2].kill();
    must_work(&mut three, &lock).await;
    three.servers[2].restart().await;
    three.connections[2] = three.servers[2].connect().await;
    must_work(&mut three, &lock).await;
    three.wait_until_free(&[0, 1, 2]).await;
}

/// When it goes on, nothing of the lock is left there.
#[tokio::test]
async fn a_server_that_hangs_does_no_harm() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    let stopped = Stopped::server(&mut three.connections[2]).await;
    let guard = lock.acquire(HOUR).await.unwrap().unwrap();
    assert_eq!(guard.release().await, Release::Released);
    must_work(&mut three, &lock).await;
    drop(stopped);
    three.wait_until_free(&[0, 1, 2]).await;
    must_work(&mut three, &lock).await;
}

#[tokio::test]
async fn a_server_that_forgets_the_lock_does_no_harm() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    let guard = lock.acquire(ms(1_500)).await.unwrap().unwrap();
    wait_until("the third has it, too", async || three.has(2).await).await;
    play(&mut three.connections[2], "FLUSHALL => OK").await;
    let work = three.wait_for_renewals(2, 6);
    guard.run(work).await.expect("the lock is kept");
    assert_eq!(guard.release().await, Release::Released);
}

/// A minority has no lock, and what it took is released.
#[tokio::test]
async fn one_server_of_three_is_no_lock() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    three.servers[2].kill();
    let stopped = Stopped::server(&mut three.connections[1]).await;
    let error = lock.acquire(Duration::from_secs(10)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(calls(&mut three.connections[0], "seckill.lock").await, 2, "the first was asked");
    three.wait_until_free(&[0]).await;

    // Whoever waits has it as soon as there is a majority.
    let began = Instant::now();
    let mend = async {
        wait_until("it was tried again", async || {
            calls(&mut three.connections[0], "seckill.lock").await >= 4
        })
        .await;
        drop(stopped);
    };
    let (guard, ()) = tokio::join!(lock.wait(HOUR, HOUR), mend);
    let guard = guard.unwrap().unwrap();
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(guard.release().await, Release::Released);
    three.wait_until_free(&[0, 1]).await;
}

/// No one has a majority: all give way, and nobody holds a server.
#[tokio::test]
async fn a_split_vote_leaves_nothing() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    for (server, other) in [(0, "ann"), (1, "bob")] {
        play(&mut three.connections[server], &format!("SECKILL.LOCK lock {other} 3600000 => <us>")).await;
    }
    assert!(lock.acquire(HOUR).await.unwrap().is_none());
    three.wait_until_free(&[2]).await;
    assert!(lock.wait(HOUR, ms(300)).await.unwrap().is_none());
    play(&mut three.connections[1], "SECKILL.UNLOCK lock bob => 1").await;
    let guard = lock.wait(HOUR, HOUR).await.unwrap().unwrap();
    assert_eq!(guard.release().await, Release::Released);
    assert_eq!(ask(&mut three.connections[0], "GET lock").await, "\"ann\"");
}

/// They ask at the same time, so votes are split; never two of them hold the lock.
#[tokio::test]
async fn contenders_take_turns() {
    const ROUNDS: usize = 15;
    let three = Three::start().await;
    let holders = Cell::new(0);
    // Each as a process of its own.
    let contenders = (0..4).map(async |_| {
        let lock = Redlock::new(three.servers.iter().map(client)).lock("lock");
        for _ in 0..ROUNDS {
            let guard = lock.wait(HOUR, HOUR).await.unwrap().unwrap();
            assert_eq!(holders.replace(holders.get() + 1), 0, "two hold the lock");
            tokio::time::sleep(ms(fastrand::u64(..3))).await;
            holders.set(holders.get() - 1);
            assert_eq!(guard.release().await, Release::Released);
        }
    });
    timeout(2 * PATIENCE, join_all(contenders)).await.expect("all get their turns");
}

#[tokio::test]
async fn a_renewal_without_a_majority_loses_the_lock_in_time() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    let guard = lock.acquire(Duration::from_secs(8)).await.unwrap().unwrap();
    three.wait_for_renewals(0, 1).await;
    wait_until("the client knows that the lease is renewed", async || guard.left() > ms(5_500)).await;
    // Until when the first server keeps it, if no later renewal counts.
    let end: u64 = get(&mut three.connections[0], "PEXPIRETIME lock").await;
    let _stopped = Stopped::server(&mut three.connections[1]).await;
    three.servers[2].kill();
    timeout(PATIENCE, guard.lost()).await.expect("the lock is lost");
    let now = now_ms();
    assert!(now < end, "lost {} ms too late", now - end);
    assert!(now + 1_000 > end, "lost {} ms before its end", end - now);
}

#[tokio::test]
async fn a_renewal_that_a_majority_refuses_loses_the_lock() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    let guard: Guard = lock.acquire(Duration::from_secs(3)).await.unwrap().unwrap();
    for server in [1, 2] {
        wait_until("all have it", async || three.has(server).await).await;
        play(&mut three.connections[server], "DEL lock => 1").await;
    }
    let work = timeout(PATIENCE, guard.run(std::future::pending::<()>()));
    assert!(work.await.expect("the work is stopped").is_err());
    assert_eq!(guard.release().await, Release::NotHeld);
    three.wait_until_free(&[0]).await;
}

#[tokio::test]
async fn a_guard_that_is_dropped_is_released_everywhere() {
    let mut three = Three::start().await;
    let lock = three.lock().await;
    let guard = lock.acquire(HOUR).await.unwrap().unwrap();
    three.redlock = Redlock::new([client(&three.servers[0])]);
    drop((lock, guard));
    three.wait_until_free(&[0, 1, 2]).await;
}

/// A purchase releases the lock on the server that sells; the others are told in the background.
#[tokio::test]
async fn that_a_purchase_releases_are_released_everywhere() {
    let mut three = Three::start().await;
    let shop = client(&three.servers[0]);
    shop.sale("sale").create(NewSale::new(1)).await.unwrap();
    let guard = three.redlock.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    // It may have been granted by the two others.
    wait_until("the server that sells has the lock", async || three.has(0).await).await;
    assert!(shop.sale("sale").buy("ann").releasing(guard).await.unwrap().is_accepted());
    for connection in &mut three.connections {
        wait_until("it is free", async || get::<Option<String>>(connection, "GET lock").await.is_none())
            .await;
    }
}

/// There is no majority of no servers.
#[tokio::test]
async fn of_no_servers_are_an_error() {
    let none = Redlock::new(Vec::<Client>::new());
    assert!(none.lock("lock").acquire(HOUR).await.is_err());
}
