//! Callers that wait while slots move, while a replica takes over, and while the cluster is down: they get what
//! those of BLPOP get.

use seckill_client::{NewSale, Seckill};

use super::nodes::{Cluster, Node};
use super::ownership;
use crate::harness::callers::{Caller, waiting};
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

/// In one slot.
const LOCK: &str = "{sale}lock";

/// A client that another node sent to this one.
async fn asking(node: &Node) -> Caller {
    let mut caller = Caller::on(&node.server).await;
    assert_eq!(caller.ask("ASKING").await, "OK");
    caller
}

/// Plays one command of such a client.
async fn play_asking(node: &Node, line: &str) {
    play(&mut node.connect().await, &format!("ASKING => OK\n{line}")).await;
}

async fn wait_asking(node: &Node, line: &str) -> Caller {
    asking(node).await.waits(line, &mut node.connect().await).await
}

/// A cluster in which ann holds a lock: its slot, the owner of that, and another node.
async fn with_lock() -> (Cluster, usize, usize, usize) {
    let cluster = Cluster::start("").await;
    let (slot, from) = cluster.place(LOCK).await;
    cluster.nodes[from].play(&format!("SECKILL.LOCK {LOCK} ann 3600000 => <us>")).await;
    (cluster, slot, from, (from + 1) % 3)
}

fn lock_and_wait(token: &str) -> String {
    format!("SECKILL.LOCK {LOCK} {token} 3600000 BLOCK 0")
}

/// A call that waits for each thing that a client can wait for.
async fn wait_for_all(server: &Server) -> [Caller; 3] {
    let mut connection = server.connect().await;
    connection.seckill().create("{sale}sale", NewSale::new(9)).await.unwrap();
    [
        Caller::waiting_at(server, "BLPOP {sale}list 0").await,
        Caller::waiting_at(server, &lock_and_wait("bob")).await,
        Caller::waiting_at(server, "SECKILL.EVENTS {sale}sale 1 BLOCK 0").await,
    ]
}

/// All get what BLPOP gets: an error with one of these codes.
async fn must_all_get(codes: &str, [mut blpop, mut lock, mut events]: [Caller; 3]) {
    let error = blpop.reply().await;
    let code = error.split(' ').next().unwrap();
    assert!(codes.split(' ').any(|word| word == code), "{error}");
    assert_eq!(lock.reply().await, error);
    assert_eq!(events.reply().await, error);
}

/// Gives the timers of a node the time to act: on what happens to keys, and on lines that are looked at.
async fn give_time(node: &Node) {
    for _ in 0..12 {
        node.play("DEBUG SLEEP 0.1 => OK").await;
    }
}

/// So often the nodes granted a lock.
async fn must_have_granted(cluster: &Cluster, grants: u64) {
    assert_eq!(cluster.total("grants").await, grants);
}

#[tokio::test]
async fn a_slot_that_moves_by_keys_redirects_them() {
    let (cluster, slot, from, to) = with_lock().await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let calls = wait_for_all(&source.server).await;
    // The sale and the lock arrive at the new owner, which sells and passes the lock on.
    cluster.begin_to_move(slot, from, to).await;
    for key in ["{sale}sale", LOCK] {
        assert_eq!(cluster.send_key(key, from, to).await, "OK");
    }
    play_asking(target, &format!("SECKILL.UNLOCK {LOCK} ann => 1")).await;
    play_asking(target, &format!("SECKILL.LOCK {LOCK} new 3600000 => <us>")).await;
    give_time(source).await;
    assert_eq!(waiting(&mut source.connect().await).await, [1, 1], "the slot has not moved yet");
    must_have_granted(&cluster, 2).await;
    cluster.assign(slot, to).await;
    must_all_get("-MOVED", calls).await;
    assert_eq!(waiting(&mut source.connect().await).await, [0, 0]);

    // They follow.
    let mut bob = Caller::waiting_at(&target.server, &lock_and_wait("bob")).await;
    let mut reader = Caller::waiting_at(&target.server, "SECKILL.EVENTS {sale}sale 1 BLOCK 0").await;
    target.play(&format!("SECKILL.UNLOCK {LOCK} new => 1\nSECKILL.BUY {{sale}}sale ann o1 => SOLD")).await;
    assert!(bob.fence().await > 0);
    assert!(reader.reply().await.contains("\"seq\" 2 "));
    must_have_granted(&cluster, 3).await;
}

