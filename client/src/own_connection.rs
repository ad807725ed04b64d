//! A connection of its own, for calls that block.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::time::timeout;

use crate::call::{Failure, timed_out};
use crate::client::Client;
use crate::connect::{Connect, Node, ask};
use crate::encode::key;
use crate::error::Result;

/// How often a call is redirected at most.
const REDIRECTS: usize = 8;

/// A connection that serves one caller, and is closed when it is dropped, with whatever it waits for. In a cluster it
/// leads to the node that has the key.
pub(crate) struct OwnConnection<C: Connect> {
    client: Client<C>,
    connection: Option<MultiplexedConnection>,
}

impl<C: Connect> OwnConnection<C> {
    /// None yet: the first call makes it.
    pub(crate) fn new(client: Client<C>) -> Self {
        Self { client, connection: None }
    }

    /// Sends a command once, and waits for the reply. After an error the next call makes a new connection.
    pub(crate) async fn call(&mut self, command: &Cmd, within: Duration) -> Result<Value, Failure> {
        let mut connection = self.take(Some(command)).await?;
        let mut is_asking = false;
        let mut redirects = 0;
        loop {
            let call = async {
                if is_asking {
                    ask(&mut connection, command).await
                } else {
                    command.query_async(&mut connection).await
                }
            };
            let error: RedisError = match timeout(within, call).await.unwrap_or_else(|_| Err(timed_out())) {
                Ok(reply) => {
                    self.connection = Some(connection);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            // While a slot moves, nodes may redirect to each other for a moment: that passes, as the error says.
            let Some(node) = Node::of_redirect(&error).filter(|_| redirects < REDIRECTS) else {
                return Err(Failure::sent(error));
            };
            redirects += 1;
            is_asking = error.code() == Some("ASK");
            connection = self.client.connect_apart(Some(&node)).await.map_err(Failure::unsent)?;
        }
    }

    /// The connection, or a new one for a command.
    async fn take(&mut self, command: Option<&Cmd>) -> Result<MultiplexedConnection, Failure> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let place = command.and_then(key).and_then(|key| self.client.place(key));
        self.client.connect_apart(place.as_ref()).await.map_err(Failure::unsent)
    }

    /// Whether there is a connection, on which the last call was answered.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Sends commands once, and waits for the reply to each. They are not redirected: in a cluster the connection leads to
    /// where the last call went. After an error the next call makes a new connection.
    pub(crate) async fn call_all(
        &mut self,
        commands: &mut Pipeline,
        within: Duration,
    ) -> Result<Vec<RedisResult<Value>>, Failure> {
        let mut connection = self.take(commands.cmd_iter().next()).await?;
        let call = commands.ignore_errors().query_async(&mut connection);
        let replies: RedisResult<Vec<Value>> =
            timeout(within, call).await.unwrap_or_else(|_| Err(timed_out()));
        let replies: Vec<_> = replies.map_err(Failure::sent)?.into_iter().map(Value::extract_error).collect();
        self.connection = replies.iter().all(Result::is_ok).then_some(connection);
        Ok(replies)
    }
}
