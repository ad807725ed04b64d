//! Servers that sentinels watch.

use std::fmt;
use std::sync::Arc;

use redis::RedisResult;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::sentinel::SentinelClient;
use tokio::sync::Mutex;

use super::connector::{Connect, Node};

/// The server that sentinels name: the primary, or any of its replicas, as the client was built.
///
/// Each connection asks the sentinels anew, so after a failover the calls go to the new primary.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::redis::sentinel::{SentinelClient, SentinelServerType};
/// use seckill_client::{Client, connect::Sentinel};
///
/// let sentinels = vec!["redis://10.0.0.1:26379/", "redis://10.0.0.2:26379/"];
/// let primary = SentinelServerType::Master;
/// let client = SentinelClient::build(sentinels, String::from("shop"), None, primary)?;
/// let client = Client::new(Sentinel::new(client));
/// # Ok(())
/// # }
/// ```
pub struct Sentinel(Mutex<SentinelClient>);

impl Sentinel {
    /// The server that this client finds.
    ///
    /// ```no_run
    /// # fn example(client: seckill_client::redis::sentinel::SentinelClient) {
    /// let sentinel = seckill_client::connect::Sentinel::new(client);
    /// # }
    /// ```
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

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        self.server().await?.connect_tracking(node, pushes).await
    }
}

impl fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinel").finish_non_exhaustive()
    }
}
