//! Several servers that know nothing of each other.

use std::fmt;
use std::sync::Arc;

use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::{
    Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult, Value,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connector::{CONNECT_WITHIN, Connect, Node};
use crate::call::timed_out;
use crate::encode::key;
use crate::slot::{SLOTS, slot};

/// Several servers that know nothing of each other, for sales of many shards without a cluster. Each has an equal part of
/// the slots, in the order in which they are named. So all clients of a sale name the same servers in the same order, and
/// none is added while there are sales.
///
/// A sale with other keys is on the server that has its slot, and so is a lock.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::{Client, connect::Independent};
///
/// let client = Client::new(Independent::new(["redis://10.0.0.1/", "redis://10.0.0.2/"])?);
/// let sale = client.sharded("bottles").await?;
/// # Ok(())
/// # }
/// ```
pub struct Independent {
    servers: Arc<[redis::Client]>,
}

impl Independent {
    /// These servers, in this order.
    ///
    /// # Errors
    ///
    /// No server is named, or one is not the URL of a server.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use seckill_client::connect::Independent;
    ///
    /// let servers = Independent::new(["redis://10.0.0.1/", "redis://10.0.0.2/"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<T: IntoConnectionInfo>(servers: impl IntoIterator<Item = T>) -> RedisResult<Self> {
        let servers: Arc<[_]> = servers.into_iter().map(redis::Client::open).collect::<RedisResult<_>>()?;
        if servers.is_empty() {
            return Err((ErrorKind::InvalidClientConfig, "no server is named").into());
        }
        Ok(Self { servers })
    }

    /// The server at a place, or any.
    fn server(&self, place: Option<&Node>) -> RedisResult<&redis::Client> {
        let is_there = |server: &&redis::Client| place.is_none_or(|place| address(server) == *place);
        let unknown = || (ErrorKind::InvalidClientConfig, "a server that was not named").into();
        self.servers.iter().find(is_there).ok_or_else(unknown)
    }
}

/// How a server is called among the others.
fn address(server: &redis::Client) -> Node {
    match server.get_connection_info().addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Node::new(host, *port),
        other => Node::new(other.to_string(), 0),
    }
}

/// The number of the server that has a key.
fn server_of(key: &[u8], servers: usize) -> usize {
    usize::from(slot(key)) * servers / usize::from(SLOTS)
}

impl Connect for Independent {
    type Connection = IndependentConnection;

    fn repairs_itself(&self) -> bool {
        true
    }

    fn place(&self, key: &[u8]) -> Option<Node> {
        Some(address(&self.servers[server_of(key, self.servers.len())]))
    }

    /// Each server is connected to when it is needed.
    async fn connect(&self) -> RedisResult<IndependentConnection> {
        let links =
            self.servers.iter().map(|server| Link { server: server.clone(), connection: Mutex::default() });
        Ok(IndependentConnection { links: links.collect() })
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.server(node)?.connect_apart(None).await
    }

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        self.server(node)?.connect_tracking(None, pushes).await
    }
}

impl fmt::Debug for Independent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Independent").field("servers", &self.servers.len()).finish_non_exhaustive()
    }
}

/// A connection to each of several servers. A command goes to the server that has its key.
#[derive(Clone)]
pub struct IndependentConnection {
    links: Arc<[Link]>,
}

struct Link {
    server: redis::Client,
    /// None before the first command, and after the connection was lost.
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let made =
            timeout(CONNECT_WITHIN, self.server.connect()).await.unwrap_or_else(|_| Err(timed_out()))?;
        Ok(connection.insert(made).clone())
    }

    /// A command ended with this error. The next one connects again, if the connection is lost.
    async fn note(&self, error: &RedisError) {
        if error.is_unrecoverable_error() {
            self.connection.lock().await.take();
        }
    }
}

impl IndependentConnection {
    /// The link to the server that has the key of a command; to the first server if it has none.
    fn link(&self, command: &Cmd) -> &Link {
        let server = key(command).map_or(0, |key| server_of(key, self.links.len()));
        &self.links[server]
    }
}

impl ConnectionLike for IndependentConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let link = self.link(cmd);
            let reply = link.connection().await?.req_packed_command(cmd).await;
            if let Err(error) = &reply {
                link.note(error).await;
            }
            reply
        })
    }

    /// All commands of a pipeline go to the server that has the key of the first one.
    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let Some(first) = cmd.cmd_iter().next() else { return Ok(Vec::new()) };
            let link = self.link(first);
            let replies = link.connection().await?.req_packed_commands(cmd, offset, count).await;
            if let Err(error) = &replies {
                link.note(error).await;
            }
            replies
        })
    }

    fn get_db(&self) -> i64 {
        self.links.first().map_or(0, |link| link.server.get_connection_info().redis_settings().db())
    }
}

impl fmt::Debug for IndependentConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndependentConnection").field("servers", &self.links.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_an_equal_part_of_the_slots() {
        let servers =
            Independent::new(["redis://10.0.0.1/", "redis://10.0.0.2/", "unix:///tmp/s"]).expect("URLs");
        // Slots 12182, 2105 and 10065.
        let places =
            [&b"foo"[..], b"{bottles:0:0}", b"{bottles:2:8}"].map(|key| servers.place(key).expect("a place"));
        assert_eq!(places[0].host, "/tmp/s");
        assert_eq!(
            places[1..].iter().map(|place| place.host.as_str()).collect::<Vec<_>>(),
            ["10.0.0.1", "10.0.0.2"]
        );
        assert!(places.iter().all(|place| servers.server(Some(place)).is_ok()));
        assert!(Independent::new([""; 0]).is_err());
    }
}
