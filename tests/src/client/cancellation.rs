//! A future of a lock that is dropped, at whatever await, leaves nothing: no lock, no waiter, no connection, no task.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use seckill_client::{Client, Lock, Redlock};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::harness::conditions::{HOUR, PATIENCE, ms, wait_until};
use crate::harness::info::stat;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// Polls a future so often at most, and drops it: whether it was ready.
async fn poll_times<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    let poll = poll_fn(|context| {
        polled += 1;
        if polled > polls {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    });
    timeout(PATIENCE, poll).await.expect("it is woken")
}

/// Servers, and what a test sees of them.
struct Servers {
    servers: Vec<Server>,
    observers: Vec<Connection>,
    tasks: usize,
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

impl Servers {
    async fn start(number: usize) -> Self {
        let (mut servers, mut observers) = (vec![], vec![]);
        for _ in 0..number {
            let server = Server::start().await;
            observers.push(server.connect().await);
            servers.push(server);
        }
        Self { servers, observers, tasks: tasks() }
    }

    /// The lock of a client that has no connections yet.
    fn lock(&self) -> Lock {
        let clients: Vec<Client> = self.servers.iter().map(client).collect();
        match &clients[..] {
            [client] => client.lock("lock"),
            _ => Redlock::new(clients).lock("lock"),
        }
    }

    async fn play(&mut self, session: &str) {
        for observer in &mut self.observers {
            play(observer, session).await;
        }
    }

    /// Another has the lock, or nobody; no one waits; the connections of clients and the tasks are gone.
    async fn must_be_clean(&mut self, holder: Option<&str>, what: &str) {
        for observer in &mut self.observers {
            wait_until(&format!("the lock is as it was: {what}"), async || {
                get::<Option<String>>(observer, "GET lock").await.as_deref() == holder
            })
            .await;
            wait_until(&format!("nobody waits: {what}"), async || {
                stat(observer, "seckill", "seckill_waiters").await == "0"
            })
            .await;
            wait_until(&format!("all connections are closed: {what}"), async || {
                stat(observer, "clients", "connected_clients").await == "1"
            })
            .await;
        }
        wait_until(&format!("all tasks ended: {what}"), async || tasks() == self.tasks).await;
    }

    /// Drops a future of a lock after every number of polls, until it is ready. Each finds the lock with this holder,
    /// and leaves it so.
    async fn drop_everywhere(&mut self, holder: Option<&str>, what: &str, call: impl AsyncFn(Lock)) {
        for polls in 0.. {
            let is_ready = poll_times(polls, call(self.lock())).await.is_some();
            self.must_be_clean(holder, &format!("{what} after {polls} polls")).await;
            if is_ready {
                return;
            }
        }
    }
}

fn client(server: &Server) -> Client {
    Client::open(format!("redis+unix://{}?protocol=resp3", server.socket().display())).unwrap()
}

/// One server, and three.
const NUMBERS: [usize; 2] = [1, 3];

#[tokio::test]
async fn of_a_free_lock() {
    for number in NUMBERS {
        let mut servers = Servers::start(number).await;
        let acquire = async |lock: Lock| drop(lock.acquire(HOUR).await.unwrap().unwrap());
        servers.drop_everywhere(None, "acquire", acquire).await;
        let wait = async |lock: Lock| drop(lock.wait(HOUR, HOUR).await.unwrap().unwrap());
        servers.drop_everywhere(None, "wait", wait).await;
        let release = async |lock: Lock| {
            let guard = lock.acquire(HOUR).await.unwrap().unwrap();
            guard.release().await;
        };
        servers.drop_everywhere(None, "release", release).await;
        let run = async |lock: Lock| {
            let guard = lock.acquire(HOUR).await.unwrap().unwrap();
            guard.run(tokio::time::sleep(ms(1))).await.unwrap();
        };
        servers.drop_everywhere(None, "run", run).await;
        let lost = async |lock: Lock| {
            let guard = lock.acquire(ms(300)).await.unwrap().unwrap();
            timeout(ms(500), guard.lost()).await.unwrap_or_default();
        };
        servers.drop_everywhere(None, "lost", lost).await;
    }
}

#[tokio::test]
async fn of_a_lock_that_another_has() {
    for number in NUMBERS {
        let mut servers = Servers::start(number).await;
        servers.play("SECKILL.LOCK lock ann 3600000 => <us>").await;
        let acquire = async |lock: Lock| assert!(lock.acquire(HOUR).await.unwrap().is_none());
        servers.drop_everywhere(Some("ann"), "acquire", acquire).await;
        let wait = async |lock: Lock| assert!(lock.wait(HOUR, ms(30)).await.unwrap().is_none());
        servers.drop_everywhere(Some("ann"), "wait", wait).await;
    }
}

/// It is granted while it is waited for: then a request of the dropped wait may still be on its way, and the lock is free
/// after its lease at the latest.
#[tokio::test]
async fn of_a_lock_that_is_granted_meanwhile() {
    let mut servers = Servers::start(1).await;
    for polls in 0.. {
        servers.play("SECKILL.LOCK lock ann 3600000 => <us>").await;
        let lock = servers.lock();
        let is_over = Cell::new(false);
        let wait = async {
            let guard = poll_times(polls, lock.wait(Duration::from_secs(2), HOUR)).await;
            is_over.set(true);
            guard
        };
        let grant = async {
            let observer = &mut servers.observers[0];
            wait_until("it stands in line, or was dropped before", async || {
                is_over.get() || stat(observer, "seckill", "seckill_waiters").await == "1"
            })
            .await;
            play(observer, "SECKILL.UNLOCK lock ann => 1").await;
        };
        let (guard, ()) = tokio::join!(wait, grant);
        let is_ready = guard.is_some();
        drop((guard, lock));
        servers.must_be_clean(None, &format!("wait after {polls} polls")).await;
        if is_ready {
            return;
        }
    }
}
