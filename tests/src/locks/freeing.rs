//! Whatever frees a lock serves its line.

use redis::Script;
use seckill_client::COMPARE_AND_DELETE;

use super::queue::{Queue, must_be_prompt};
use crate::harness::callers::{Caller, wait_until_waiting};
use crate::harness::conditions::now_ms;
use crate::harness::divergence::APPLY_FROM_CLIENTS;
use crate::harness::info::stat;
use crate::harness::session::{ask, get, lines, play, together};

/// The last command of each session frees the lock, or has it expire after a few ms.
const RELEASES: [&str; 33] = [
    "SECKILL.UNLOCK lock ann => 1",
    "SECKILL.BUY sale ann o1 LOCK lock ann RELEASE => SOLD",
    "SECKILL.BUY sale ann o1 QTY 5 LOCK lock ann RELEASE => SHORT",
    "SECKILL.BUYALL 2 sale other ann o1 LOCK lock ann RELEASE => [SOLD SOLD]",
    "SECKILL.BUYALL 2 sale other ann o1 QTY 1 5 LOCK lock ann RELEASE => [FREE SHORT]",
    "SECKILL.RENEW lock ann 5 => 1",
    "SECKILL.LOCK lock ann 5 => <us>",
    "DEL lock => 1",
    "UNLINK lock => 1",
    "GETDEL lock => \"ann\"",
    "RENAME lock elsewhere => OK",
    "RENAMENX lock elsewhere => 1",
    "MOVE lock 1 => 1",
    "FLUSHDB => OK",
    "FLUSHDB ASYNC => OK",
    "FLUSHALL => OK",
    "FLUSHALL ASYNC => OK",
    "SWAPDB 0 1 => OK",
    "PEXPIRE lock 5 => 1",
    "EXPIRE lock -1 => 1",
    "EXPIREAT lock 1 => 1",
    "GETEX lock PX 5 => \"ann\"",
    "PERSIST lock => 1\nPEXPIRE lock 5 => 1",
    "PERSIST lock => 1\nDEL lock => 1",
    "SORT none STORE lock => 0",
    "SET lock stranger => OK\nDEL lock => 1",
    "APPEND lock a => 4\nDEL lock => 1",
    "SET lock stranger PX 5 => OK",
    "SET lock stranger PXAT 1 => OK",
    "PSETEX lock 5 stranger => OK",
    "SET other:lock stranger PX 5 => OK\nRENAME other:lock lock => OK",
    // Nobody gets a lock while something else is at its key.
    "RPUSH list item => 1\nRENAME list lock => OK\nLPOP lock => \"item\"",
    "DEBUG RELOAD => OK\nDEL lock => 1",
];

/// Commands that only some servers have.
const NEWER: [&str; 3] = ["DELEX lock IFEQ ann => 1", "DELEX lock => 1", "DELIFEQ lock ann => 1"];

/// Bob waits for an hour's lease while the session is played. Returns his fence, and when the last command was sent.
async fn free(queue: &mut Queue, session: &str) -> (u64, u64) {
    let setup = "
        FLUSHALL => OK
        SECKILL.CREATE sale STOCK 4 => OK
        SECKILL.CREATE other STOCK 4 => OK
        SECKILL.LOCK lock ann 3600000 => <us>
    ";
    queue.play(setup).await;
    let mut bob = queue.join("bob").await;
    let mut sent_at = 0;
    for (line, reply) in lines(session) {
        sent_at = now_ms();
        assert_eq!(ask(&mut queue.connection, line).await, reply, "{line}");
    }
    let fence = queue.must_grant(&mut bob, "bob").await;
    wait_until_waiting(&mut queue.connection, 0).await;
    (fence, sent_at)
}

async fn must_serve_at_once(queue: &mut Queue, session: &str) {
    let (fence, sent_at) = free(queue, session).await;
    must_be_prompt(fence, sent_at, session);
}

#[tokio::test]
async fn whatever_frees_the_lock_serves_the_line_at_once() {
    let mut queue = Queue::start().await;
    for session in RELEASES {
        must_serve_at_once(&mut queue, session).await;
    }
    let release = Script::new(COMPARE_AND_DELETE);
    release.prepare_invoke().load_async(&mut queue.connection).await.unwrap();
    must_serve_at_once(&mut queue, &format!("EVALSHA {} 1 lock ann => 1", release.get_hash())).await;
}

#[tokio::test]
async fn commands_of_newer_servers_serve_the_line_at_once() {
    let mut queue = Queue::start().await;
    for session in NEWER {
        let name = session.split(' ').next().unwrap();
        if ask(&mut queue.connection, &format!("COMMAND INFO {name}")).await != "[nil]" {
            must_serve_at_once(&mut queue, session).await;
        }
    }
}

