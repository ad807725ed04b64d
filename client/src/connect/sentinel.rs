//! Servers that sentinels watch.

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use redis::sentinel::SentinelClient;
use tokio::sync::Mutex;

use super::connector::{Connect, Node};

/// The server that sentinels name: the primary, or any of its replicas, as the client was built.
///
/// Each connection asks the sentinels anew, so after a failover the calls go to the new primary.
pub struct Sentinel(Mutex<SentinelClient>);

impl Sentinel {
    /// The server that this client finds.
    #[must_use]
    pub fn new(client: SentinelClient) -> Self {
        Self(Mutex::new(client))
    }

    async fn server(&self) -> RedisResult<redis::Client> {
        self.0.lock().await.async_get_client().await
    }
}

impl Connect for Sentinel {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.server().await?.connect().await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.server().await?.connect_apart(node).await
    }
}
