//! A line is served first come, first served, by one owner at a time, and nobody overtakes it.

use std::cell::Cell;

use futures_util::future::join;

use super::queue::{Queue, must_be_prompt};
use crate::harness::callers::{CLOSED, Caller, wait_until_waiting};
use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::processes::Stopped;
use crate::harness::server::Server;
use crate::harness::session::{ask, together};

/// Callers that join a line one after the other, with their tokens.
async fn crowd(queue: &mut Queue, size: usize) -> Vec<(String, Caller)> {
    let mut crowd = vec![];
    for number in 0..size {
        let token = format!("t{number}");
        crowd.push((token.clone(), queue.join(&token).await));
    }
    crowd
}

fn tokens(crowd: &[(String, Caller)]) -> Vec<String> {
    crowd.iter().map(|(token, _)| token.clone()).collect()
}

/// Fifty callers wait. Each is told when the lock is its own, and not before.
#[tokio::test]
async fn first_come_first_served() {
    let mut queue = Queue::start().await;
    let mut crowd = crowd(&mut queue, 50).await;
    let (mut holder, mut last_fence) = ("ann".to_owned(), 0);
    while !crowd.is_empty() {
        assert_eq!(queue.line().await, tokens(&crowd));
        queue.play(&format!("SECKILL.UNLOCK lock {holder} => 1")).await;
        let (token, mut caller) = crowd.remove(0);
        let fence = queue.must_grant(&mut caller, &token).await;
        assert!(fence > last_fence, "{fence} is not above {last_fence}");
        (holder, last_fence) = (token, fence);
    }
    queue.play(&format!("SECKILL.UNLOCK lock {holder} => 1\nEXISTS lock => 0")).await;
}

/// The owners release the lock by themselves, as fast as they can, and in whatever way.
#[tokio::test]
async fn callers_that_do_not_wait_get_nothing_while_others_do() {
    const SIZE: usize = 50;
    let mut queue = Queue::start().await;
    let mut crowd = crowd(&mut queue, SIZE).await;
    let (mut rival, is_over, calls) = (queue.server.connect().await, Cell::new(false), Cell::new(0));
    let rivalry = async {
        while !is_over.get() {
            assert_eq!(ask(&mut rival, "SECKILL.LOCK lock rival 3600000").await, "nil");
            calls.set(calls.get() + 1);
        }
    };
    let scenario = async {
        queue.play("SECKILL.UNLOCK lock ann => 1").await;
        for (number, (token, caller)) in crowd.iter_mut().enumerate() {
            caller.fence().await;
            // The last one keeps it.
            if number + 1 < SIZE {
                let unlock = format!("SECKILL.UNLOCK lock {token}");
                let release = [&unlock, "GETDEL lock", "PEXPIRE lock 1"][number % 3];
                assert_ne!(caller.ask(release).await, "0", "{token} was the owner");
            }
        }
        wait_until("the rival called", async || calls.get() > SIZE).await;
        is_over.set(true);
    };
    join(rivalry, scenario).await;
}

