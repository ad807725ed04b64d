//! A node of a cluster.

use seckill_client::{After, Seckill};

use crate::server::{Connection, Server, free_port, wait_until};
use crate::talk::{ask, get, now_ms, play};

/// A node that owns all slots, and goes on when it owns some.
async fn node() -> (Server, Connection) {
    let config =
        format!("cluster-enabled yes\ncluster-port {}\ncluster-require-full-coverage no", free_port());
    let server = Server::primary(&config).await;
    let mut connection = server.connect().await;
    play(&mut connection, "CLUSTER ADDSLOTSRANGE 0 16383 => OK").await;
    wait_until("the cluster is up", async || {
        get::<String>(&mut connection, "CLUSTER INFO").await.contains("cluster_state:ok")
    })
    .await;
    (server, connection)
}

async fn until_returned(connection: &mut Connection, sale: &str) {
    wait_until("the hold runs out", async || connection.info(sale).await.unwrap().held == 0).await;
}

#[tokio::test]
async fn lock_and_sale_share_a_slot() {
    let (_server, mut connection) = node().await;
    let session = "
        SECKILL.CREATE {a}sale STOCK 1 HOLD 50 => OK
        SECKILL.LOCK {a}lock ann 60000 => <us>
        SECKILL.BUY {a}sale ann o1 LOCK {b}lock ann => -CROSSSLOT Keys in request don't hash to the same slot
        SECKILL.BUY {a}sale ann o1 LOCK {a}lock ann RELEASE => HELD
    ";
    play(&mut connection, session).await;
    until_returned(&mut connection, "{a}sale").await;
}

/// As it is on a server that a slot moves to, until it has arrived: the old owner decides.
#[tokio::test]
async fn holds_of_a_slot_that_is_not_owned_wait() {
    let (_server, mut connection) = node().await;
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
    until_returned(&mut connection, "{b}sale").await;

    let owned_since = now_ms();
    play(&mut connection, &format!("CLUSTER ADDSLOTS {slot} => OK")).await;
    until_returned(&mut connection, "{a}sale").await;
    let expired = connection.events("{a}sale", After::seq(2)).await.unwrap();
    assert!(expired.len() == 1 && expired[0].at >= owned_since, "{expired:?}, owned since {owned_since}");
}