#[tokio::test]
async fn a_lock_that_is_evicted_serves_the_line() {
    let mut queue = Queue::start().await;
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        queue.play(&format!("CONFIG SET maxmemory-policy {policy} => OK")).await;
        let mut bob = queue.join("bob").await;
        let evicted_at = now_ms();
        let evict = ["CONFIG SET maxmemory 1", "PING", "CONFIG SET maxmemory 0"];
        assert_eq!(together(&mut queue.connection, &evict).await, ["OK", "PONG", "OK"]);
        let fence = queue.must_grant(&mut bob, "bob").await;
        must_be_prompt(fence, evicted_at, policy);
        queue.play("SECKILL.UNLOCK lock bob => 1\nSECKILL.LOCK lock ann 3600000 => <us>").await;
    }
    assert_eq!(stat(&mut queue.connection, "stats", "evicted_keys").await, "4");
}

/// RESTORE puts another holder in place, whose lease is short.
#[tokio::test]
async fn a_restored_lock_serves_the_line_when_it_ends() {
    let mut queue = Queue::start().await;
    queue.play("SET other stranger => OK").await;
    let payload: Vec<u8> = get(&mut queue.connection, "DUMP other").await;
    let mut bob = queue.join("bob").await;
    let restored_at = now_ms();
    let restore = redis::cmd("RESTORE").arg("lock").arg(5).arg(payload).arg("REPLACE").take();
    restore.exec_async(&mut queue.connection).await.unwrap();
    let fence = queue.must_grant(&mut bob, "bob").await;
    must_be_prompt(fence, restored_at, "RESTORE");
}

/// What a primary would have granted: on a server that takes that from clients.
#[tokio::test]
async fn a_lock_that_was_granted_elsewhere_serves_the_line_when_it_ends() {
    let mut queue = Queue::with(APPLY_FROM_CLIENTS).await;
    let mut bob = queue.join("bob").await;
    let (until, fence) = (now_ms() + 5, now_ms() * 1000);
    queue.play(&format!("SECKILL.GRANT lock stranger {until} {fence} => OK")).await;
    let fence = queue.must_grant(&mut bob, "bob").await;
    must_be_prompt(fence, until, "GRANT");
}

/// A stranger that takes the lock is its holder, and the line waits on.
#[tokio::test]
async fn the_line_waits_for_whoever_holds_the_lock() {
    let mut queue = Queue::start().await;
    let mut bob = queue.join("bob").await;
    for change in [
        "SET lock stranger => OK",
        "SET lock stranger EX 3600 => OK",
        "PERSIST lock => 1",
        "SECKILL.RENEW lock stranger 3600000 => 1",
        "EXPIRE lock 7200 => 1",
        "SET other dan => OK\nRENAME other lock => OK",
    ] {
        queue.play(change).await;
        queue.settle().await;
        assert_eq!(queue.line().await, ["bob"], "{change}");
    }
    assert_eq!(queue.holder().await, "dan");
    queue.play("DEL lock => 1").await;
    queue.must_grant(&mut bob, "bob").await;
}

/// Redis deletes expired keys later, or never when nobody reads them.
#[tokio::test]
async fn a_lease_that_ends_serves_the_line_at_once() {
    let mut queue = Queue::start().await;
    for active_expiry in [1, 0] {
        queue.play(&format!("DEBUG SET-ACTIVE-EXPIRE {active_expiry} => OK")).await;
        queue.play("SECKILL.LOCK lock ann 60 => <us>").await;
        let mut bob = queue.join("bob").await;
        let end = get(&mut queue.connection, "PEXPIRETIME lock").await;
        let fence = queue.must_grant(&mut bob, "bob").await;
        must_be_prompt(fence, end, "the lease ended");
        queue.play("SECKILL.UNLOCK lock bob => 1").await;
    }
}

/// No owner releases the lock. Each lease begins when the one before has ended.
#[tokio::test]
async fn one_lease_follows_the_other() {
    const LEASE: u64 = 20;
    let mut queue = Queue::start().await;
    queue.play("DEBUG SET-ACTIVE-EXPIRE 0 => OK").await;
    let mut callers = vec![];
    for number in 0..20 {
        callers.push(queue.waits(&format!("SECKILL.LOCK lock t{number} {LEASE} BLOCK 0")).await);
    }
    let mut end = now_ms();
    queue.play("SECKILL.UNLOCK lock ann => 1").await;
    for mut caller in callers {
        let fence = caller.fence().await;
        must_be_prompt(fence, end, "the lease before ended");
        end = fence / 1000 + LEASE;
    }
}

