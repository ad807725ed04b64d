//! What WAITERS and INFO show of a line.

use std::process::{Command, Stdio};

use redis::Value;

use super::queue::{Queue, field, line};
use crate::harness::callers::wait_until_waiting;
use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::info::stat;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play, reply};

fn integer(map: &Value, name: &str) -> u64 {
    match field(map, name) {
        Value::Int(integer) => integer.unsigned_abs(),
        other => panic!("{name} is {other:?}"),
    }
}

async fn waiters(connection: &mut Connection, key: &str) -> Value {
    reply(connection, &format!("SECKILL.WAITERS {key}")).await
}

#[tokio::test]
async fn a_lock_that_nobody_waits_for() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = r#"
        DEBUG SET-ACTIVE-EXPIRE 0 => OK
        SECKILL.WAITERS lock => {"token" nil "lease" nil "fence" nil "waiters" []}
        SET lock ann => OK
        SECKILL.WAITERS lock => {"token" "ann" "lease" 0 "fence" nil "waiters" []}
        SET lock ann PX 1 => OK
        DEBUG SLEEP 0.01 => OK
        SECKILL.WAITERS lock => {"token" nil "lease" nil "fence" nil "waiters" []}
        RPUSH list item => 1
        SECKILL.WAITERS list => -WRONGTYPE Operation against a key holding the wrong kind of value
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.WAITERS sale => -WRONGTYPE Operation against a key holding the wrong kind of value
        SECKILL.LOCK lock ann 3600000 => <us>
    "#;
    play(&mut connection, session).await;
    let lock = waiters(&mut connection, "lock").await;
    assert_eq!(field(&lock, "token"), &Value::BulkString(b"ann".to_vec()));
    assert!((3_500_000..=3_600_000).contains(&integer(&lock, "lease")), "{lock:?}");
    assert_eq!((field(&lock, "fence"), field(&lock, "waiters")), (&Value::Nil, &Value::Array(vec![])));
}

/// The first in line first, each with its times.
#[tokio::test]
async fn a_lock_that_is_waited_for() {
    let mut queue = Queue::start().await;
    let joined_at = now_ms();
    let mut bob = queue.join("bob").await;
    let _cat = queue.waits("SECKILL.LOCK lock cat 5 BLOCK 60000").await;
    queue.settle().await;

    let lock = waiters(&mut queue.connection, "lock").await;
    let most = now_ms() - joined_at;
    let Value::Array(line) = field(&lock, "waiters") else { panic!("{lock:?}") };
    let tokens: Vec<_> = line.iter().map(|waiter| field(waiter, "token")).collect();
    assert_eq!(tokens, [&Value::BulkString(b"bob".to_vec()), &Value::BulkString(b"cat".to_vec())]);
    for waiter in line {
        assert!((10..=most).contains(&integer(waiter, "waited")), "{waiter:?} after {most} ms at most");
    }
    assert_eq!(integer(&line[0], "timeout"), 0);
    assert!((60_000 - most..60_000).contains(&integer(&line[1], "timeout")), "{lock:?}");
    assert_eq!(field(&lock, "fence"), &Value::Nil, "nobody of this line was granted the lock");

    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    let fence = queue.must_grant(&mut bob, "bob").await;
    let lock = waiters(&mut queue.connection, "lock").await;
    assert_eq!(integer(&lock, "fence"), fence);
    assert_eq!(field(&lock, "token"), &Value::BulkString(b"bob".to_vec()));
}

/// The line is in the memory of the primary.
#[tokio::test]
async fn a_replica_shows_the_holder_alone() {
    let mut queue = Queue::on(Server::primary("").await).await;
    let replica = queue.server.replica("").await;
    let mut bob = queue.join("bob").await;
    let _cat = queue.join("cat").await;
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    bob.fence().await;
    replica.catch_up(&queue.server).await;
    let mut connection = replica.connect().await;
    let lock = waiters(&mut connection, "lock").await;
    assert_eq!(field(&lock, "token"), &Value::BulkString(b"bob".to_vec()));
    assert!((3_500_000..=3_600_000).contains(&integer(&lock, "lease")), "{lock:?}");
    assert_eq!((field(&lock, "fence"), field(&lock, "waiters")), (&Value::Nil, &Value::Array(vec![])));
    assert_eq!(stat(&mut connection, "seckill", "seckill_waiters").await, "0");
}

/// Another program opens the connections, for a process may often have no more than 1024 files open.
#[tokio::test]
async fn a_thousand_waiters_are_shown_and_all_are_counted() {
    const ALL: &str = "1005";
    let mut queue = Queue::start().await;
    let mut crowd = Command::new("redis-benchmark")
        .arg("-s")
        .arg(queue.server.socket())
        .args(["-c", ALL, "-n", ALL, "-r", "1000000000"])
        .args(["SECKILL.LOCK", "lock", "token:__rand_int__", "3600000", "BLOCK", "0"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("all wait", async || stat(&mut queue.connection, "seckill", "seckill_waiters").await == ALL)
        .await;
    assert_eq!(queue.line().await.len(), 1_000);
    crowd.kill().unwrap();
    crowd.wait().unwrap();
    wait_until_waiting(&mut queue.connection, 0).await;
    assert_eq!(queue.line().await, [""; 0]);
    queue.play("GET lock => \"ann\"").await;
}

#[tokio::test]
async fn info_counts_those_that_waited() {
    let mut queue = Queue::start().await;
    let mut left = queue.waits("SECKILL.LOCK lock dan 3600000 BLOCK 1").await;
    assert_eq!(left.reply().await, "nil");
    let came_at = now_ms();
    let mut bob = queue.join("bob").await;
    let joined_at = now_ms();
    let mut cat = queue.join("cat").await;
    let _eve = queue.join("eve").await;
    wait_until("40 ms are over", async || now_ms() >= joined_at + 40).await;
    queue.play("SECKILL.LOCK lock zoe 5 => nil\nSECKILL.UNLOCK lock ann => 1").await;
    queue.must_grant(&mut bob, "bob").await;
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut cat, "cat").await;
    let most = now_ms() - came_at;

    let mut figures = vec![];
    for name in ["waits", "waiters", "handoffs", "grants", "longest_wait_ms"] {
        let figure = stat(&mut queue.connection, "seckill", &format!("seckill_{name}")).await;
        figures.push(figure.parse::<u64>().unwrap());
    }
    assert_eq!(figures[..4], [4, 1, 2, 3]);
    assert!((40..=most).contains(&figures[4]), "{} ms, and {most} at most", figures[4]);
    assert_eq!(get::<u64>(&mut queue.connection, "DBSIZE").await, 1);
    assert_eq!(line(&mut queue.connection, "lock").await, ["eve"]);
}

/// It is the fence of the grant to the holder, whoever that is.
#[tokio::test]
async fn the_fence_is_that_of_the_holder() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    let _cat = queue.join("cat").await;
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    let granted = queue.must_grant(&mut bob, "bob").await;
    assert_eq!(integer(&waiters(&mut queue.connection, "lock").await, "fence"), granted);
    let again: u64 = get(&mut queue.connection, "SECKILL.LOCK lock bob 3600000").await;
    assert!(again > granted);
    assert_eq!(integer(&waiters(&mut queue.connection, "lock").await, "fence"), again);
    queue.play("SET lock stranger => OK").await;
    assert_eq!(field(&waiters(&mut queue.connection, "lock").await, "fence"), &Value::Nil);
}
