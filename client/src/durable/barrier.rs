//! What proves that servers have some orders.

use std::io;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value};
use seckill_core::protocol::{Command, Millis, Name, Query, Token};
use tokio::time::Instant;
use uuid::Uuid;

use crate::call::parse;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::durable::demand::Demand;
use crate::durable::lock_key::lock_key;
use crate::durable::receipt::Durability;
use crate::encode::encode;
use crate::error::Result;
use crate::own_connection::OwnConnection;
use crate::retry::Backoff;
use crate::sale::Sale;

/// The longest time of one WAIT: then the connection shows that it does not hang. Disks are usually synced each second.
const SLICE: Duration = Duration::from_secs(3);

/// The lease of the lock, which is released right after it was taken.
const LEASE: Millis = Millis(1_000);

/// Asks, on a connection of its own, which servers have some orders.
///
/// `WAIT` speaks of the writes of its own connection. So first this connection reads the orders: it may lead to another
/// primary than the one that accepted them. Then it writes, which replicas apply after all that it read, and waits for
/// that. It writes a lock, and takes it back.
pub(super) struct Barrier<C: Connect> {
    connection: OwnConnection<C>,
    sale: Vec<u8>,
    lock: Vec<u8>,
    demand: Demand,
}

impl<C: Connect> Barrier<C> {
    pub(super) fn new(sale: &Sale<C>, demand: Demand) -> Self {
        let connection = OwnConnection::new(sale.client().clone());
        Self { connection, sale: sale.key().to_vec(), lock: lock_key(sale.key()), demand }
    }

    /// Which servers have each of the orders, as far as that is known at the deadline.
    pub(super) async fn pass(&mut self, orders: &[&[u8]], deadline: Instant) -> Vec<Durability> {
        let mut backoff = Backoff::until(deadline);
        let error = loop {
            let slice = deadline.min(Instant::now() + SLICE);
            let error = match self.attempt(orders, slice).await {
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
    async fn attempt(&mut self, orders: &[&[u8]], deadline: Instant) -> Result<Option<Vec<Durability>>> {
        // The token is new, so that a lock which an earlier attempt left is not taken for one that this attempt wrote.
        let token = Uuid::new_v4().simple().to_string();
        let lock = Lock { key: &self.lock, token: Token::new(token.as_bytes())? };
        if !self.connection.is_open() {
            // Finds the node of the sale: at another one the WAIT would block before its redirects were seen.
            self.connection.call(&lock.release(), ANSWER_WITHIN).await?;
        }
        let within = deadline.saturating_duration_since(Instant::now());
        let mut commands = Pipeline::with_capacity(orders.len() + 3);
        for order in orders {
            let query = Query::Order { order: Name::new("order", order)? };
            commands.add_command(encode(Command::Read { sale: &self.sale, query }));
        }
        commands.add_command(lock.acquire()).add_command(lock.release());
        commands.add_command(self.demand.command(within));

        let replies = self.connection.call_all(&mut commands, within + ANSWER_WITHIN).await?;
        let mut replies = replies.into_iter();
        let has_order: Vec<bool> = replies.by_ref().take(orders.len()).map(is_order).collect();
        let _fence: Option<u64> = next(&mut replies)?;
        if !next::<bool>(&mut replies)? {
            return Err(unwritten().into());
        }
        let replicas = self.demand.satisfied_by(next(&mut replies)?).map_err(RedisError::from)?;
        tracing::debug!(name: "seckill.durable.barrier", orders = orders.len(), replicas);
        let Some(replicas) = replicas else { return Ok(None) };
        let durability = |has_order| {
            if has_order { Durability::Replicated(replicas) } else { Durability::NotYet }
        };
        Ok(Some(has_order.into_iter().map(durability).collect()))
    }
}

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

fn next<T: FromRedisValue>(replies: &mut impl Iterator<Item = RedisResult<Value>>) -> Result<T> {
    let missing = || Err((redis::ErrorKind::Parse, "a reply is missing").into());
    let reply = replies.next().unwrap_or_else(missing)?;
    Ok(parse(reply)?)
}

/// The lock was another attempt's, or its lease ended before it was released.
fn unwritten() -> RedisError {
    io::Error::other("the lock was not written").into()
}
