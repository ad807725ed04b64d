//! The client: the connection that all handles share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{Arg, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisResult, Value, cmd};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{Instrument, Span};

use crate::background::Background;
use crate::call::{Answer, Failure, timed_out};
use crate::connect::{ANSWER_WITHIN, CONNECT_WITHIN, Connect, Node, ask};
use crate::error::Result;
use crate::lost_nodes::LostNodes;
use crate::retry::Backoff;
use crate::shared_connection::{Current, SharedConnection, is_unfit};

/// The time in which a call is to be answered, unless [`Client::within`] says otherwise.
const WITHIN: Duration = Duration::from_secs(5);

/// No call lasts longer, and no clock overflows by it.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

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
    connection: SharedConnection<C>,
    /// The node to which a server redirected a call, while a slot moves there.
    redirected: Mutex<Option<(Node, MultiplexedConnection)>>,
    lost_nodes: LostNodes,
    background: Background,
}

impl Client {
    /// A client of the server at a URL, such as `redis://127.0.0.1/`. It connects when it is used.
    ///
    /// # Errors
    ///
    /// The URL is not that of a server.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = seckill_client::Client::open("redis://127.0.0.1/?protocol=resp3")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(server: impl IntoConnectionInfo) -> RedisResult<Self> {
        redis::Client::open(server).map(Self::new)
    }
}

