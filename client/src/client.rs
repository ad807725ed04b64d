//! The client: the connection that all handles share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::background::Background;
use crate::call::{Answer, Failure, timed_out};
use crate::connect::{ANSWER_WITHIN, CONNECT_WITHIN, Connect, Node, ask};
use crate::error::Result;
use crate::retry::Backoff;

/// The time in which a call is to be answered, unless [`Client::within`] says otherwise.
const WITHIN: Duration = Duration::from_secs(5);

/// A client of one server, or of those that `C` connects to. Clones share all that it has, so one is enough for a process.
///
/// Its handles send a call again when the connection was lost or the server could not serve it then: it was loading,
/// it was a replica, or the slot of the key moved. Each call ends [`within`](Self::within) a time.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = seckill_client::Client::open("redis://127.0.0.1/")?;
/// let figures = client.sale("bottles").info().await?;
/// println!("{} left", figures.available);
/// # Ok(())
/// # }
/// ```
pub struct Client<C: Connect = redis::Client> {
    shared: Arc<Shared<C>>,
    within: Duration,
}

struct Shared<C: Connect> {
    connector: C,
    connection: Mutex<Slot<C::Connection>>,
    /// The node to which a server redirected a call, while a slot moves there.
    redirected: Mutex<Option<(Node, MultiplexedConnection)>>,
    background: Background,
}

/// The shared connection, and how many there were before it.
struct Slot<T> {
    connection: Option<T>,
    number: u64,
}

impl Client {
    /// A client of the server at a URL, such as `redis://127.0.0.1/`. It connects when it is used.
    ///
    /// # Errors
    ///
    /// The URL is not that of a server.
    pub fn open(server: impl IntoConnectionInfo) -> RedisResult<Self> {
        redis::Client::open(server).map(Self::new)
    }
}

impl<C: Connect> Client<C> {
    /// A client that connects by `connector`, when it is used.
    #[must_use]
    pub fn new(connector: C) -> Self {
        let slot = Slot { connection: None, number: 0 };
        let shared = Shared {
            connector,
            connection: Mutex::new(slot),
            redirected: Mutex::new(None),
            background: Background::default(),
        };
        Self { shared: Arc::new(shared), within: WITHIN }
    }

    /// The same client, whose calls end within this time, with all their attempts: 5 seconds unless set.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// Where locks are renewed and released.
    pub(crate) fn background(&self) -> &Background {
        &self.shared.background
    }

    /// When a call that begins now ends at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.within
    }

    /// Sends a command until it is answered, or the time is up. It must be one that may be executed twice.
    pub(crate) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<Answer<T>, Failure> {
        self.call_until(command, self.deadline()).await?.parse()
    }

    pub(crate) async fn call_until(&self, command: &Cmd, deadline: Instant) -> Result<Answer, Failure> {
        let mut backoff = Backoff::until(deadline);
        let mut may_be_done = false;
        loop {
            let sent = Instant::now();
            let attempt = timeout_at(deadline, self.attempt(command)).await;
            let mut failure = match attempt.unwrap_or_else(|_| Err(Failure::sent(timed_out()))) {
                Ok(reply) => return Ok(Answer { reply, sent, is_repeated: may_be_done }),
                Err(failure) => failure,
            };
            failure.may_be_done |= may_be_done;
            may_be_done = failure.may_be_done;
            if !failure.error.is_retryable() || !backoff.wait().await {
                return Err(failure);
            }
            tracing::debug!(name: "seckill.retry", error = %failure.error, may_be_done);
        }
    }

    /// Sends a command once.
    pub(crate) async fn attempt(&self, command: &Cmd) -> Result<Value, Failure> {
        let (mut connection, number) = self.connection().await.map_err(Failure::unsent)?;
        let error = match command.query_async(&mut connection).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        let error: RedisError = error;
        if is_unfit(&error) {
            self.replace(number).await;
        }
        match Node::of_redirect(&error) {
            Some(node) if error.kind() == ASK => self.attempt_at(node, command).await,
            _ => Err(Failure::sent(error)),
        }
    }

    /// Sends a pipeline once: the reply to each of its commands.
    pub(crate) async fn attempt_all<T: FromRedisValue>(
        &self,
        pipe: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<T>>, Failure> {
        let attempt = async {
            let (mut connection, number) = self.connection().await.map_err(Failure::unsent)?;
            let result = pipe.query_async(&mut connection).await;
            if result.as_ref().is_err_and(is_unfit) {
                self.replace(number).await;
            }
            result.map_err(Failure::sent)
        };
        timeout_at(deadline, attempt).await.unwrap_or_else(|_| Err(Failure::sent(timed_out())))
    }

    /// Sends a command once, to the node to which its slot moves.
    async fn attempt_at(&self, node: Node, command: &Cmd) -> Result<Value, Failure> {
        let mut redirected = self.shared.redirected.lock().await;
        let known = redirected.take().filter(|(known, _)| *known == node);
        let mut connection = match known {
            Some((_, connection)) => connection,
            None => self.connect_apart(Some(&node)).await.map_err(Failure::unsent)?,
        };
        *redirected = Some((node, connection.clone()));
        drop(redirected);
        let asked = timeout(ANSWER_WITHIN, ask(&mut connection, command)).await;
        let reply = asked.unwrap_or_else(|_| Err(timed_out()));
        if reply.as_ref().is_err_and(is_unfit) {
            self.shared.redirected.lock().await.take();
        }
        reply.map_err(Failure::sent)
    }

    /// The shared connection, and its number.
    pub(crate) async fn connection(&self) -> RedisResult<(C::Connection, u64)> {
        let mut slot = self.shared.connection.lock().await;
        let connection = match &slot.connection {
            Some(connection) => connection.clone(),
            None => {
                let connecting = timeout(CONNECT_WITHIN, self.shared.connector.connect());
                let connection = connecting.await.unwrap_or_else(|_| Err(timed_out()))?;
                tracing::debug!(name: "seckill.connect", number = slot.number);
                slot.connection.insert(connection).clone()
            }
        };
        Ok((connection, slot.number))
    }

    /// The next call makes a new connection, if this one is still the shared one.
    pub(crate) async fn replace(&self, number: u64) {
        let mut slot = self.shared.connection.lock().await;
        if slot.number == number {
            slot.connection = None;
            slot.number += 1;
        }
    }

    /// A connection of its own, for calls that block.
    pub(crate) async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        let connecting = timeout(CONNECT_WITHIN, self.shared.connector.connect_apart(node));
        connecting.await.unwrap_or_else(|_| Err(timed_out()))
    }
}

impl<C: Connect> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), within: self.within }
    }
}

impl<C: Connect> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("within", &self.within).finish_non_exhaustive()
    }
}

const ASK: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::Ask);
const READ_ONLY: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::ReadOnly);

/// Whether a connection is to be replaced: it is lost, it may hang, or it leads to a replica.
fn is_unfit(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout() || error.kind() == READ_ONLY
}
