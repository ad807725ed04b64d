//! A node decides only for slots that it owns, and only while the cluster serves.

use seckill_client::{After, Seckill};
use seckill_launcher::free_port;

use crate::harness::conditions::{now_ms, wait_until, wait_until_none_held};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

/// A node that owns all slots, and that still serves when it owns only some.
async fn node(config: &str) -> (Server, Connection) {
    alone(&format!("cluster-require-full-coverage no\n{config}")).await
}

/// A cluster of one node.
pub(super) async fn alone(config: &str) -> (Server, Connection) {
    let config = format!("cluster-enabled yes\ncluster-port {}\n{config}", free_port());
    let server = Server::primary(&config).await;
    let mut connection = server.connect().await;
    play(&mut connection, "CLUSTER ADDSLOTSRANGE 0 16383 => OK").await;
    wait_until("the cluster is up", async || {
        get::<String>(&mut connection, "CLUSTER INFO").await.contains("cluster_state:ok")
    })
    .await;
    (server, connection)
}

#[tokio::test]
async fn lock_and_sale_share_a_slot() {
    let (_server, mut connection) = node("").await;
    let session = "
        SECKILL.CREATE {a}sale STOCK 1 HOLD 50 => OK
        SECKILL.LOCK {a}lock ann 60000 => <us>
        SECKILL.BUY {a}sale ann o1 LOCK {b}lock ann => -CROSSSLOT Keys in request don't hash to the same slot
        SECKILL.BUYALL 2 {a}sale {b}sale ann o1 => -CROSSSLOT Keys in request don't hash to the same slot
        SECKILL.BUYALL 1 {a}sale ann o1 LOCK {b}lock ann => -CROSSSLOT Keys in request don't hash to the same slot
        SECKILL.BUY {a}sale ann o1 LOCK {a}lock ann RELEASE => HELD
    ";
    play(&mut connection, session).await;
    wait_until_none_held(&mut connection, "{a}sale").await;
}

/// This is the state of the target of a slot migration until it is complete: the old owner decides.
#[tokio::test]
async fn holds_of_a_slot_that_is_not_owned_wait() {
    must_expire_holds_of_owned_slots_only("").await;
}

/// An operator may rename or disable any command of the server. These are the ones that take a key, so that a
/// call of one could tell whose slot the key is in.
#[tokio::test]
async fn a_node_knows_its_slots_whatever_the_commands_are_called() {
    let commands =
        ["RENAMENX", "RENAME", "COPY", "DUMP", "EXISTS", "PERSIST", "EXPIRE", "TYPE", "TOUCH", "UNLINK"];
    for prefix in ["HIDDEN.", ""] {
        let lines = commands.map(|command| match prefix {
            "" => format!("rename-command {command} \"\""),
            _ => format!("rename-command {command} {prefix}{command}"),
        });
        must_expire_holds_of_owned_slots_only(&lines.join("\n")).await;
    }
}

async fn must_expire_holds_of_owned_slots_only(config: &str) {
    let (_server, mut connection) = node(config).await;
    let slot = ask(&mut connection, "CLUSTER KEYSLOT {a}").await;
    play(
        &mut connection,
        "
        SECKILL.CREATE {a}sale STOCK 1 HOLD 300 => OK
        SECKILL.CREATE {b}sale STOCK 1 HOLD 400 => OK
        SECKILL.BUY {a}sale ann o1 => HELD
        SECKILL.BUY {b}sale ann o1 => HELD
    ",
    )
    .await;
    play(&mut connection, &format!("CLUSTER DELSLOTS {slot} => OK")).await;
    wait_until_none_held(&mut connection, "{b}sale").await;

    let owned_since = now_ms();
    play(&mut connection, &format!("CLUSTER ADDSLOTS {slot} => OK")).await;
    wait_until_none_held(&mut connection, "{a}sale").await;
    let expired = connection.seckill().events("{a}sale", After::seq(2)).await.unwrap();
    assert!(expired.len() == 1 && expired[0].at >= owned_since, "{expired:?}, owned since {owned_since}");
}

/// A cluster that is down decides nothing, also when it allows reads.
#[tokio::test]
async fn holds_wait_while_the_cluster_is_down() {
    let config =
        format!("cluster-enabled yes\ncluster-port {}\ncluster-allow-reads-when-down yes", free_port());
    let server = Server::primary(&config).await;
    let mut connection = server.connect().await;
    let state = async |connection: &mut Connection, wanted: &str| {
        wait_until("the state of the cluster is known", async || {
            get::<String>(connection, "CLUSTER INFO").await.contains(wanted)
        })
        .await;
    };
    play(&mut connection, "CLUSTER ADDSLOTSRANGE 0 16383 => OK").await;
    state(&mut connection, "cluster_state:ok").await;
    let slot = ask(&mut connection, "CLUSTER KEYSLOT other").await;
    let session = format!(
        "SECKILL.CREATE sale STOCK 1 HOLD 300 => OK
        SECKILL.BUY sale ann o1 => HELD
        CLUSTER DELSLOTS {slot} => OK"
    );
    play(&mut connection, &session).await;
    state(&mut connection, "cluster_state:fail").await;
    wait_until("the hold is due", async || {
        ask(&mut connection, "SECKILL.ORDER sale o1").await.contains("EXPIRED")
    })
    .await;
    play(&mut connection, "DEBUG SLEEP 0.3 => OK").await;
    assert_eq!(connection.seckill().info("sale").await.unwrap().held, 1);

    play(&mut connection, &format!("CLUSTER ADDSLOTS {slot} => OK")).await;
    wait_until_none_held(&mut connection, "sale").await;
}
