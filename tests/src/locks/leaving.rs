//! Everything by which a caller leaves a line without the lock.

use redis::Value;

use super::queue::{Queue, must_be_granted_within, must_be_prompt};
use crate::harness::callers::{CLOSED, Caller, wait_until_waiting};
use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::divergence::APPLY_FROM_CLIENTS;
use crate::harness::info::stat;
use crate::harness::processes::Stopped;
use crate::harness::proxy::Proxy;
use crate::harness::server::Server;
use crate::harness::session::{get, together};

/// Bob left: the next one is granted the lock, and then it is free.
async fn must_have_left(queue: &mut Queue, next: &mut Caller) {
    assert_eq!(queue.line().await, ["cat"]);
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    queue.must_grant(next, "cat").await;
    queue.play("SECKILL.UNLOCK lock cat => 1\nEXISTS lock => 0\nSECKILL.LOCK lock ann 3600000 => <us>").await;
    wait_until_waiting(&mut queue.connection, 0).await;
}

#[tokio::test]
async fn when_the_time_is_up() {
    let mut queue = Queue::start().await;
    let (mut bob, began) = (Caller::on(&queue.server).await, now_ms());
    bob.send("SECKILL.LOCK lock bob 3600000 BLOCK 50").await;
    let mut cat = queue.join("cat").await;
    assert_eq!(bob.reply().await, "nil");
    assert!(now_ms() - began >= 50, "it left after {} ms", now_ms() - began);
    must_have_left(&mut queue, &mut cat).await;
}

/// A caller goes on as after any other command.
#[tokio::test]
async fn when_an_operator_unblocks_it() {
    let mut queue = Queue::start().await;
    for (how, reply) in
        [("", "nil"), (" TIMEOUT", "nil"), (" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK")]
    {
        let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
        queue.play(&format!("CLIENT UNBLOCK {}{how} => 1", bob.id)).await;
        assert_eq!(bob.reply().await, reply);
        assert_eq!(bob.ask("PING").await, "PONG");
        must_have_left(&mut queue, &mut cat).await;
    }
}

