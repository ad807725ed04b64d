//! The primaries, one by one: for what no key leads to, such as SCAN and INFO.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::cluster_routing::Slot;
use redis::{Cmd, FromRedisValue, RedisResult, Value, cmd};
use seckill_client::connect::{Connect, Node};
use tokio::time::timeout;

use super::connector::Connector;
use crate::exit::Failure;

/// Primaries and their slots, by their names.
type Nodes = BTreeMap<String, (Node, HashSet<Slot>)>;

/// The name of a primary, and the keys that it has.
pub(crate) struct Place {
    pub(crate) name: String,
    /// Where there are several; the only server has all keys.
    slots: Option<HashSet<Slot>>,
}

/// A primary, and a connection to it.
pub(crate) struct Primary {
    /// How it is called: `10.0.0.1:6379`; empty for the only one.
    pub(crate) name: String,
    connection: MultiplexedConnection,
    within: Duration,
}

impl Primary {
    /// Another handle of the same connection.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Sends a command once.
    pub(crate) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Failure> {
        match self.ask(command).await {
            Some(reply) => Ok(reply?),
            None => Err(Failure::Server(format!("{} does not answer", self.name))),
        }
    }

    /// The same: the reply or the error of the server, or `None` without an answer.
    pub(crate) async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Option<RedisResult<T>> {
        timeout(self.within, command.query_async(&mut self.connection)).await.ok()
    }
}

impl Connector {
    /// All primaries: those of a cluster that have slots, independent ones, or the one server. They answer within this time.
    pub(crate) async fn primaries(&self, within: Duration) -> Result<Vec<Primary>, Failure> {
        let each = self.each_primary(within).await?;
        each.into_iter().map(|(place, primary)| primary.map_err(|failure| place.failure(failure))).collect()
    }

    /// The same, each with the keys that it has, and whether it is reached.
    pub(crate) async fn each_primary(
        &self,
        within: Duration,
    ) -> Result<Vec<(Place, Result<Primary, Failure>)>, Failure> {
        let any = async || self.primary(String::new(), None, within).await;
        let nodes = match self {
            Self::Single(_) | Self::Sentinel(_) => {
                return Ok(vec![(Place { name: String::new(), slots: None }, Ok(any().await?))]);
            }
            Self::Cluster(_) => nodes_of_cluster(&mut any().await?).await?,
            Self::Independent(servers) => by_name(servers.parts()),
        };
        // One that hangs is not to delay the others.
        let each = nodes.into_iter().map(|(name, (node, slots))| async move {
            let reached = self.primary(name.clone(), Some(&node), within).await;
            (Place { name, slots: Some(slots) }, reached)
        });
        Ok(join_all(each).await)
    }

    async fn primary(&self, name: String, node: Option<&Node>, within: Duration) -> Result<Primary, Failure> {
        match timeout(within, self.connect_apart(node)).await {
            Ok(connection) => Ok(Primary { name, connection: connection?, within }),
            Err(_) => Err(Failure::Server("cannot be reached".to_owned())),
        }
    }
}

impl Place {
    /// What failed there, with its name; the only server has none.
    pub(crate) fn failure(&self, failure: Failure) -> Failure {
        if self.name.is_empty() { failure } else { failure.of(&self.name) }
    }

    /// Whether this primary has the key.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.slots.as_ref().is_none_or(|slots| slots.contains(&Slot::for_key(key)))
    }
}

/// The nodes of a cluster that have slots, by their names.
async fn nodes_of_cluster(any: &mut Primary) -> Result<Nodes, Failure> {
    let ranges: Vec<Vec<Value>> = any.query(cmd("CLUSTER").arg("SLOTS")).await?;
    let parts = ranges.into_iter().map(node_and_slots).collect::<RedisResult<Vec<_>>>()?;
    Ok(by_name(parts))
}

fn by_name(parts: impl IntoIterator<Item = (Node, RangeInclusive<u16>)>) -> Nodes {
    let mut nodes = Nodes::new();
    for (node, slots) in parts {
        let (_, of_node) = nodes.entry(name(&node)).or_insert_with(|| (node, HashSet::new()));
        of_node.extend(slots.filter_map(Slot::new));
    }
    nodes
}

/// `10.0.0.1:6379`, or the path of a socket.
fn name(node: &Node) -> String {
    if node.port == 0 { node.host.clone() } else { format!("{}:{}", node.host, node.port) }
}

/// Slots and their primary in the reply of CLUSTER SLOTS.
fn node_and_slots(range: Vec<Value>) -> RedisResult<(Node, RangeInclusive<u16>)> {
    let mut fields = range.into_iter();
    let mut slot = || u16::from_redis_value(fields.next().unwrap_or(Value::Nil));
    let slots = slot()?..=slot()?;
    Ok((node(fields.next().unwrap_or(Value::Nil))?, slots))
}

/// A node in the reply of CLUSTER SLOTS: its host, its port, and more. A host that is not known is that of who replies.
fn node(reply: Value) -> RedisResult<Node> {
    let mut fields = Vec::from_redis_value(reply)?.into_iter();
    let host = fields.next().map(Option::<String>::from_redis_value).transpose()?.flatten();
    let port = fields.next().map(u16::from_redis_value).transpose()?;
    Ok(Node::new(host.unwrap_or_default(), port.unwrap_or_default()))
}
