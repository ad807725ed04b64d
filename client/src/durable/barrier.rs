//! What proves that servers have some orders.

use std::io;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value};
use seckill_core::protocol::{Command, Millis, Name, Query, Token};
use tokio::time::Instant;
use uuid::Uuid;

use crate::call::parse;
use crate::client::Client;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::durable::demand::Demand;
use crate::durable::lock_key::lock_key;
use crate::durable::receipt::Durability;
use crate::encode::encode;
use crate::error::Result;
use crate::own_connection::OwnConnection;
use crate::retry::Backoff;

/// The longest time of one WAIT: then the connection shows that it does not hang. Disks are usually synced each second.
const SLICE: Duration = Duration::from_secs(3);

/// The lease of the lock, which is released right after it was taken.
const LEASE: Millis = Millis(1_000);

/// Finds out, on a connection of its own, which servers have what was read or written at a key.
///
/// `WAIT` speaks of the writes of its own connection. So first this connection reads, or writes once more: it may lead to
/// another primary than the one that accepted an order. Then it writes, which replicas apply after all that it read, and
/// waits for that. It writes a lock, and takes it back.
pub(crate) struct Barrier<C: Connect> {
    connection: OwnConnection<C>,
    key: Vec<u8>,
    lock: Vec<u8>,
    demand: Demand,
}

impl<C: Connect> Barrier<C> {
    pub(crate) fn new(client: &Client<C>, key: &[u8], demand: Demand) -> Self {
        let connection = OwnConnection::new(client.clone());
        Self { connection, key: key.to_vec(), lock: lock_key(key), demand }
    }

    /// Sends a command that may be executed twice, until enough servers have what it wrote, or what was written before it
    /// was refused.
    pub(crate) async fn write(&mut self, command: &Cmd, deadline: Instant) -> Result<Value> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let slice = deadline.min(Instant::now() + SLICE);
            let error = match self.attempt(std::slice::from_ref(command), slice).await {
                Ok(Some((mut replies, _))) => match replies.pop().unwrap_or_else(missing) {
                    Ok(reply) => return Ok(reply),
                    Err(error) => error.into(),
                },
                Ok(None) => too_few().into(),
                Err(error) => error,
            };
            if !error.is_retryable() || !backoff.wait().await {
                return Err(error);
            }
        }
    }

    /// Which servers have each of the orders, as far as that is known at the deadline.
    pub(super) async fn pass(&mut self, orders: &[&[u8]], deadline: Instant) -> Vec<Durability> {
        let mut backoff = Backoff::until(deadline);
        let error = loop {
            let slice = deadline.min(Instant::now() + SLICE);
            let error = match self.read(orders, slice).await {
                Ok(Some(durabilities)) => return durabilities,
                Ok(None) if slice < deadline => continue,
                Ok(None) => break None,
                Err(error) => error,
            };
            tracing::debug!(name: "seckill.durable.failed", %error, orders = orders.len());
            if !error.is_retryable() {
                break Some(error);
            }
            if !backoff.wait().await {
                break None;
            }
        };
        vec![error.map_or(Durability::NotYet, Durability::Unavailable); orders.len()]
    }

    /// The same, or `None` when too few replicas had them at the deadline.
    async fn read(&mut self, orders: &[&[u8]], deadline: Instant) -> Result<Option<Vec<Durability>>> {
        let reads = orders.iter().map(|order| {
            let query = Query::Order { order: Name::new("order", order)? };
            Ok(encode(Command::Read { sale: &self.key, query }))
        });
        let reads: Vec<Cmd> = reads.collect::<Result<_>>()?;
        let Some((replies, replicas)) = self.attempt(&reads, deadline).await? else { return Ok(None) };
        tracing::debug!(name: "seckill.durable.barrier", orders = orders.len(), replicas);
        let durability = |reply| {
            if is_order(reply) { Durability::Replicated(replicas) } else { Durability::NotYet }
        };
        Ok(Some(replies.into_iter().map(durability).collect()))
    }

    /// Sends commands: the reply to each, and how many replicas have all that the server had then; `None` when too few had
    /// it at the deadline.
    async fn attempt(&mut self, commands: &[Cmd], deadline: Instant) -> Result<Option<Passed>> {
        // The token is new, so that a lock which an earlier attempt left is not taken for one that this attempt wrote.
        let token = Uuid::new_v4().simple().to_string();
        let lock = Lock { key: &self.lock, token: Token::new(token.as_bytes())? };
        if !self.connection.is_open() {
            // Finds the node of the key: at another one the WAIT would block before its redirects were seen.
            self.connection.call(&lock.release(), ANSWER_WITHIN).await?;
        }
        let within = deadline.saturating_duration_since(Instant::now());
        let mut pipeline = Pipeline::with_capacity(commands.len() + 3);
        for command in commands {
            pipeline.add_command(command.clone());
        }
        pipeline.add_command(lock.acquire()).add_command(lock.release());
        pipeline.add_command(self.demand.command(within));

        let replies = self.connection.call_all(&mut pipeline, within + ANSWER_WITHIN).await?;
        let mut replies = replies.into_iter();
        let of_commands: Vec<_> = replies.by_ref().take(commands.len()).collect();
        let _fence: Option<u64> = next(&mut replies)?;
        if !next::<bool>(&mut replies)? {
            return Err(unwritten().into());
        }
        let replicas = self.demand.satisfied_by(next(&mut replies)?).map_err(RedisError::from)?;
        Ok(replicas.map(|replicas| (of_commands, replicas)))
    }
}

/// The replies to commands, and how many replicas have what the server had then.
type Passed = (Vec<RedisResult<Value>>, u32);

/// The lock that an attempt takes and releases.
struct Lock<'a> {
    key: &'a [u8],
    token: Token<'a>,
}

impl Lock<'_> {
    fn acquire(&self) -> Cmd {
        encode(Command::Lock { key: self.key, token: self.token, ttl: LEASE, block: None })
    }

    fn release(&self) -> Cmd {
        encode(Command::Unlock { key: self.key, token: self.token })
    }
}

fn is_order(reply: RedisResult<Value>) -> bool {
    reply.is_ok_and(|reply| reply != Value::Nil)
}

fn missing<T>() -> RedisResult<T> {
    Err((redis::ErrorKind::Parse, "a reply is missing").into())
}

fn next<T: FromRedisValue>(replies: &mut impl Iterator<Item = RedisResult<Value>>) -> Result<T> {
    let reply = replies.next().unwrap_or_else(missing)?;
    Ok(parse(reply)?)
}

fn too_few() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "too few replicas have it").into()
}

/// The lock was another attempt's, or its lease ended before it was released.
fn unwritten() -> RedisError {
    io::Error::other("the lock was not written").into()
}