/// In the same moment the caller is granted the lock. Whatever it is told is true.
#[tokio::test]
async fn when_it_is_unblocked_while_the_lock_is_released() {
    let mut queue = Queue::start().await;
    for release in ["SECKILL.UNLOCK lock ann", "DEL lock"] {
        for how in ["TIMEOUT", "ERROR"] {
            let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
            let unblock = format!("CLIENT UNBLOCK {} {how}", bob.id);
            let released_at = now_ms();
            assert_eq!(together(&mut queue.connection, &[release, &unblock]).await, ["1", "1"]);
            if let Some(Value::Int(_)) = bob.value().await {
                queue.settle().await;
                assert_eq!(queue.holder().await, "bob", "{release} {how}");
                queue.play("SECKILL.UNLOCK lock bob => 1").await;
            }
            let fence = queue.must_grant(&mut cat, "cat").await;
            must_be_prompt(fence, released_at, &format!("{release} {how}"));
            queue.play("SECKILL.UNLOCK lock cat => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
        }
    }
}

#[tokio::test]
async fn when_its_connection_ends() {
    let mut queue = Queue::start().await;
    let (bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
    drop(bob);
    wait_until_waiting(&mut queue.connection, 1).await;
    must_have_left(&mut queue, &mut cat).await;
}

#[tokio::test]
async fn when_it_is_killed() {
    let mut queue = Queue::start().await;
    let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
    queue.play(&format!("CLIENT KILL ID {} => 1", bob.id)).await;
    assert_eq!(bob.reply().await, CLOSED);
    must_have_left(&mut queue, &mut cat).await;
}

/// By each of its calls.
#[tokio::test]
async fn when_its_token_is_unlocked() {
    let mut queue = Queue::start().await;
    for unlock in
        ["SECKILL.UNLOCK lock bob", "EVAL \"return redis.call('SECKILL.UNLOCK', 'lock', 'bob')\" 1 lock"]
    {
        let mut bob = queue.join("bob").await;
        let mut cat = queue.join("cat").await;
        let mut again = queue.join("bob").await;
        queue.play(&format!("{unlock} => 0")).await;
        assert_eq!((bob.reply().await.as_str(), again.reply().await.as_str()), ("nil", "nil"));
        queue.play("GET lock => \"ann\"").await;
        must_have_left(&mut queue, &mut cat).await;
    }
}

/// The owner waits, too, as it asked again when it seemed that the first call was lost. It wants the lock no more.
#[tokio::test]
async fn when_the_owner_unlocks() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    let mut again = queue.join("bob").await;
    let mut cat = queue.join("cat").await;
    let replies =
        together(&mut queue.connection, &["SECKILL.UNLOCK lock ann", "SECKILL.UNLOCK lock bob"]).await;
    assert_eq!(replies, ["1", "1"]);
    let (first, second) = (bob.fence().await, again.fence().await);
    let third = queue.must_grant(&mut cat, "cat").await;
    assert!(first < second && second < third, "{first} {second} {third}");
}

/// The limit is of all that wait, for locks and for events. A free lock needs no room.
#[tokio::test]
async fn no_more_wait_than_the_limit_allows() {
    let mut queue = Queue::start().await;
    let full = |most: usize| {
        format!("-MAXWAITERS no more than {most} callers may wait, as seckill.max-waiters says")
    };
    let mut one_more = Caller::on(&queue.server).await;
    queue.play("CONFIG SET seckill.max-waiters 0 => OK").await;
    assert_eq!(one_more.ask("SECKILL.LOCK lock dan 3600000 BLOCK 0").await, full(0));
    assert_eq!(one_more.ask("SECKILL.LOCK free dan 3600000 BLOCK 0").await, "<us>");
    assert_eq!(queue.line().await, [""; 0]);

    queue.play("CONFIG SET seckill.max-waiters 2 => OK\nSECKILL.CREATE sale STOCK 1 => OK").await;
    let mut bob = queue.join("bob").await;
    let reader = queue.waits("SECKILL.EVENTS sale 1 BLOCK 0").await;
    for line in ["SECKILL.LOCK lock dan 3600000 BLOCK 0", "SECKILL.LOCK free zoe 3600000 BLOCK 0"] {
        assert_eq!(one_more.ask(line).await, full(2), "{line}");
    }
    assert_eq!(one_more.ask("SECKILL.EVENTS sale 1 BLOCK 0").await, full(2));
    assert_eq!(queue.line().await, ["bob"]);
    assert_eq!(stat(&mut queue.connection, "seckill", "seckill_waits").await, "1");

    // Whoever waits already goes on waiting.
    queue.play("CONFIG SET seckill.max-waiters 1 => OK").await;
    drop(reader);
    wait_until("the reader left", async || {
        stat(&mut queue.connection, "seckill", "seckill_waiting_readers").await == "0"
    })
    .await;
    assert_eq!(one_more.ask("SECKILL.LOCK lock dan 3600000 BLOCK 0").await, full(1));
    queue.play("CONFIG SET seckill.max-waiters 2 => OK").await;
    let mut dan = queue.join("dan").await;
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    queue.must_grant(&mut bob, "bob").await;
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut dan, "dan").await;
}

/// Where no command may block, the reply comes at once.
#[tokio::test]
async fn nobody_waits_in_multi_and_scripts() {
    let mut queue = Queue::start().await;
    let session = "
        MULTI => OK
        SECKILL.LOCK lock bob 3600000 BLOCK 0 => QUEUED
        EXEC => [nil]
        EVAL \"return redis.call('SECKILL.LOCK', 'lock', 'bob', '3600000', 'BLOCK', '0')\" 1 lock => nil
    ";
    queue.play(session).await;
    assert_eq!(queue.line().await, [""; 0]);
}

