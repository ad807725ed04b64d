//! The commands that move a slot: key by key, on every server, or as a whole.

use std::collections::HashMap;
use std::time::Duration;

use redis::Value;

use super::nodes::{Cluster, Node};
use crate::harness::conditions::wait_until;
use crate::harness::server::Connection;
use crate::harness::session::{ask, get, show};

/// A key may be large.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(600);

impl Cluster {
    /// Moves a slot key by key, as `redis-cli --cluster reshard` does. Calls `step` after each key.
    pub(crate) async fn move_keys(&self, slot: usize, from: usize, to: usize, mut step: impl AsyncFnMut()) {
        self.begin_to_move(slot, from, to).await;
        step().await;
        let mut source = self.nodes[from].connect().await;
        while let Some(key) = a_key(&mut source, slot).await {
            // A lock may have been released meanwhile.
            let reply = self.send_key(&key, from, to).await;
            assert!(["OK", "NOKEY"].contains(&&*reply), "{reply}");
            step().await;
        }
        self.assign(slot, to).await;
    }

    /// Marks a slot as migrating at its owner, and as importing at the new one.
    pub(crate) async fn begin_to_move(&self, slot: usize, from: usize, to: usize) {
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        target.play(&format!("CLUSTER SETSLOT {slot} IMPORTING {} => OK", source.id)).await;
        source.play(&format!("CLUSTER SETSLOT {slot} MIGRATING {} => OK", target.id)).await;
    }

    /// Sends one key to the new owner, and returns the reply.
    pub(crate) async fn send_key(&self, key: &str, from: usize, to: usize) -> String {
        let (port, timeout) = (self.nodes[to].server.port(), MIGRATE_TIMEOUT.as_millis());
        let mut source = self.nodes[from].server.connect_within(MIGRATE_TIMEOUT).await;
        ask(&mut source, &format!("MIGRATE 127.0.0.1 {port} \"\" 0 {timeout} KEYS {key}")).await
    }

    /// Assigns a slot to its new owner on every node, on the new owner first.
    pub(crate) async fn assign(&self, slot: usize, to: usize) {
        let owner = &self.nodes[to];
        let session = format!("CLUSTER SETSLOT {slot} NODE {} => OK", owner.id);
        owner.play(&session).await;
        for node in self.nodes.iter().filter(|node| node.id != owner.id) {
            node.play(&session).await;
        }
        self.settle().await;
    }
}

async fn a_key(connection: &mut Connection, slot: usize) -> Option<String> {
    let keys: Vec<String> = get(connection, &format!("CLUSTER GETKEYSINSLOT {slot} 1")).await;
    keys.into_iter().next()
}

/// The commands by which servers move a slot as a whole.
#[derive(Clone, Copy)]
enum Dialect {
    /// Sent to the new owner, since Redis 8.4.
    Redis,
    /// Sent to the old owner, since Valkey 9.0.
    Valkey,
}

/// A slot that is moving as a whole.
pub(crate) struct Migration<'c> {
    cluster: &'c Cluster,
    dialect: Dialect,
    source: &'c Node,
    target: &'c Node,
}

impl Cluster {
    async fn dialect(&self) -> Option<Dialect> {
        let mut connection = self.nodes[0].connect().await;
        for (dialect, command) in [(Dialect::Redis, "migration"), (Dialect::Valkey, "migrateslots")] {
            if ask(&mut connection, &format!("COMMAND INFO cluster|{command}")).await != "[nil]" {
                return Some(dialect);
            }
        }
        None
    }

    /// Whether these servers move slots as a whole. If not, prints that the test is skipped.
    pub(crate) async fn moves_whole_slots(&self) -> bool {
        let can = self.dialect().await.is_some();
        if !can {
            eprintln!("skipped on this server: it moves slots key by key only");
        }
        can
    }

    /// Begins to move a slot as a whole.
    pub(crate) async fn migrate(&self, slot: usize, from: usize, to: usize) -> Migration<'_> {
        let dialect = self.dialect().await.expect("servers that move whole slots");
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let (node, command) = match dialect {
            Dialect::Redis => (target, format!("CLUSTER MIGRATION IMPORT {slot} {slot}")),
            Dialect::Valkey => {
                (source, format!("CLUSTER MIGRATESLOTS SLOTSRANGE {slot} {slot} NODE {}", target.id))
            }
        };
        let reply = ask(&mut node.connect().await, &command).await;
        assert!(!reply.starts_with('-'), "{reply}");
        Migration { cluster: self, dialect, source, target }
    }
}

impl Migration<'_> {
    /// Its state, as the server reports it.
    pub(crate) async fn state(&self) -> String {
        let (node, command) = match self.dialect {
            Dialect::Redis => (self.target, "CLUSTER MIGRATION STATUS ALL"),
            Dialect::Valkey => (self.source, "CLUSTER GETSLOTMIGRATIONS"),
        };
        // The newest comes first.
        let all: Vec<HashMap<String, Value>> = get(&mut node.connect().await, command).await;
        show(&all[0]["state"]).replace('"', "")
    }

    async fn until(&self, last: [&str; 2]) {
        wait_until(last[0], async || last.contains(&&*self.state().await)).await;
    }

    pub(crate) async fn complete(self) {
        self.until(["completed", "success"]).await;
        self.cluster.settle().await;
    }

    pub(crate) async fn cancel(self) {
        match self.dialect {
            Dialect::Redis => self.target.play("CLUSTER MIGRATION CANCEL ALL => 1").await,
            Dialect::Valkey => self.source.play("CLUSTER CANCELSLOTMIGRATIONS => OK").await,
        }
        self.until(["canceled", "cancelled"]).await;
    }
}
