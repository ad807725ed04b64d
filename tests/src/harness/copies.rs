//! Primaries and their replicas: links, roles, and whether they have the same data.

use super::conditions::wait_until;
use super::info::stat;
use super::server::{Connection, Server};
use super::session::{ask, play, together};

impl Server {
    /// A replica of this server that has caught up with it. It can have replicas, too.
    pub(crate) async fn replica(&self, config: &str) -> Self {
        let replica = Self::replica_of(self.port(), config).await;
        replica.catch_up(self).await;
        replica
    }

    /// Waits until this replica has all that `primary` has.
    pub(crate) async fn catch_up(&self, primary: &Self) {
        let (mut replica, mut primary) = (self.connect().await, primary.connect().await);
        wait_until("the replica catches up", async || {
            let link = stat(&mut replica, "replication", "master_link_status").await;
            link == "up"
                && stat(&mut replica, "replication", "slave_repl_offset").await
                    == stat(&mut primary, "replication", "master_repl_offset").await
        })
        .await;
    }

    /// Makes this replica a primary.
    pub(crate) async fn promote(&self) {
        play(&mut self.connect().await, "REPLICAOF NO ONE => OK").await;
    }

    /// Makes this server a replica of another, and waits until it has caught up.
    pub(crate) async fn become_replica_of(&self, primary: &Self) {
        let line = format!("REPLICAOF 127.0.0.1 {} => OK", primary.port());
        play(&mut self.connect().await, &line).await;
        self.catch_up(primary).await;
    }
}

/// A planned failover: it pauses writes until both have the same data, and loads nothing.
pub(crate) async fn swap_roles(primary: &Server, replica: &Server) {
    let (mut old, mut new) = (primary.connect().await, replica.connect().await);
    wait_until("the replica may take over", async || ask(&mut old, "FAILOVER").await == "OK").await;
    wait_until("it took over", async || stat(&mut new, "replication", "role").await == "master").await;
    primary.catch_up(replica).await;
}

/// Waits until a replica has caught up with its primary. Then all their data is equal, and the audit of
/// `sale` finds nothing on either.
pub(crate) async fn must_be_equal(replica: &Server, primary: &Server) {
    replica.catch_up(primary).await;
    let (mut replica, mut primary) = (replica.connect().await, primary.connect().await);
    for line in ["DEBUG DIGEST", "DEBUG DIGEST-VALUE sale", "SECKILL.EVENTS sale 0 COUNT 1000"] {
        assert_eq!(ask(&mut replica, line).await, ask(&mut primary, line).await, "{line}");
    }
    for copy in [&mut replica, &mut primary] {
        play(copy, "SECKILL.AUDIT sale FORCE => OK").await;
    }
}

/// Places an order and pauses writes in one piece: on this server the hold does not run out.
pub(crate) async fn buy_and_pause(connection: &mut Connection, purchase: &str) {
    let replies = together(connection, &[purchase, "CLIENT PAUSE 60000 WRITE"]).await;
    assert_eq!(replies, ["HELD", "OK"]);
}