/// A machine that lost power closes no connection. What it was granted is free again when the lease ends.
#[tokio::test]
async fn a_client_that_is_gone_without_a_word_costs_a_lease() {
    const LEASE: u64 = 200;
    let mut queue = Queue::on(Server::primary("").await).await;
    let proxy = Proxy::to(&queue.server).await;
    let line = format!("SECKILL.LOCK lock bob {LEASE} BLOCK 0");
    let bob = Caller::at(proxy.port()).await.waits(&line, &mut queue.connection).await;
    let mut cat = queue.join("cat").await;
    proxy.stall();
    drop(bob);
    let before = now_ms();
    queue.play("SECKILL.UNLOCK lock ann => 1\nGET lock => \"bob\"").await;
    let fence = queue.must_grant(&mut cat, "cat").await;
    must_be_prompt(fence, before + LEASE, "the lease ended");
}

/// A caller whose connection seemed lost asks again. Both calls get the lock, whoever else waits in between.
#[tokio::test]
async fn a_token_may_wait_by_two_calls() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    let mut cat = queue.join("cat").await;
    let mut again = queue.waits("SECKILL.LOCK lock bob 7200000 BLOCK 0").await;
    assert_eq!(queue.line().await, ["bob", "cat", "bob"]);
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    let (first, second) = (bob.fence().await, again.fence().await);
    assert!(first < second, "{first} is not below {second}");
    let left: u64 = get(&mut queue.connection, "PTTL lock").await;
    assert!(left > 3_600_000, "the last call sets the lease, of which {left} ms are left");
    assert_eq!(queue.line().await, ["cat"]);
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut cat, "cat").await;
}

/// Some of the calls of a token are gone when it is granted the lock. As long as one of them is not, it keeps
/// it; otherwise the lock is passed on at once.
#[tokio::test]
async fn a_token_keeps_the_lock_for_the_calls_that_are_left() {
    for gone in [&[0][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 2], &[0, 1, 2]] {
        for released_first in [false, true] {
            let mut queue = Queue::start().await;
            let mut calls = vec![];
            for _ in 0..3 {
                calls.push(Some(queue.join("bob").await));
            }
            let mut cat = queue.join("cat").await;
            let mut releasing = Caller::on(&queue.server).await;
            let stopped = Stopped::server(&mut queue.connection).await;
            if released_first {
                releasing.send("SECKILL.UNLOCK lock ann").await;
            }
            for call in gone {
                calls[*call] = None;
            }
            if !released_first {
                releasing.send("SECKILL.UNLOCK lock ann").await;
            }
            drop(stopped);
            assert_eq!(releasing.reply().await, "1");
            let mut last = 0;
            for caller in calls.iter_mut().flatten() {
                let fence = caller.fence().await;
                assert!(fence > last, "{fence} is not above {last}");
                last = fence;
            }
            let what = format!("{gone:?} are gone, {released_first}");
            if last != 0 {
                queue.settle().await;
                assert_eq!(queue.holder().await, "bob", "{what}");
                assert_eq!(queue.line().await, ["cat"], "{what}");
                queue.play("SECKILL.UNLOCK lock bob => 1").await;
            }
            queue.must_grant(&mut cat, "cat").await;
        }
    }
}

/// The call is gone before it was told of the lock, but its owner has it by another call that did not wait.
#[tokio::test]
async fn a_token_keeps_the_lock_that_it_got_by_another_call() {
    let mut queue = Queue::start().await;
    let (bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
    let mut other = Caller::on(&queue.server).await;
    let stopped = Stopped::server(&mut queue.connection).await;
    other.send("SECKILL.UNLOCK lock ann").await;
    other.send("SECKILL.LOCK lock bob 3600000").await;
    drop(bob);
    drop(stopped);
    assert_eq!(other.reply().await, "1");
    other.fence().await;
    queue.settle().await;
    assert_eq!(queue.holder().await, "bob");
    assert_eq!(queue.line().await, ["cat"]);
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut cat, "cat").await;
}