/// The lock is freed at its old owner, and the next one comes to own it at the new one.
#[tokio::test]
async fn a_lock_that_becomes_free_while_its_slot_moves_is_granted_by_the_new_owner_only() {
    for release in ["PEXPIRE {sale}lock 1 => 1", "DEL {sale}lock => 1"] {
        let (cluster, slot, from, to) = with_lock().await;
        let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
        let mut bob = Caller::waiting_at(&source.server, &lock_and_wait("bob")).await;
        cluster.begin_to_move(slot, from, to).await;
        source.play(release).await;
        let mut newcomer = source.connect().await;
        wait_until("the old owner redirects", async || {
            let reply = ask(&mut newcomer, &format!("SECKILL.LOCK {LOCK} new 3600000")).await;
            assert!(reply == "nil" || reply.starts_with("-ASK "), "{release}: {reply}");
            reply != "nil"
        })
        .await;
        play_asking(target, &format!("SECKILL.LOCK {LOCK} new 3600000 => <us>")).await;
        give_time(source).await;
        must_have_granted(&cluster, 2).await;
        let mut next = wait_asking(target, &lock_and_wait("next")).await;
        cluster.assign(slot, to).await;
        let moved = bob.reply().await;
        assert!(moved.starts_with("-MOVED "), "{release}: {moved}");
        let mut bob = Caller::waiting_at(&target.server, &lock_and_wait("bob")).await;
        target.play(&format!("SECKILL.UNLOCK {LOCK} new => 1\nSECKILL.UNLOCK {LOCK} next => 1")).await;
        assert!(next.fence().await < bob.fence().await);
        must_have_granted(&cluster, 4).await;
    }
}

/// The old owner has the key until it has sent it.
#[tokio::test]
async fn a_lock_that_is_passed_on_while_its_slot_moves_goes_along() {
    let (cluster, slot, from, to) = with_lock().await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let mut bob = Caller::waiting_at(&source.server, &lock_and_wait("bob")).await;
    let mut cid = Caller::waiting_at(&source.server, &lock_and_wait("cid")).await;
    cluster.begin_to_move(slot, from, to).await;
    source.play(&format!("SECKILL.UNLOCK {LOCK} ann => 1\nGET {LOCK} => \"bob\"")).await;
    let bobs = bob.fence().await;
    assert_eq!(cluster.send_key(LOCK, from, to).await, "OK");
    let mut dan = wait_asking(target, &lock_and_wait("dan")).await;
    play_asking(target, &format!("SECKILL.UNLOCK {LOCK} bob => 1")).await;
    let dans = dan.fence().await;
    assert!(dans > bobs);
    cluster.assign(slot, to).await;
    assert!(cid.reply().await.starts_with("-MOVED "));
    target.play(&format!("GET {LOCK} => \"dan\"")).await;
    must_have_granted(&cluster, 3).await;
}

/// A node that receives a slot has the line of those who were sent there. It grants nothing by itself until it
/// owns the slot.
#[tokio::test]
async fn a_lease_that_ends_at_the_new_owner() {
    let (cluster, slot, from, to) = with_lock().await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let mut bob = Caller::waiting_at(&source.server, &lock_and_wait("bob")).await;
    cluster.begin_to_move(slot, from, to).await;
    assert_eq!(cluster.send_key(LOCK, from, to).await, "OK");
    let mut cid = wait_asking(target, &lock_and_wait("cid")).await;
    play_asking(target, &format!("PEXPIRE {LOCK} 1 => 1")).await;
    give_time(source).await;
    give_time(target).await;
    must_have_granted(&cluster, 1).await;
    cluster.assign(slot, to).await;
    let cids = cid.fence().await;
    assert!(bob.reply().await.starts_with("-MOVED "));
    let mut bob = Caller::waiting_at(&target.server, &lock_and_wait("bob")).await;
    target.play(&format!("SECKILL.UNLOCK {LOCK} cid => 1")).await;
    assert!(bob.fence().await > cids);
    must_have_granted(&cluster, 3).await;
}

/// A reader whose time is up while its sale is elsewhere already has no news. Its next call is redirected.
#[tokio::test]
async fn a_sale_that_has_moved_is_not_gone() {
    let (cluster, slot, from, to) = with_lock().await;
    let mut connection = cluster.nodes[from].connect().await;
    connection.seckill().create("{sale}sale", NewSale::new(9)).await.unwrap();
    let reader = "SECKILL.EVENTS {sale}sale 1 BLOCK 1000";
    let mut reader = Caller::waiting_at(&cluster.nodes[from].server, reader).await;
    cluster.begin_to_move(slot, from, to).await;
    assert_eq!(cluster.send_key("{sale}sale", from, to).await, "OK");
    assert_eq!(reader.reply().await, "[]");
    let redirection = ask(&mut connection, "SECKILL.EVENTS {sale}sale 1 BLOCK 0").await;
    assert!(redirection.starts_with("-ASK "), "{redirection}");

    // One that is deleted is gone.
    let (server, mut connection) = ownership::alone("").await;
    connection.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let mut reader = Caller::waiting_at(&server, "SECKILL.EVENTS sale 1 BLOCK 0").await;
    play(&mut connection, "DEL sale => 1").await;
    assert!(reader.reply().await.starts_with("-NOSALE "));
}

