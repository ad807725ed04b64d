//! The connection manager of redis-rs.

use std::fmt;
use std::sync::Arc;

use redis::RedisResult;
use redis::aio::{AsyncPushSender, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};

use super::connector::{ANSWER_AT_ALL, CONNECT_WITHIN, Connect, Node};

/// One server, by a [`ConnectionManager`], which connects again in the background as soon as its connection is lost.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::{Client, connect::Managed, redis};
///
/// let client = Client::new(Managed::new(redis::Client::open("redis://127.0.0.1/")?));
/// # Ok(())
/// # }
/// ```
pub struct Managed(redis::Client);

impl Managed {
    /// The server of this client.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = seckill_client::redis::Client::open("redis://127.0.0.1/")?;
    /// let managed = seckill_client::connect::Managed::new(server);
    /// # Ok(())
    /// # }
    /// ```
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
            .set_response_timeout(Some(ANSWER_AT_ALL));
        ConnectionManager::new_with_config(self.0.clone(), config).await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.0.connect_apart(node).await
    }

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        self.0.connect_tracking(node, pushes).await
    }
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Managed").finish_non_exhaustive()
    }
}
