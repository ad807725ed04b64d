//! What makes connections, and that for one server.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion, RedisError,
    RedisResult, Value,
};

/// The longest time in which a connection is made.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// The time in which a server usually answers a command that does not block. Then it is asked again, with more patience.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How soon a connection whose other side is gone is noticed.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(2));
/// After this time no answer is waited for any more.
pub(super) const ANSWER_AT_ALL: Duration = Duration::from_secs(60);

/// Makes the connections of a [`Client`](crate::Client).
///
/// A [`redis::Client`] does, for one server; and, each behind a feature of this crate, `Cluster`, `Sentinel` and `Managed`.
///
/// A connection must not send a command again by itself: a client that is not told of it takes the reply to the second
/// for that to the first.
///
/// ```
/// use seckill_client::connect::{Connect, Node};
/// use seckill_client::redis::{Client, RedisResult, aio::MultiplexedConnection};
///
/// /// The first of two servers that can be reached.
/// struct Either(Client, Client);
///
/// impl Connect for Either {
///     type Connection = MultiplexedConnection;
///
///     async fn connect(&self) -> RedisResult<MultiplexedConnection> {
///         match self.0.connect().await {
///             Ok(connection) => Ok(connection),
///             Err(_) => self.1.connect().await,
///         }
///     }
///
///     async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
///         match self.0.connect_apart(node).await {
///             Ok(connection) => Ok(connection),
///             Err(_) => self.1.connect_apart(node).await,
///         }
///     }
/// }
/// ```
pub trait Connect: Send + Sync + 'static {
    /// A connection that all calls share.
    type Connection: ConnectionLike + Clone + Send + Sync + 'static;

    /// Whether its connections have several nodes, and connect to each again by themselves. Such a connection serves others
    /// when a call to one node failed, so it is replaced only when another is there.
    fn repairs_itself(&self) -> bool {
        false
    }

    /// Where a key is, if that is known without asking a server. Connections of their own are made there.
    fn place(&self, key: &[u8]) -> Option<Node> {
        let _ = key;
        None
    }

    /// Makes the connection that all calls share. Its commands fail when they are not answered in time.
    fn connect(&self) -> impl Future<Output = RedisResult<Self::Connection>> + Send;

    /// Makes a connection of its own, for calls that block: to the node that a server named in a redirect, or to any.
    /// Its commands have no time limit.
    fn connect_apart(
        &self,
        node: Option<&Node>,
    ) -> impl Future<Output = RedisResult<MultiplexedConnection>> + Send;

    /// The same by RESP3 and with `CLIENT TRACKING ON`: the server pushes an invalidation of each key that is read, when the
    /// key changes. All pushes go to `pushes`, and one of kind `Disconnection` when the connection is lost.
    ///
    /// Whatever does not support it fails, as it does unless it is implemented. Then a
    /// [`RememberingSale`](crate::RememberingSale) remembers nothing, and works as any sale.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use seckill_client::connect::Connect;
    /// use seckill_client::redis::{Client, PushInfo, RedisError};
    ///
    /// let on_push = |push: PushInfo| {
    ///     println!("{}: {:?}", push.kind, push.data);
    ///     Ok::<(), RedisError>(())
    /// };
    /// let server = Client::open("redis://127.0.0.1/")?;
    /// let connection = server.connect_tracking(None, Arc::new(on_push)).await?;
    /// # Ok(())
    /// # }
    /// ```
    fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> impl Future<Output = RedisResult<MultiplexedConnection>> + Send {
        let _ = (node, pushes);
        async { Err((ErrorKind::InvalidClientConfig, "connections that track keys are unsupported").into()) }
    }
}

/// A node of a cluster, as a server names it in a redirect.
///
/// ```no_run
/// # fn example(node: &seckill_client::connect::Node) {
/// println!("redirected to {}:{}", node.host, node.port);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Node {
    /// Its address; empty for that of the server that names it.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Node {
    /// The node at this address.
    ///
    /// ```
    /// let node = seckill_client::connect::Node::new("10.0.0.1", 6379);
    /// ```
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The node that a `MOVED` or `ASK` names.
    pub(crate) fn of_redirect(error: &RedisError) -> Option<Self> {
        let (address, _slot) = error.redirect_node()?;
        let (host, port) = address.rsplit_once(':')?;
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }

    /// How it is reached, by what is known of another node.
    fn like(&self, other: &ConnectionInfo) -> ConnectionInfo {
        let host = |known: &str| if self.host.is_empty() { known.to_owned() } else { self.host.clone() };
        let addr = match other.addr() {
            ConnectionAddr::Tcp(known, _) => ConnectionAddr::Tcp(host(known), self.port),
            ConnectionAddr::TcpTls { host: known, insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host(known),
                port: self.port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(self.host.clone(), self.port),
        };
        other.clone().set_addr(addr)
    }
}

/// One server.
impl Connect for redis::Client {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.get_multiplexed_async_connection_with_config(&shared()).await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        let apart_from_others = Self::open(address(self, node))?;
        apart_from_others.get_multiplexed_async_connection_with_config(&apart()).await
    }

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        let address = address(self, node);
        let by_resp3 = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let tracking = Self::open(address.set_redis_settings(by_resp3))?;
        let config = apart().set_push_sender(pushes);
        let mut connection = tracking.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("CLIENT").arg("TRACKING").arg("ON").exec_async(&mut connection).await?;
        Ok(connection)
    }
}

/// Where a server is reached, or another node by what is known of that, for a connection of its own.
fn address(server: &redis::Client, node: Option<&Node>) -> ConnectionInfo {
    let known = server.get_connection_info();
    let address = node.map_or_else(|| known.clone(), |node| node.like(known));
    // Who waits for long hears nothing for long, also when the other side is gone.
    let tcp = known.tcp_settings().clone().set_keepalive(KEEPALIVE);
    address.set_tcp_settings(tcp)
}

/// For a connection that all calls share.
fn shared() -> AsyncConnectionConfig {
    apart().set_response_timeout(Some(ANSWER_AT_ALL))
}

/// For a connection whose calls may block.
fn apart() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_WITHIN)).set_response_timeout(None)
}

/// Sends a command to a node that imports the slot of its key.
pub(crate) async fn ask(connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
    let mut pipe = redis::pipe();
    pipe.cmd("ASKING").ignore().add_command(command.clone());
    let (reply,) = pipe.query_async(connection).await?;
    Ok(reply)
}
