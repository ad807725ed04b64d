//! The ways to reach servers, one of them chosen as the program runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_ok;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, ConnectionInfo, RedisResult, TlsMode};
use seckill_client::connect::{Cluster, Connect, Independent, Node, Sentinel};
use tokio::time::sleep;

use super::connection::AnyConnection;
use super::discovery::Sentinels;
use super::tls::Certificates;
use crate::exit::Failure;

/// How many nodes of a cluster are tried for a connection to any of them.
const ATTEMPTS: u32 = 8;
/// How soon the next one is tried, while those before do not answer.
const NEXT_ATTEMPT: Duration = Duration::from_millis(100);

/// How the servers are reached.
pub(crate) enum Connector {
    /// One server.
    Single(Client),
    /// The nodes of a cluster.
    Cluster(Cluster),
    /// The primary that sentinels name.
    Sentinel(Sentinel),
    /// Servers that know nothing of each other.
    Independent(Independent),
}

impl Connector {
    pub(super) fn single(server: ConnectionInfo) -> RedisResult<Self> {
        Client::open(server).map(Self::Single)
    }

    pub(super) fn cluster(
        nodes: Vec<ConnectionInfo>,
        certificates: Option<&Certificates>,
    ) -> RedisResult<Self> {
        let cluster = match certificates {
            Some(certificates) => Cluster::with_certificates(nodes, certificates),
            None => Cluster::new(nodes),
        };
        cluster.map(Self::Cluster)
    }

    pub(super) fn independent(servers: Vec<ConnectionInfo>) -> RedisResult<Self> {
        Independent::new(servers).map(Self::Independent)
    }

    /// Whether there may be several primaries.
    pub(crate) fn has_parts(&self) -> bool {
        matches!(self, Self::Cluster(_) | Self::Independent(_))
    }

    pub(super) async fn sentinel(
        sentinels: Sentinels,
        certificates: Option<Certificates>,
    ) -> Result<Self, Failure> {
        let name = sentinels.primary().await?;
        let reached = sentinels.reached();
        let addresses: Vec<_> = reached.iter().map(|sentinel| sentinel.addr().clone()).collect();
        let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?;
        if let Some(login) = reached.first().map(ConnectionInfo::redis_settings) {
            if let Some(user) = login.username() {
                builder = builder.set_client_to_sentinel_username(user);
            }
            if let Some(password) = login.password() {
                builder = builder.set_client_to_sentinel_password(password);
            }
        }
        if let Some(server) = sentinels.servers.first() {
            let settings = server.redis_settings();
            builder = builder.set_client_to_redis_db(settings.db());
            if let Some(user) = settings.username() {
                builder = builder.set_client_to_redis_username(user);
            }
            if let Some(password) = settings.password() {
                builder = builder.set_client_to_redis_password(password);
            }
            if let ConnectionAddr::TcpTls { insecure, .. } = server.addr() {
                let mode = if *insecure { TlsMode::Insecure } else { TlsMode::Secure };
                builder = builder.set_client_to_redis_tls_mode(mode);
                if let Some(certificates) = certificates {
                    builder = builder.set_client_to_redis_certificates(certificates);
                }
            }
        }
        Ok(Self::Sentinel(Sentinel::new(builder.build()?)))
    }
}

impl Connect for Connector {
    type Connection = AnyConnection;

    fn repairs_itself(&self) -> bool {
        match self {
            Self::Single(server) => server.repairs_itself(),
            Self::Sentinel(sentinel) => sentinel.repairs_itself(),
            Self::Cluster(cluster) => cluster.repairs_itself(),
            Self::Independent(servers) => servers.repairs_itself(),
        }
    }

    fn place(&self, key: &[u8]) -> Option<Node> {
        match self {
            Self::Single(server) => server.place(key),
            Self::Sentinel(sentinel) => sentinel.place(key),
            Self::Cluster(cluster) => cluster.place(key),
            Self::Independent(servers) => servers.place(key),
        }
    }

    async fn connect(&self) -> RedisResult<AnyConnection> {
        match self {
            Self::Single(server) => server.connect().await.map(AnyConnection::Server),
            Self::Sentinel(sentinel) => sentinel.connect().await.map(AnyConnection::Server),
            Self::Cluster(cluster) => cluster.connect().await.map(AnyConnection::Cluster),
            Self::Independent(servers) => servers.connect().await.map(AnyConnection::Independent),
        }
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        match self {
            Self::Single(server) => server.connect_apart(node).await,
            Self::Sentinel(sentinel) => sentinel.connect_apart(node).await,
            Self::Cluster(cluster) if node.is_none() => connect_to_any(cluster).await,
            Self::Cluster(cluster) => cluster.connect_apart(node).await,
            Self::Independent(servers) => servers.connect_apart(node).await,
        }
    }

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        match self {
            Self::Single(server) => server.connect_tracking(node, pushes).await,
            Self::Sentinel(sentinel) => sentinel.connect_tracking(node, pushes).await,
            Self::Cluster(cluster) => cluster.connect_tracking(node, pushes).await,
            Self::Independent(servers) => servers.connect_tracking(node, pushes).await,
        }
    }
}

/// A connection to the first node that answers, for nodes may hang. Each attempt begins with another node.
async fn connect_to_any(cluster: &Cluster) -> RedisResult<MultiplexedConnection> {
    let attempt = |number| async move {
        sleep(NEXT_ATTEMPT * number).await;
        cluster.connect_apart(None).await
    };
    let attempts = (0..ATTEMPTS).map(|number| Box::pin(attempt(number)));
    select_ok(attempts).await.map(|(connection, _)| connection)
}
