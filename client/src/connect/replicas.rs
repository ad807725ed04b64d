//! The replicas of a cluster.

use std::fmt;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_read_routing::RandomReplicaStrategy;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Arg, Cmd, IntoConnectionInfo, Pipeline, RedisFuture, RedisResult, Value};

use super::cluster::Cluster;
use super::connector::{Connect, Node};

/// A cluster whose sales are read at its replicas, where there are any.
///
/// It is for readers only, such as pages that ask again and again what is left, beside a client that sells: what it reads
/// may be older than what the primary has, and a replica does not buy. For servers that sentinels watch, build the
/// client with replicas as the type of server; of one primary, name a replica.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::{Client, connect::ClusterReplicas};
///
/// let readers = Client::new(ClusterReplicas::new(["redis://10.0.0.1/"])?);
/// let available = readers.sale("bottles").info().await?.available;
/// # Ok(())
/// # }
/// ```
pub struct ClusterReplicas(Cluster);

impl ClusterReplicas {
    /// The cluster of these nodes, as for [`Cluster::new`].
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::new`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let replicas = seckill_client::connect::ClusterReplicas::new(["redis://10.0.0.1/"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<T: IntoConnectionInfo>(nodes: impl IntoIterator<Item = T>) -> RedisResult<Self> {
        Cluster::with(nodes, |cluster| cluster.read_routing_strategy(RandomReplicaStrategy)).map(Self)
    }
}

impl Connect for ClusterReplicas {
    type Connection = ReplicaConnection;

    fn repairs_itself(&self) -> bool {
        true
    }

    async fn connect(&self) -> RedisResult<ReplicaConnection> {
        self.0.connect().await.map(ReplicaConnection)
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.0.connect_apart(node).await
    }
}

/// A cluster connection that sends each command to a replica that has its key.
///
/// redis-rs sends only the commands that it knows as reads to replicas.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::{Seckill, connect::{ClusterReplicas, Connect}};
///
/// let mut connection = ClusterReplicas::new(["redis://10.0.0.1/"])?.connect().await?;
/// let figures = connection.seckill().info("bottles").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReplicaConnection(ClusterConnection);

/// The first argument is the key.
fn route(command: &Cmd) -> SingleNodeRoutingInfo {
    match command.args_iter().nth(1) {
        Some(Arg::Simple(key)) => {
            SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::ReplicaOptional))
        }
        _ => SingleNodeRoutingInfo::Random,
    }
}

impl ConnectionLike for ReplicaConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.0.route_command(command.clone(), RoutingInfo::SingleNode(route(command))))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipe: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let route = pipe.cmd_iter().next().map_or(SingleNodeRoutingInfo::Random, route);
        Box::pin(self.0.route_pipeline(pipe.clone(), offset, count, route))
    }

    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
}

impl fmt::Debug for ClusterReplicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterReplicas").finish_non_exhaustive()
    }
}

impl fmt::Debug for ReplicaConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicaConnection").finish_non_exhaustive()
    }
}
