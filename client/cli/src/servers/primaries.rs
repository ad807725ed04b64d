//! The primaries, one by one: for what no key leads to, such as SCAN and INFO.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisResult, Value, cmd};
use seckill_client::connect::{Connect, Node};
use tokio::time::timeout;

use super::connector::Connector;
use crate::exit::Failure;

/// A primary, and a connection to it.
pub(crate) struct Primary {
    /// How it is called: `10.0.0.1:6379`; empty for the only one.
    pub(crate) name: String,
    connection: MultiplexedConnection,
    within: Duration,
}

impl Primary {
    /// Sends a command once.
    pub(crate) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Failure> {
        match self.ask(command).await {
            Some(reply) => Ok(reply?),
            None => Err(Failure::Server(format!("{} does not answer", self.name))),
        }
    }

    /// A connection to it that is shared with others.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// The same: the reply or the error of the server, or `None` without an answer.
    pub(crate) async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Option<RedisResult<T>> {
        timeout(self.within, command.query_async(&mut self.connection)).await.ok()
    }
}

impl Connector {
    /// All primaries: those of a cluster that have slots, or the one server. They answer within this time.
    pub(crate) async fn primaries(&self, within: Duration) -> Result<Vec<Primary>, Failure> {
        self.each_primary(within).await?.into_iter().map(|(_, primary)| primary).collect()
    }

    /// The same, each with its name and whether it is reached.
    pub(crate) async fn each_primary(
        &self,
        within: Duration,
    ) -> Result<Vec<(String, Result<Primary, Failure>)>, Failure> {
        let mut any = self.primary(String::new(), None, within).await?;
        if !matches!(self, Self::Cluster(_)) {
            return Ok(vec![(String::new(), Ok(any))]);
        }
        let mut primaries: Vec<(String, _)> = Vec::new();
        let ranges: Vec<Vec<Value>> = any.query(cmd("CLUSTER").arg("SLOTS")).await?;
        for range in ranges {
            let Some(node) = range.into_iter().nth(2).map(node).transpose()? else { continue };
            let name = format!("{}:{}", node.host, node.port);
            if primaries.iter().all(|(known, _)| *known != name) {
                let primary = self.primary(name.clone(), Some(&node), within).await;
                primaries.push((name, primary));
            }
        }
        Ok(primaries)
    }

    async fn primary(&self, name: String, node: Option<&Node>, within: Duration) -> Result<Primary, Failure> {
        match timeout(within, self.connect_apart(node)).await {
            Ok(connection) => Ok(Primary { name, connection: connection?, within }),
            Err(_) => Err(Failure::Server(format!("{name} cannot be reached"))),
        }
    }
}

/// A node in the reply of CLUSTER SLOTS: its host, its port, and more. A host that is not known is that of who replies.
fn node(reply: Value) -> RedisResult<Node> {
    let mut fields = Vec::from_redis_value(reply)?.into_iter();
    let host = fields.next().map(Option::<String>::from_redis_value).transpose()?.flatten();
    let port = fields.next().map(u16::from_redis_value).transpose()?;
    Ok(Node::new(host.unwrap_or_default(), port.unwrap_or_default()))
}
