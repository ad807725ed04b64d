//! Calls that wait on the server, each on a connection of its own.

use redis::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::conditions::{PATIENCE, wait_until};
use super::info::stat;
use super::server::{Connection, Server};
use super::session::{reply, show};

/// A call that was sent and may wait. When it is dropped, its connection is closed.
pub(crate) struct Call(JoinHandle<Value>);

impl Call {
    pub(crate) fn send(mut connection: Connection, line: &str) -> Self {
        let line = line.to_owned();
        Self(tokio::spawn(async move { reply(&mut connection, &line).await }))
    }

    /// Sends a call on a new connection, and waits until the server has blocked that.
    pub(crate) async fn wait_at(server: &Server, line: &str) -> Self {
        Self::wait_on(server.connect().await, server, line).await
    }

    /// The same on a connection to this server.
    pub(crate) async fn wait_on(connection: Connection, server: &Server, line: &str) -> Self {
        let mut observer = server.connect().await;
        let before = blocked(&mut observer).await;
        let call = Self::send(connection, line);
        wait_until("the call waits", async || blocked(&mut observer).await > before).await;
        call
    }

    /// The reply.
    pub(crate) async fn value(mut self) -> Value {
        timeout(PATIENCE, &mut self.0).await.expect("the server replies").unwrap()
    }

    /// The reply as text.
    pub(crate) async fn reply(self) -> String {
        show(&self.value().await)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The clients that wait on a server, whatever for.
async fn blocked(connection: &mut Connection) -> u64 {
    stat(connection, "clients", "blocked_clients").await.parse().unwrap()
}