impl<C: Connect> Client<C> {
    /// A client that connects by `connector`, when it is used.
    ///
    /// ```no_run
    /// # #[cfg(feature = "connection-manager")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use seckill_client::connect::Managed;
    ///
    /// let server = seckill_client::redis::Client::open("redis://127.0.0.1/")?;
    /// let client = seckill_client::Client::new(Managed::new(server));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(connector: C) -> Self {
        let shared = Shared {
            connection: SharedConnection::new(connector),
            redirected: Mutex::new(None),
            lost_nodes: LostNodes::default(),
            background: Background::default(),
        };
        Self { shared: Arc::new(shared), within: WITHIN }
    }

    /// The same client, whose calls end within this time, with all their attempts: 5 seconds unless set. It should be
    /// enough to connect.
    ///
    /// ```no_run
    /// # fn example(client: &seckill_client::Client) {
    /// let patient = client.clone().within(std::time::Duration::from_secs(30));
    /// # }
    /// ```
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time.min(LONGEST);
        self
    }

    /// Where connections are made, and locks renewed and released.
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
        self.repeat(command, deadline).instrument(span(command)).await
    }

    async fn repeat(&self, command: &Cmd, deadline: Instant) -> Result<Answer, Failure> {
        let mut backoff = Backoff::until(deadline);
        let mut may_be_done = false;
        let mut patience = ANSWER_WITHIN;
        loop {
            let sent = Instant::now();
            let mut failure = match self.attempt_within(command, deadline, patience).await {
                Ok(reply) => return Ok(Answer { reply, sent, is_repeated: may_be_done }),
                Err(failure) => failure,
            };
            failure.may_be_done |= may_be_done;
            may_be_done = failure.may_be_done;
            if !failure.error.is_retryable() || !backoff.wait().await {
                return Err(failure);
            }
            // A server that is slow is not helped by more to do.
            patience = patience.saturating_mul(4);
            tracing::debug!(name: "seckill.retry", error = %failure.error, may_be_done);
        }
    }

    /// Sends a command once.
    pub(crate) async fn attempt(&self, command: &Cmd) -> Result<Value, Failure> {
        self.attempt_until(command, self.deadline()).await
    }

    /// Sends a command once, and waits for the answer until then.
    pub(crate) async fn attempt_until(&self, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        self.attempt_within(command, deadline, LONGEST).await
    }

    async fn attempt_within(
        &self,
        command: &Cmd,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Value, Failure> {
        let lost = &self.shared.lost_nodes;
        if let Some(error) = lost.refusal(command, Instant::now()) {
            return Err(Failure::unsent(error));
        }
        let send = async |connection: &mut C::Connection| command.query_async(connection).await;
        match self.send(deadline, patience, send).await? {
            Ok(reply) => {
                lost.forget(command);
                Ok(reply)
            }
            Err(error) => match Node::of_redirect(&error) {
                Some(node) if error.kind() == ASK => self.attempt_at(node, command, deadline).await,
                Some(node) => {
                    lost.note(command, node, Instant::now());
                    Err(Failure::sent(error))
                }
                None => Err(Failure::sent(error)),
            },
        }
    }

    /// Sends a pipeline once: the reply to each of its commands.
    pub(crate) async fn attempt_all<T: FromRedisValue + Send>(
        &self,
        pipe: &Pipeline,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Vec<RedisResult<T>>, Failure> {
        let send = async |connection: &mut C::Connection| pipe.query_async(connection).await;
        self.send(deadline, patience, send).await?.map_err(Failure::sent)
    }

    /// Sends something once on the shared connection. When it is not answered in time, or this is dropped, the
    /// connection is checked in the background.
    async fn send<T>(
        &self,
        deadline: Instant,
        patience: Duration,
        send: impl AsyncFnOnce(&mut C::Connection) -> RedisResult<T>,
    ) -> Result<RedisResult<T>, Failure> {
        let shared = &self.shared.connection;
        let connecting = timeout_at(deadline, shared.get(self.background())).await;
        let current = connecting.unwrap_or_else(|_| Err(timed_out())).map_err(Failure::unsent)?;
        let mut connection = current.connection.clone();
        let unanswered = CheckOnDrop { client: self, current: Some(current) };
        let until = deadline.min(Instant::now() + patience);
        let reply = timeout_at(until, send(&mut connection)).await;
        let Ok(reply) = reply else {
            // The next attempt should not be made on a connection that hangs.
            if until < deadline
                && let Some(current) = unanswered.answered()
            {
                let check = shared.check(current, self.background());
                let _ = timeout_at(deadline, check).await;
            }
            return Err(Failure::sent(timed_out()));
        };
        if let (Err(error), Some(current)) = (&reply, unanswered.answered()) {
            shared.report(&current, error, self.background());
        }
        Ok(reply)
    }

    /// Sends a command once, to the node to which its slot moves.
    async fn attempt_at(&self, node: Node, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        let mut redirected = self.shared.redirected.lock().await;
        let known = redirected.take().filter(|(known, _)| *known == node);
        let mut connection = match known {
            Some((_, connection)) => connection,
            None => self.connect_apart(Some(&node)).await.map_err(Failure::unsent)?,
        };
        *redirected = Some((node, connection.clone()));
        drop(redirected);
        let deadline = deadline.min(Instant::now() + ANSWER_WITHIN);
        let asked = timeout_at(deadline, ask(&mut connection, command)).await;
        let reply = asked.unwrap_or_else(|_| Err(timed_out()));
        if reply.as_ref().is_err_and(is_unfit) {
            self.shared.redirected.lock().await.take();
        }
        reply.map_err(Failure::sent)
    }

    /// Resolves when the shared connection was replaced: the server hung, or is another one now.
    pub(crate) async fn until_replaced(&self) {
        let number = async || {
            let deadline = Instant::now() + ANSWER_WITHIN;
            let _ = self.attempt_until(&cmd("PING"), deadline).await;
            self.shared.connection.number()
        };
        let begun = number().await;
        loop {
            sleep(ANSWER_WITHIN).await;
            if number().await != begun {
                return;
            }
        }
    }

    /// Where a key is, if that is known without asking a server.
    pub(crate) fn place(&self, key: &[u8]) -> Option<Node> {
        self.shared.connection.connector().place(key)
    }

    /// A connection of its own, for calls that block.
    pub(crate) async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        let connecting = timeout(CONNECT_WITHIN, self.shared.connection.connector().connect_apart(node));
        connecting.await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// A connection of its own, on which the server pushes what changes.
    pub(crate) async fn connect_tracking(
        &self,
        node: Option<&Node>,
        pushes: Arc<dyn AsyncPushSender>,
    ) -> RedisResult<MultiplexedConnection> {
        let connecting = self.shared.connection.connector().connect_tracking(node, pushes);
        timeout(CONNECT_WITHIN, connecting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// How many shared connections were made: another one may lead to another server.
    pub(crate) fn connections_made(&self) -> u64 {
        self.shared.connection.number()
    }
}

/// A call that is not answered yet.
struct CheckOnDrop<'c, C: Connect> {
    client: &'c Client<C>,
    current: Option<Current<C::Connection>>,
}

impl<C: Connect> CheckOnDrop<'_, C> {
    fn answered(mut self) -> Option<Current<C::Connection>> {
        self.current.take()
    }
}

impl<C: Connect> Drop for CheckOnDrop<'_, C> {
    fn drop(&mut self) {
        if let Some(current) = self.current.take() {
            let shared = self.client.shared.clone();
            let check = async move { shared.connection.check(current, &shared.background).await };
            self.client.background().run(check);
        }
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

/// The span of a call: by the name of its command, for its arguments may be secret.
fn span(command: &Cmd) -> Span {
    let name = || match command.args_iter().next() {
        Some(Arg::Simple(name)) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    };
    tracing::debug_span!("seckill.call", command = name())
}

const ASK: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::Ask);