/// The call comes right behind whatever freed the lock, before the server does anything else.
#[tokio::test]
async fn nobody_slips_in_between_the_release_and_the_grant() {
    const RIVAL: &str = "SECKILL.LOCK lock rival 3600000";
    let mut queue = Queue::start().await;
    queue.play("DEBUG SET-ACTIVE-EXPIRE 0 => OK").await;
    let releases: [&[&str]; 6] = [
        &["SECKILL.UNLOCK lock ann"],
        &["DEL lock"],
        &["RENAME lock other"],
        &["FLUSHALL"],
        &["PEXPIRE lock 20", "DEBUG SLEEP 0.05"],
        &["SET lock stranger PX 20", "DEBUG SLEEP 0.05"],
    ];
    for release in releases {
        queue.play("DEL lock => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
        let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
        let mut commands = release.to_vec();
        commands.extend([RIVAL, "GET lock"]);
        let replies = together(&mut queue.connection, &commands).await;
        assert_eq!(replies[release.len()..], ["nil", "\"bob\""], "{release:?}");
        queue.must_grant(&mut bob, "bob").await;
        assert_eq!(queue.line().await, ["cat"], "{release:?}");
        queue.play("SECKILL.UNLOCK lock bob => 1").await;
        queue.must_grant(&mut cat, "cat").await;
    }
}

/// A script cannot be interrupted to serve the line. So it leaves the lock to the line, however it became free.
#[tokio::test]
async fn nobody_slips_in_by_a_script() {
    const RIVAL: &str = "EVAL \"return redis.call('SECKILL.LOCK', 'lock', 'rival', '3600000')\" 1 lock";
    let mut queue = Queue::start().await;
    queue.play("DEBUG SET-ACTIVE-EXPIRE 0 => OK").await;
    for release in [&["DEL lock"][..], &["PEXPIRE lock 20", "DEBUG SLEEP 0.05"]] {
        let mut bob = queue.join("bob").await;
        let mut commands = release.to_vec();
        commands.push(RIVAL);
        let replies = together(&mut queue.connection, &commands).await;
        assert_eq!(replies[release.len()], "nil", "{release:?}");
        queue.must_grant(&mut bob, "bob").await;
        queue.play("SECKILL.UNLOCK lock bob => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
    }
}

/// What arrives together is served in one go.
#[tokio::test]
async fn who_comes_right_after_the_release_is_the_last_in_line() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    let (mut releasing, mut late) = (Caller::on(&queue.server).await, Caller::on(&queue.server).await);
    let stopped = Stopped::server(&mut queue.connection).await;
    releasing.send("DEL lock").await;
    late.send("SECKILL.LOCK lock late 3600000 BLOCK 0").await;
    drop(stopped);
    queue.must_grant(&mut bob, "bob").await;
    assert_eq!(queue.line().await, ["late"]);
    queue.play("SECKILL.UNLOCK lock bob => 1").await;
    queue.must_grant(&mut late, "late").await;
}

/// While others wait for another lock.
#[tokio::test]
async fn a_lock_that_nobody_waits_for_is_as_ever() {
    let mut queue = Queue::start().await;
    let _bob = queue.join("bob").await;
    let session = "
        SECKILL.LOCK other ann 3600000 => <us>
        SECKILL.LOCK other cat 3600000 => nil
        SECKILL.RENEW other ann 3600000 => 1
        SECKILL.UNLOCK other ann => 1
        SECKILL.UNLOCK other ann => 0
        SECKILL.LOCK other cat 3600000 BLOCK 0 => <us>
        DEL other => 1
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.LOCK other cat 3600000 => <us>
        SECKILL.BUY sale cat o1 LOCK other cat RELEASE => SOLD
        EXISTS other => 0
    ";
    queue.play(session).await;
    assert_eq!(queue.line().await, ["bob"]);
}

/// The connections of the first in line end while the lock is released. The server finds out before, or after it
/// granted them the lock for an hour.
#[tokio::test]
async fn whoever_is_gone_is_skipped_at_once() {
    for by_tcp in [false, true] {
        for released_first in [false, true] {
            let mut queue = Queue::on(Server::primary("").await).await;
            let mut gone = vec![];
            for token in ["bob", "dan"] {
                let line = format!("SECKILL.LOCK lock {token} 3600000 BLOCK 0");
                let port = queue.server.port();
                let caller = if by_tcp { Caller::at(port).await } else { Caller::on(&queue.server).await };
                gone.push(caller.waits(&line, &mut queue.connection).await);
            }
            let mut cat = queue.join("cat").await;
            let mut releasing = Caller::on(&queue.server).await;

            let stopped = Stopped::server(&mut queue.connection).await;
            if released_first {
                releasing.send("SECKILL.UNLOCK lock ann").await;
                drop(gone);
            } else {
                drop(gone);
                releasing.send("SECKILL.UNLOCK lock ann").await;
            }
            let released_at = now_ms();
            drop(stopped);
            let fence = queue.must_grant(&mut cat, "cat").await;
            must_be_prompt(fence, released_at, &format!("{by_tcp} {released_first}"));
            assert_eq!(releasing.reply().await, "1");
            wait_until_waiting(&mut queue.connection, 0).await;
        }
    }
}

/// The server finds out when it sends the reply.
#[tokio::test]
async fn whoever_leaves_before_the_reply_is_sent_is_skipped_at_once() {
    let mut queue = Queue::start().await;
    let (bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
    let mut releasing = queue.server.connect().await;
    let released_at = now_ms();
    let commands = ["SECKILL.UNLOCK lock ann", "DEBUG LOG bob-has-the-lock", "DEBUG SLEEP 1"];
    let leave = async {
        wait_until("the lock is released", async || queue.server.log().contains("bob-has-the-lock")).await;
        drop(bob);
    };
    join(together(&mut releasing, &commands), leave).await;
    let fence = queue.must_grant(&mut cat, "cat").await;
    must_be_prompt(fence, released_at + 1_000, "bob is gone");
}

/// The owner is killed before it was told.
#[tokio::test]
async fn whoever_is_killed_is_skipped_at_once() {
    let mut queue = Queue::start().await;
    for release in ["SECKILL.UNLOCK lock ann", "DEL lock"] {
        for released_first in [false, true] {
            let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
            let kill = format!("CLIENT KILL ID {}", bob.id);
            let commands = if released_first { [release, &kill] } else { [&kill, release] };
            let released_at = now_ms();
            assert_eq!(together(&mut queue.connection, &commands).await, ["1", "1"]);
            let fence = queue.must_grant(&mut cat, "cat").await;
            must_be_prompt(fence, released_at, &format!("{commands:?}"));
            assert_eq!(bob.reply().await, CLOSED, "{commands:?}");
            queue.play("DEL lock => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
        }
    }
}

/// Nobody else waits: the lock is free, although its owner asked for an hour.
#[tokio::test]
async fn a_lock_whose_new_owner_is_gone_is_free() {
    let mut queue = Queue::start().await;
    let bob = queue.join("bob").await;
    let mut releasing = Caller::on(&queue.server).await;
    let stopped = Stopped::server(&mut queue.connection).await;
    releasing.send("SECKILL.UNLOCK lock ann").await;
    drop(bob);
    drop(stopped);
    assert_eq!(releasing.reply().await, "1");
    wait_until("the lock is free", async || queue.holder().await == "nil").await;
    wait_until_waiting(&mut queue.connection, 0).await;
}

/// A call that the owner sent before it had the lock is served when it has it.
#[tokio::test]
async fn commands_behind_the_call_are_served_under_the_lock() {
    let mut queue = Queue::start().await;
    queue.play("SECKILL.CREATE sale STOCK 1 => OK").await;
    let (mut bob, mut cat) = (queue.join("bob").await, queue.join("cat").await);
    bob.send("SECKILL.BUY sale bob o1 LOCK lock bob RELEASE").await;
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    bob.fence().await;
    assert_eq!(bob.reply().await, "SOLD");
    queue.must_grant(&mut cat, "cat").await;
}