/// The token of a waiter, who is not even the first, comes to hold the lock by another connection.
#[tokio::test]
async fn a_waiter_whose_token_holds_the_lock_is_told_at_once() {
    let mut queue = Queue::with(APPLY_FROM_CLIENTS).await;
    let grant = format!("SECKILL.GRANT lock bob {} 1", now_ms() + 3_600_000);
    let takeovers: [(&[&str], u64); 6] = [
        (&["RENAME lock old", "SET lock bob"], 800),
        (&["SET other bob", "RENAME other lock"], 800),
        (&["PSETEX lock 3600000 bob"], 800),
        (&["SET lock bob PX 3600000"], 800),
        (&[&grant], 800),
        // Only that a string was set is not reported to the module.
        (&["SET lock bob"], 2_500),
    ];
    for (takeover, within) in takeovers {
        let (mut cat, mut bob) = (queue.join("cat").await, queue.join("bob").await);
        let commands = [&["MULTI"], takeover, &["EXEC"]].concat();
        let taken_at = now_ms();
        let replies = together(&mut queue.connection, &commands).await;
        assert!(replies.iter().all(|reply| !reply.contains('-')), "{replies:?}");
        let fence = queue.must_grant(&mut bob, "bob").await;
        must_be_granted_within(within, fence, taken_at, &format!("{takeover:?}"));
        let left: u64 = get(&mut queue.connection, "PTTL lock").await;
        assert!((3_500_000..=3_600_000).contains(&left), "{left} ms left after {takeover:?}");
        assert_eq!(queue.line().await, ["cat"], "{takeover:?}");
        queue.play("SECKILL.UNLOCK lock bob => 1").await;
        queue.must_grant(&mut cat, "cat").await;
        queue.play("DEL lock => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
    }
}

/// By LOCK, which finds the lock free and the line not served yet: both calls are granted it.
#[tokio::test]
async fn a_waiter_that_asks_again_without_waiting_has_the_lock_twice() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    let mut cat = queue.join("cat").await;
    let replies = together(&mut queue.connection, &["DEL lock", "SECKILL.LOCK lock bob 3600000"]).await;
    assert_eq!(replies, ["1", "<us>"]);
    bob.fence().await;
    assert_eq!(queue.holder().await, "bob");
    assert_eq!(queue.line().await, ["cat"]);
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut cat, "cat").await;
}

/// The server ends its connection after it has sent the fence. So the lock is the caller's, until the lease ends.
#[tokio::test]
async fn a_caller_that_ends_its_connection_behind_the_call_keeps_the_lock() {
    let mut queue = Queue::start().await;
    for last_words in ["QUIT", "CLIENT KILL ID <bob> SKIPME no"] {
        let (mut bob, mut cat) = (Caller::on(&queue.server).await, Caller::on(&queue.server).await);
        bob.send("SECKILL.LOCK lock bob 3600000 BLOCK 0").await;
        bob.send(&last_words.replace("<bob>", &bob.id.to_string())).await;
        wait_until_waiting(&mut queue.connection, 1).await;
        cat.send("SECKILL.LOCK lock cat 3600000 BLOCK 0").await;
        wait_until_waiting(&mut queue.connection, 2).await;
        queue.play("SECKILL.UNLOCK lock ann => 1").await;
        bob.fence().await;
        wait_until("bob is gone", async || {
            get::<String>(&mut queue.connection, &format!("CLIENT LIST ID {}", bob.id))
                .await
                .trim()
                .is_empty()
        })
        .await;
        queue.settle().await;
        queue.play("GET lock => \"bob\"\nSECKILL.UNLOCK lock bob => 1").await;
        queue.must_grant(&mut cat, "cat").await;
        queue.play("SECKILL.UNLOCK lock cat => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
    }
}
