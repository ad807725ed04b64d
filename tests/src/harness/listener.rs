//! A connection that receives pushes: invalidations of client-side caches and keyspace events.

use redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::conditions::PATIENCE;
use super::server::{Connection, Server};
use super::session::{play, show};

pub(crate) struct Listener {
    pub(crate) connection: Connection,
    pushes: UnboundedReceiver<PushInfo>,
}

impl Listener {
    pub(crate) async fn on(server: &Server) -> Self {
        let (sender, pushes) = unbounded_channel();
        Self { connection: server.connect_with_pushes(sender).await, pushes }
    }

    /// Turns on client tracking: a read of a key asks for its next invalidation.
    pub(crate) async fn track(&mut self) {
        play(&mut self.connection, "CLIENT TRACKING ON => OK").await;
    }

    /// Subscribes to all keyspace events that the server is configured to emit.
    pub(crate) async fn subscribe(&mut self) {
        self.connection.psubscribe("__keyevent@*").await.unwrap();
    }

    /// The next push, as `event key` or `invalidate key`.
    async fn next(&mut self) -> String {
        loop {
            let push = tokio::time::timeout(PATIENCE, self.pushes.recv()).await;
            let push = push.expect("a push arrives").expect("the connection is open");
            match (&push.kind, &push.data[..]) {
                (PushKind::Invalidate, [Value::Array(keys)]) => {
                    let keys: Vec<String> = keys.iter().map(show).collect();
                    return format!("invalidate {}", keys.join(" ").replace('"', ""));
                }
                (PushKind::PMessage, [_, Value::BulkString(channel), key]) => {
                    let channel = String::from_utf8_lossy(channel);
                    let event = channel.split_once("__:").unwrap().1;
                    return format!("{event} {}", show(key).replace('"', ""));
                }
                _ => {}
            }
        }
    }

    /// All pushes before `last`.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<String> {
        let mut received = Vec::new();
        loop {
            let next = self.next().await;
            if next == last {
                return received;
            }
            received.push(next);
        }
    }
}
