//! Several servers that know nothing of each other.

use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::{
    Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult,
    Value, cmd,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connector::{CONNECT_WITHIN, Connect, Node};
use crate::call::timed_out;
use crate::encode::key;
use crate::slot::{SLOTS, slot};

/// The longest time in which a connection that may hang answers a PING.
const CHECK_WITHIN: Duration = Duration::from_millis(250);

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
    /// No server is named, one is not the URL of a server, or two have the same host and port.
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
        let mut addresses = HashSet::new();
        if let Some(server) = servers.iter().map(address).find(|server| !addresses.insert(server.clone())) {
            let named = format!("{}:{}", server.host, server.port);
            return Err((ErrorKind::InvalidClientConfig, "a server is named twice", named).into());
        }
        Ok(Self { servers })
    }

    /// The servers in their order, each with the first and the last slot of its part.
    ///
    /// ```no_run
    /// # fn example(servers: &seckill_client::connect::Independent) {
    /// for (node, slots) in servers.parts() {
    ///     println!("{}:{} has the slots {slots:?}", node.host, node.port);
    /// }
    /// # }
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = (Node, RangeInclusive<u16>)> {
        let count = self.servers.len();
        let first = move |server: usize| (server * usize::from(SLOTS)).div_ceil(count) as u16;
        let part =
            move |(number, server)| (address(server), first(number)..=first(number + 1).saturating_sub(1));
        self.servers.iter().enumerate().map(part)
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
        let links = self.servers.iter().cloned().map(Link::new);
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
    /// A command was given up before it was answered, so the connection may hang.
    may_hang: AtomicBool,
}

impl Link {
    fn new(server: redis::Client) -> Self {
        Self { server, connection: Mutex::default(), may_hang: AtomicBool::new(false) }
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &mut *connection
            && (!self.may_hang.swap(false, Relaxed) || answers(connection).await)
        {
            return Ok(connection.clone());
        }
        let made =
            timeout(CONNECT_WITHIN, self.server.connect()).await.unwrap_or_else(|_| Err(timed_out()))?;
        Ok(connection.insert(made).clone())
    }

    /// Does something on the connection. When it is lost by that, the next one makes another connection.
    async fn run<T>(
        &self,
        run: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut connection = self.connection().await?;
        let unanswered = Unanswered(&self.may_hang);
        let result = run(&mut connection).await;
        std::mem::forget(unanswered);
        if result.as_ref().is_err_and(RedisError::is_unrecoverable_error) {
            self.connection.lock().await.take();
        }
        result
    }
}

async fn answers(connection: &mut MultiplexedConnection) -> bool {
    let ping = cmd("PING");
    timeout(CHECK_WITHIN, ping.exec_async(connection)).await.is_ok_and(|reply| reply.is_ok())
}

/// A command that is not answered yet. Who drops it gave it up.
struct Unanswered<'l>(&'l AtomicBool);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
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
            self.link(cmd).run(async |connection| connection.req_packed_command(cmd).await).await
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
            let send = async |connection: &mut MultiplexedConnection| {
                connection.req_packed_commands(cmd, offset, count).await
            };
            self.link(first).run(send).await
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
        let parts: Vec<_> = servers.parts().map(|(node, slots)| (node.host, slots)).collect();
        let parts: Vec<_> = parts.iter().map(|(host, slots)| (host.as_str(), slots.clone())).collect();
        assert_eq!(
            parts,
            [("10.0.0.1", 0..=5_461), ("10.0.0.2", 5_462..=10_922), ("/tmp/s", 10_923..=16_383)]
        );
        assert!(Independent::new([""; 0]).is_err());
        let error = Independent::new(["redis://10.0.0.1/1", "redis://10.0.0.1/2"]).expect_err("one server");
        assert!(error.to_string().contains("10.0.0.1:6379"), "{error}");
    }
}