/// The slot stays where it is. Who waits there goes on; who was sent to the other node is sent back.
#[tokio::test]
async fn a_move_by_keys_that_is_given_up() {
    let (cluster, slot, from, to) = with_lock().await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let mut bob = Caller::waiting_at(&source.server, &lock_and_wait("bob")).await;
    cluster.begin_to_move(slot, from, to).await;
    play_asking(target, "SECKILL.LOCK {sale}other eve 3600000 => <us>").await;
    let fay = "SECKILL.LOCK {sale}other fay 3600000 BLOCK 0";
    let mut fay = wait_asking(target, fay).await;
    source.play(&format!("DEL {LOCK} => 1")).await;
    give_time(source).await;
    must_have_granted(&cluster, 2).await;
    for node in [target, source] {
        node.play(&format!("CLUSTER SETSLOT {slot} STABLE => OK")).await;
    }
    bob.fence().await;
    assert!(fay.reply().await.starts_with("-MOVED "));
    must_have_granted(&cluster, 3).await;
}

async fn wait_read_only(replica: &Server, line: &str) -> Caller {
    let mut caller = Caller::on(replica).await;
    assert_eq!(caller.ask("READONLY").await, "OK");
    caller.waits(line, &mut replica.connect().await).await
}

#[tokio::test]
async fn a_slot_that_moves_as_a_whole_redirects_them() {
    let (mut cluster, slot, from, to) = with_lock().await;
    if !cluster.moves_whole_slots().await {
        return;
    }
    let replica = cluster.add_replica(from, "").await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let calls = wait_for_all(&source.server).await;
    let replica = &cluster.nodes[replica].server;
    replica.catch_up(&source.server).await;
    let mut xread = wait_read_only(replica, "XREAD BLOCK 0 STREAMS {sale}stream 0").await;
    let mut events = wait_read_only(replica, "SECKILL.EVENTS {sale}sale 1 BLOCK 0").await;
    cluster.migrate(slot, from, to).await.complete().await;
    must_all_get("-MOVED", calls).await;
    assert_eq!(events.reply().await, xread.reply().await);
    wait_until("nobody waits there", async || waiting(&mut source.connect().await).await == [0, 0]).await;
    let mut bob = Caller::waiting_at(&target.server, &lock_and_wait("bob")).await;
    let mut reader = Caller::waiting_at(&target.server, "SECKILL.EVENTS {sale}sale 1 BLOCK 0").await;
    target.play(&format!("SECKILL.UNLOCK {LOCK} ann => 1\nSECKILL.BUY {{sale}}sale ann o1 => SOLD")).await;
    assert!(bob.fence().await > 0);
    assert!(reader.reply().await.contains("\"seq\" 2 "));
    must_have_granted(&cluster, 2).await;
}

#[tokio::test]
async fn a_replica_that_takes_over_begins_with_an_empty_line() {
    let (mut cluster, _, old, _) = with_lock().await;
    let new = cluster.add_replica(old, "").await;
    let calls = wait_for_all(&cluster.nodes[old].server).await;
    cluster.nodes[new].server.catch_up(&cluster.nodes[old].server).await;
    cluster.nodes[new].play("CLUSTER FAILOVER => OK").await;
    // Valkey 9 redirects them.
    must_all_get("-UNBLOCKED -MOVED", calls).await;
    wait_until("the replica took over", async || cluster.place(LOCK).await.1 == new).await;
    let (old, new) = (&cluster.nodes[old], &cluster.nodes[new]);
    let mut connection = new.connect().await;
    assert_eq!(waiting(&mut connection).await, [0, 0]);
    let mut bob = Caller::waiting_at(&new.server, &lock_and_wait("bob")).await;
    play(&mut connection, &format!("SECKILL.UNLOCK {LOCK} ann => 1\nGET {LOCK} => \"bob\"")).await;
    bob.fence().await;
    old.server.catch_up(&new.server).await;
    old.play(&format!("READONLY => OK\nGET {LOCK} => \"bob\"")).await;
}

/// A cluster that does not have all its slots is down; and a node may lose the slot of a key.
#[tokio::test]
async fn a_cluster_that_is_down_ends_the_wait() {
    for (coverage, lost) in [("yes", "other"), ("no", LOCK)] {
        let config = format!("cluster-require-full-coverage {coverage}");
        let (server, mut connection) = ownership::alone(&config).await;
        play(&mut connection, &format!("SECKILL.LOCK {LOCK} ann 3600000 => <us>")).await;
        let calls = wait_for_all(&server).await;
        let slot: u64 = get(&mut connection, &format!("CLUSTER KEYSLOT {lost}")).await;
        play(&mut connection, &format!("CLUSTER DELSLOTS {slot} => OK")).await;
        must_all_get("-CLUSTERDOWN", calls).await;
        assert_eq!(waiting(&mut connection).await, [0, 0]);
    }
}