/// Commands of MULTI or of a script that have the lock of ann free in between, with their replies, and its holder
/// when the line was served.
const AS_A_WHOLE: [(&str, &str); 9] = [
    (
        "SECKILL.UNLOCK lock ann => 1
        GET lock => nil
        SECKILL.LOCK lock rival 3600000 => nil
        SECKILL.LOCK lock rival 3600000 BLOCK 0 => nil
        SECKILL.LOCK lock ann 3600000 => nil",
        "bob",
    ),
    ("SECKILL.BUY sale ann o1 LOCK lock ann RELEASE => SOLD\nSECKILL.LOCK lock rival 3600000 => nil", "bob"),
    ("DEL lock => 1\nSECKILL.LOCK lock rival 3600000 => nil", "bob"),
    ("UNLINK lock => 1\nEXISTS lock => 0", "bob"),
    ("SECKILL.UNLOCK lock ann => 1\nSET lock dan NX => OK", "dan"),
    ("SECKILL.BUY sale ann o1 LOCK lock ann RELEASE => SOLD\nSET lock dan EX 3600 => OK", "dan"),
    ("DEL lock => 1\nSET lock dan => OK\nSECKILL.LOCK lock rival 3600000 => nil", "dan"),
    ("RENAME lock other => OK\nSECKILL.LOCK lock rival 3600000 => nil\nRENAME other lock => OK", "ann"),
    ("SECKILL.UNLOCK lock ann => 1\nSET lock dan => OK\nSECKILL.LOCK lock dan 3600000 => <us>", "dan"),
];

async fn in_multi(queue: &mut Queue, session: &str) {
    queue.play("MULTI => OK").await;
    for (line, _) in lines(session) {
        queue.play(&format!("{line} => QUEUED")).await;
    }
    let replies: Vec<_> = lines(session).map(|(_, reply)| reply).collect();
    assert_eq!(ask(&mut queue.connection, "EXEC").await, format!("[{}]", replies.join(" ")));
}

async fn in_a_script(queue: &mut Queue, session: &str) {
    let mut script = "local replies = {}".to_owned();
    for (line, _) in lines(session) {
        let words: Vec<_> = line.split(' ').map(|word| format!("'{word}'")).collect();
        // A nil would end the list.
        script += &format!(" table.insert(replies, redis.call({}) or 'nil')", words.join(", "));
    }
    let mut expected = vec![];
    for (_, reply) in lines(session) {
        expected.push(if reply == "nil" { "\"nil\"" } else { reply });
    }
    let line = format!("EVAL \"{script} return replies\" 3 lock other sale");
    assert_eq!(ask(&mut queue.connection, &line).await, format!("[{}]", expected.join(" ")));
}

/// Nothing is granted in between. Afterwards the line is served, unless the lock was taken by then.
#[tokio::test]
async fn multi_and_scripts_serve_the_line_when_they_have_ended() {
    let mut queue = Queue::start().await;
    for as_script in [false, true] {
        for (session, holder) in AS_A_WHOLE {
            let setup = "
                FLUSHALL => OK
                SECKILL.CREATE sale STOCK 1 => OK
                SECKILL.LOCK lock ann 3600000 => <us>
            ";
            queue.play(setup).await;
            let mut bob = queue.join("bob").await;
            let sent_at = now_ms();
            if as_script {
                in_a_script(&mut queue, session).await;
            } else {
                in_multi(&mut queue, session).await;
            }
            if holder != "bob" {
                queue.settle().await;
                assert_eq!(queue.line().await, ["bob"], "{session}");
                assert_eq!(queue.holder().await, holder, "{session}");
                queue.play("DEL lock => 1").await;
            }
            let fence = queue.must_grant(&mut bob, "bob").await;
            must_be_prompt(fence, sent_at, session);
        }
    }
}

/// In each database the key is another lock. SWAPDB leaves the callers where they are.
#[tokio::test]
async fn a_lock_of_another_database_is_another_lock() {
    let mut queue = Queue::start().await;
    let mut other = queue.server.connect().await;
    play(&mut other, "SELECT 1 => OK\nSECKILL.LOCK lock zoe 3600000 => <us>").await;
    let mut bob = queue.join("bob").await;
    let mut cat = Caller::on(&queue.server).await;
    assert_eq!(cat.ask("SELECT 1").await, "OK");
    let mut cat = cat.waits("SECKILL.LOCK lock cat 3600000 BLOCK 0", &mut queue.connection).await;
    play(&mut other, "DEL lock => 1").await;
    cat.fence().await;
    play(&mut other, "GET lock => \"cat\"").await;
    assert_eq!(queue.line().await, ["bob"]);

    queue.play("SWAPDB 0 1 => OK\nGET lock => \"cat\"").await;
    queue.settle().await;
    assert_eq!(queue.line().await, ["bob"]);
    play(&mut other, "GET lock => \"ann\"\nDEL lock => 1").await;
    queue.settle().await;
    assert_eq!(queue.line().await, ["bob"]);
    assert_eq!(cat.ask("SELECT 0").await, "OK");
    assert_eq!(cat.ask("SECKILL.UNLOCK lock cat").await, "1");
    queue.must_grant(&mut bob, "bob").await;
}
