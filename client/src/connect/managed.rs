//! The connection manager of redis-rs.

use redis::RedisResult;
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};

use super::connector::{ANSWER_WITHIN, CONNECT_WITHIN, Connect, Node};

/// One server, by a [`ConnectionManager`], which connects again in the background as soon as its connection is lost.
pub struct Managed(redis::Client);

impl Managed {
    /// The server of this client.
    #[must_use]
    pub fn new(client: redis::Client) -> Self {
        Self(client)
    }
}

impl Connect for Managed {
    type Connection = ConnectionManager;

    async fn connect(&self) -> RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN));
        ConnectionManager::new_with_config(self.0.clone(), config).await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.0.connect_apart(node).await
    }
}
