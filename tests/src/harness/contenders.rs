//! Clients that contend for a few locks, wait in line, and release them in all ways.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures_util::future::{join, join_all};
use redis::Value;
use redis::aio::ConnectionLike;
use tokio::time::sleep;

use super::conditions::{now_ms, wait_until};
use super::server::{Connection, Server};
use super::session::{command, play};
use super::tenures::Tenure;

pub(crate) const LOCKS: [&str; 4] = ["lock1", "lock2", "lock3", "lock4"];
const CLIENTS: usize = 10;
/// A lease that the owner lets run out, in ms.
const SHORT: u64 = 15;
/// A lease that outlasts every test, in ms.
const LONG: u64 = 3_600_000;
/// The longest time that an owner keeps a lock, in ms.
const WORK: u64 = 4;

pub(crate) struct Contenders {
    /// What they were told.
    pub(crate) told: RefCell<Vec<Tenure>>,
    seed: Cell<u64>,
    closing: Cell<bool>,
}

impl Contenders {
    pub(crate) async fn at(server: &Server) -> Self {
        play(&mut server.connect().await, "SECKILL.CREATE sale STOCK 1000000 => OK").await;
        Self { told: RefCell::default(), seed: Cell::new(0), closing: Cell::new(false) }
    }

    /// They contend until the scenario has ended. It may kill the server.
    pub(crate) async fn during<T>(
        &self,
        server: &mut Server,
        scenario: impl AsyncFnOnce(&mut Server) -> T,
    ) -> T {
        self.closing.set(false);
        let mut clients = vec![];
        for _ in 0..CLIENTS {
            self.seed.set(self.seed.get() + 1);
            clients.push(self.contend(server.connect().await, self.seed.get()));
        }
        let onlooker = self.look_on(server.connect().await);
        let scenario = async {
            let result = scenario(server).await;
            self.closing.set(true);
            result
        };
        let work = join(join_all(clients), onlooker);
        join(work, scenario).await.1
    }

    /// Waits until they were told of so many more grants.
    pub(crate) async fn wait_for_grants(&self, grants: usize) {
        let enough = self.told.borrow().len() + grants;
        wait_until("locks are granted", async || self.told.borrow().len() >= enough).await;
    }

    /// Ends when a call fails, as the server was killed.
    async fn contend(&self, mut connection: Connection, number: u64) -> Option<()> {
        let mut random = fastrand::Rng::with_seed(number);
        for round in 0.. {
            if self.closing.get() {
                break;
            }
            let (lock, token) = (LOCKS[random.usize(..LOCKS.len())], format!("c{number}.{round}"));
            // The server sends the reply by itself when the time is up.
            let block = random.u64(1..200);
            let way = random.usize(..=RELEASES.len());
            let lease = if way == RELEASES.len() { SHORT } else { LONG };
            let call = format!("SECKILL.LOCK {lock} {token} {lease} BLOCK {block}");
            let Value::Int(fence) = try_ask(&mut connection, &call).await? else { continue };
            self.told.borrow_mut().push(Tenure::new(lock, &token, fence.cast_unsigned(), lease));
            let place = self.told.borrow().len() - 1;
            sleep(Duration::from_millis(random.u64(..=WORK))).await;
            if let Some(release) = RELEASES.get(way) {
                self.told.borrow_mut()[place].end_now();
                for line in *release {
                    let line = line.replace("LOCK", lock).replace("TOKEN", &token);
                    let reply = try_ask(&mut connection, &line).await?;
                    assert!(!matches!(reply, Value::ServerError(_)), "{line}: {reply:?}");
                }
            }
        }
        Some(())
    }

    /// Reads the locks all the time, so that the server finds expired keys in this way, too.
    async fn look_on(&self, mut connection: Connection) -> Option<()> {
        let mut random = fastrand::Rng::with_seed(0);
        while !self.closing.get() {
            let lock = LOCKS[random.usize(..LOCKS.len())];
            let command = ["GET", "PTTL", "SECKILL.WAITERS"][random.usize(..3)];
            try_ask(&mut connection, &format!("{command} {lock}")).await?;
            let active = u8::from(random.bool());
            try_ask(&mut connection, &format!("DEBUG SET-ACTIVE-EXPIRE {active}")).await?;
            sleep(Duration::from_millis(1)).await;
        }
        Some(())
    }
}

/// How an owner releases the lock that it has a long lease of.
const RELEASES: &[&[&str]] = &[
    &["seckill.unlock LOCK TOKEN"],
    &["seckill.unlock LOCK TOKEN"],
    &["seckill.buy sale buyer TOKEN lock LOCK TOKEN release"],
    &["seckill.renew LOCK TOKEN 3"],
    &["pexpire LOCK 3"],
    &["del LOCK"],
    &["getdel LOCK"],
    &["rename LOCK elsewhere"],
    &["set LOCK stranger px 3"],
    &["multi", "del LOCK", "set other TOKEN", "exec"],
    &["multi", "seckill.unlock LOCK TOKEN", "seckill.lock LOCK again 3", "exec"],
    &[
        "eval \"if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end\" 1 LOCK TOKEN",
    ],
    &["eval \"return redis.call('seckill.unlock', KEYS[1], ARGV[1])\" 1 LOCK TOKEN"],
];

async fn try_ask(connection: &mut Connection, line: &str) -> Option<Value> {
    connection.req_packed_command(&command(line)).await.ok()
}

/// The owner of a lock, and when its lease ends, in unix ms; −1 without an end.
pub(crate) type Owner = Option<(String, i64)>;

/// The owner of each lock.
pub(crate) async fn owners(connection: &mut Connection) -> Vec<Owner> {
    let mut owners = vec![];
    for lock in LOCKS {
        let mut pipe = redis::pipe();
        pipe.atomic().cmd("GET").arg(lock).cmd("PEXPIRETIME").arg(lock);
        let (owner, end): (Option<String>, i64) = pipe.query_async(connection).await.unwrap();
        owners.push(owner.map(|owner| (owner, end)));
    }
    owners
}

/// The locks have the same owners and leases, but for leases that ended between the two readings.
pub(crate) fn must_agree(earlier: &[Owner], later: &[Owner]) {
    let now = now_ms();
    for owners in earlier.iter().zip(later) {
        let has_ended = matches!(owners, (Some((_, end)), None) if (0..=now.cast_signed()).contains(end));
        assert!(owners.0 == owners.1 || has_ended, "{owners:?}, at {now}");
    }
}
