//! The connection that all calls of a client share.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use redis::aio::ConnectionLike;
use redis::{RedisError, RedisResult, cmd};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::call::timed_out;
use crate::connect::{ANSWER_WITHIN, CONNECT_WITHIN, Connect};

/// The connection that all calls share. It is made when it is needed, and replaced when it is unfit.
pub(crate) struct SharedConnection<T> {
    slot: Mutex<Slot<T>>,
    /// Whether somebody checks it.
    is_checked: AtomicBool,
}

struct Slot<T> {
    connection: Option<T>,
    /// How many connections there were before.
    number: u64,
}

/// A connection at the time of a call.
#[derive(Clone)]
pub(crate) struct Current<T> {
    pub(crate) connection: T,
    number: u64,
}

impl<T: ConnectionLike + Clone> SharedConnection<T> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { slot: Mutex::new(Slot { connection: None, number: 0 }), is_checked: AtomicBool::new(false) }
    }

    /// The connection, which `connector` makes if there is none.
    pub(crate) async fn get(&self, connector: &impl Connect<Connection = T>) -> RedisResult<Current<T>> {
        let mut slot = self.slot.lock().await;
        let connection = match &slot.connection {
            Some(connection) => connection.clone(),
            None => {
                let connecting = timeout(CONNECT_WITHIN, connector.connect());
                let connection = connecting.await.unwrap_or_else(|_| Err(timed_out()))?;
                tracing::debug!(name: "seckill.connect", number = slot.number);
                slot.connection.insert(connection).clone()
            }
        };
        Ok(Current { connection, number: slot.number })
    }

    /// After this error the next call makes a new connection, if the error says that this one is unfit.
    pub(crate) async fn report(&self, current: &Current<T>, error: &RedisError) {
        if !is_unfit(error) {
            return;
        }
        let mut slot = self.slot.lock().await;
        if slot.number == current.number {
            slot.connection = None;
            slot.number += 1;
        }
    }

    /// A call was abandoned before it was answered. Perhaps the connection hangs, and no call would wait long enough to
    /// see that.
    pub(crate) async fn check(&self, mut current: Current<T>) {
        if self.is_checked.swap(true, Relaxed) {
            return;
        }
        let ping = cmd("PING");
        let reply = timeout(ANSWER_WITHIN, ping.exec_async(&mut current.connection)).await;
        if let Err(error) = reply.unwrap_or_else(|_| Err(timed_out())) {
            self.report(&current, &error).await;
        }
        self.is_checked.store(false, Relaxed);
    }
}

const READ_ONLY: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::ReadOnly);

/// Whether a connection is to be replaced: it is lost, it may hang, or it leads to a replica.
pub(crate) fn is_unfit(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout() || error.kind() == READ_ONLY
}
