//! Callers that come, wait, leave and are killed at random, while others delete the locks and take them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use redis::Value;
use tokio::time::sleep;

use super::queue::line;
use crate::harness::aof::appended;
use crate::harness::callers::{Caller, wait_until_waiting};
use crate::harness::conditions::ms;
use crate::harness::server::Server;
use crate::harness::session::ask;

const LOCKS: [&str; 2] = ["lock1", "lock2"];
const CALLERS: usize = 12;
/// The locks that each caller asks for, one after the other.
const CALLS: usize = 40;

/// A grant of which a caller was told.
struct Grant {
    lock: &'static str,
    token: String,
    fence: u64,
    /// An instant before the owner released the lock, which was its own until then. `None` when it lost the lock, or
    /// never released it.
    held_until: Option<u64>,
}

/// What the callers share.
#[derive(Default)]
struct Shared {
    grants: RefCell<Vec<Grant>>,
    /// The clients that are connected, or were.
    clients: RefCell<Vec<u64>>,
    is_over: Cell<bool>,
}

#[tokio::test]
async fn a_lock_never_has_two_owners() {
    let server = Server::with("appendonly yes\nappendfsync no").await;
    let (shared, mut seeds) = (Shared::default(), fastrand::Rng::with_seed(7));
    let disturbance = disturb(&server, &shared, seeds.fork());
    let callers = join_all((0..CALLERS).map(|number| call_often(&server, &shared, number, seeds.fork())));
    let callers = async {
        callers.await;
        shared.is_over.set(true);
    };
    join(callers, disturbance).await;

    let mut connection = server.connect().await;
    wait_until_waiting(&mut connection, 0).await;
    for lock in LOCKS {
        assert_eq!(line(&mut connection, lock).await, [""; 0]);
    }
    let grants = shared.grants.take();
    assert!(grants.len() > CALLERS * CALLS / 4, "only {} calls were granted a lock", grants.len());
    must_not_overlap(&grants);
    must_be_in_order(&server, &grants);
}

/// Asks for one lock after the other, and releases those that it is granted.
async fn call_often(server: &Server, shared: &Shared, number: usize, mut choice: fastrand::Rng) {
    let mut connected = None;
    for call in 0..CALLS {
        let mut caller = match connected.take() {
            Some(caller) => caller,
            None => Caller::on(server).await,
        };
        shared.clients.borrow_mut().push(caller.id);
        let (lock, token) = (LOCKS[choice.usize(..LOCKS.len())], format!("t{number}:{call}"));
        let (lease, timeout) = (choice.u64(1..30), [0, 0, 1, 5, 20][choice.usize(..5)]);
        caller.send(&format!("SECKILL.LOCK {lock} {token} {lease} BLOCK {timeout}")).await;
        if choice.u8(..10) == 0 {
            sleep(ms(choice.u64(..3))).await;
            continue;
        }
        match caller.value().await {
            Some(Value::Int(fence)) => {
                let held_until = release(&mut caller, lock, &token, &mut choice).await;
                let fence = fence.unsigned_abs();
                shared.grants.borrow_mut().push(Grant { lock, token, fence, held_until });
                connected = Some(caller);
            }
            Some(Value::Nil) => connected = Some(caller),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}

/// Releases a lock after a while. Returns an instant until which it was held for sure, if it was held then.
async fn release(caller: &mut Caller, lock: &str, token: &str, choice: &mut fastrand::Rng) -> Option<u64> {
    match choice.u8(..10) {
        0 => return None,
        1..5 => sleep(ms(choice.u64(..5))).await,
        _ => {}
    }
    let Some(Value::Array(time)) = caller.value_of("TIME").await else { return None };
    let [seconds, micros] = redis::from_redis_value::<[u64; 2]>(Value::Array(time)).unwrap();
    let is_released = caller.ask(&format!("SECKILL.UNLOCK {lock} {token}")).await == "1";
    is_released.then_some(seconds * 1_000_000 + micros)
}

/// Does to the locks and to the callers what others may do.
async fn disturb(server: &Server, shared: &Shared, mut choice: fastrand::Rng) {
    let mut connection = server.connect().await;
    while !shared.is_over.get() {
        let lock = LOCKS[choice.usize(..LOCKS.len())];
        let recent = shared.clients.borrow().iter().rev().take(CALLERS).copied().collect::<Vec<_>>();
        let client = choice.choice(recent).unwrap_or(0);
        let line = match choice.u8(..12) {
            0 | 1 => format!("CLIENT KILL ID {client}"),
            // With ERROR Redis 7.0 replies twice to a client that is granted the lock in the same moment.
            2 => format!("CLIENT UNBLOCK {client}"),
            3 => format!("DEL {lock}"),
            4 => format!("SET {lock} stranger NX PX 3"),
            5 => format!("SET {lock} stranger PX 3"),
            6 => format!("PEXPIRE {lock} 2"),
            7 => format!("RENAME {lock} other"),
            8 => format!("SECKILL.LOCK {lock} rival 2"),
            9 => format!(
                "EVAL \"redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 'dan', 'PX', 2)\" 1 {lock}"
            ),
            10 => format!("EVAL \"redis.call('DEL', KEYS[1])\" 1 {lock}"),
            _ => "FLUSHDB".to_owned(),
        };
        ask(&mut connection, &line).await;
        sleep(ms(choice.u64(..4))).await;
    }
}

/// While an owner had a lock for sure, no other caller was granted it.
fn must_not_overlap(grants: &[Grant]) {
    let mut by_lock = BTreeMap::<_, BTreeMap<u64, &Grant>>::new();
    for grant in grants {
        let earlier = by_lock.entry(grant.lock).or_default().insert(grant.fence, grant);
        assert!(earlier.is_none(), "two grants have the fence {}", grant.fence);
    }
    for grant in grants {
        let later = by_lock[grant.lock].range(grant.fence + 1..).next();
        if let (Some((next, other)), Some(held_until)) = (later, grant.held_until) {
            assert!(held_until < *next, "{} and {} had {} at {next}", grant.token, other.token, grant.lock);
        }
    }
}

/// What replicas get: a lock is granted when it is free, fences rise, and callers were told of no other grants.
fn must_be_in_order(server: &Server, grants: &[Grant]) {
    let mut holders = BTreeMap::<String, String>::new();
    let (mut granted, mut last_fence) = (BTreeSet::new(), 0);
    for words in appended(server) {
        let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["SECKILL.GRANT", lock, token, _, fence] => {
                let holder = holders.insert(lock.to_owned(), token.to_owned());
                assert_eq!(holder, None, "{lock} was held, but granted to {token}");
                let fence = fence.parse().unwrap();
                assert!(fence > last_fence, "{fence} is not above {last_fence}");
                last_fence = fence;
                granted.insert((lock.to_owned(), token.to_owned(), fence));
            }
            ["SET", lock, token, ..] => drop(holders.insert(lock.to_owned(), token.to_owned())),
            ["SECKILL.UNLOCK" | "DEL" | "UNLINK" | "RENAME", lock, ..] => drop(holders.remove(lock)),
            ["FLUSHDB", ..] => holders.clear(),
            ["SELECT" | "MULTI" | "EXEC" | "PEXPIREAT", ..] => {}
            _ => panic!("{words:?}"),
        }
    }
    for grant in grants {
        let told = (grant.lock.to_owned(), grant.token.clone(), grant.fence);
        assert!(granted.contains(&told), "{told:?} was not replicated");
    }
}
