//! A cluster.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{ErrorKind, IntoConnectionInfo, RedisError, RedisResult};

use super::connector::{ANSWER_AT_ALL, CONNECT_WITHIN, Connect, Node};

/// The nodes of a cluster.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::{Client, connect::Cluster};
///
/// let client = Client::new(Cluster::new(["redis://10.0.0.1/", "redis://10.0.0.2/"])?);
/// # Ok(())
/// # }
/// ```
pub struct Cluster {
    cluster: ClusterClient,
    /// The nodes that were named, each by itself.
    nodes: Vec<redis::Client>,
    /// Connections to any of these nodes that were asked for.
    calls: AtomicUsize,
}

impl Cluster {
    /// The cluster of these nodes. It is found by any one of them; all have the same users, and TLS or not.
    ///
    /// # Errors
    ///
    /// No node is named, one is not the URL of a server, or their users differ.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use seckill_client::connect::Cluster;
    ///
    /// let cluster = Cluster::new(["rediss://ann:secret@10.0.0.1/"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<T: IntoConnectionInfo>(nodes: impl IntoIterator<Item = T>) -> RedisResult<Self> {
        Self::with(nodes, |cluster| cluster)
    }

    /// The same over TLS with certificates of one's own: of the authority that signed those of the nodes, and of the client.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), and a certificate that cannot be read.
    ///
    /// ```no_run
    /// # fn example(certificates: seckill_client::redis::TlsCertificates) -> Result<(), Box<dyn std::error::Error>> {
    /// use seckill_client::connect::Cluster;
    ///
    /// let cluster = Cluster::with_certificates(["rediss://10.0.0.1/"], &certificates)?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(any(feature = "tls-rustls", feature = "tls-native-tls"))]
    pub fn with_certificates<T: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = T>,
        certificates: &redis::TlsCertificates,
    ) -> RedisResult<Self> {
        let with_certificates = |node: T| {
            let node = redis::Client::build_with_tls(node, certificates.clone())?;
            Ok(node.get_connection_info().clone())
        };
        let nodes = nodes.into_iter().map(with_certificates).collect::<RedisResult<Vec<_>>>()?;
        Self::with(nodes, |cluster| cluster.certs(certificates.clone()))
    }

    /// The same with further settings.
    pub(super) fn with<T: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = T>,
        set: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder,
    ) -> RedisResult<Self> {
        let nodes: Vec<_> = nodes.into_iter().map(redis::Client::open).collect::<RedisResult<_>>()?;
        let infos = nodes.iter().map(|node| node.get_connection_info().clone());
        // A node that hangs must not use up the time in which all are to be reached, or none would be.
        let for_one = CONNECT_WITHIN / 4;
        // A command that the cluster connection sent again by itself would be answered as if it were the first.
        let cluster = ClusterClient::builder(infos)
            .retries(0)
            .connection_timeout(for_one)
            .response_timeout(ANSWER_AT_ALL);
        Ok(Self { cluster: set(cluster).build()?, nodes, calls: AtomicUsize::new(0) })
    }

    /// The nodes to try for a connection: to a node by what is known of the first, or to any of them.
    fn candidates(&self, node: Option<&Node>) -> impl Iterator<Item = &redis::Client> {
        // Each call begins with another one: a node may hang, and then the caller gives the call up.
        let first = if node.is_some() { 0 } else { self.calls.fetch_add(1, Relaxed) % self.nodes.len() };
        let tried = if node.is_some() { 1 } else { self.nodes.len() };
        self.nodes[first..].iter().chain(&self.nodes[..first]).take(tried)
    }
}

impl Connect for Cluster {
    type Connection = ClusterConnection;

    fn repairs_itself(&self) -> bool {
        true
    }

    async fn connect(&self) -> RedisResult<ClusterConnection> {
        self.cluster.get_async_connection().await
    }

    /// A cluster connection would keep a call alive whose caller is gone, so this is one to a single node.
    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        let mut result = Err(without_nodes());
        for known in self.candidates(node) {
            result = known.connect_apart(node).await;
            if result.is_ok() {
                break;
            }
        }
        result
    }

    async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        let mut result = Err(without_nodes());
        for known in self.candidates(node) {
            result = known.connect_tracking(node, pushes.clone()).await;
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

fn without_nodes() -> RedisError {
    (ErrorKind::InvalidClientConfig, "a cluster without nodes").into()
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}
