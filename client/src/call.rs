//! What comes of a call.

use std::io;

use redis::{ErrorKind, FromRedisValue, RedisError, Value, from_redis_value};
use tokio::time::Instant;

use crate::error::{Error, Result};

/// The reply to a call.
#[derive(Debug)]
pub(crate) struct Answer<T = Value> {
    pub(crate) reply: T,
    /// Before the command was sent to which this is the reply.
    pub(crate) sent: Instant,
    /// The command may have been executed before, by an attempt whose reply was lost.
    pub(crate) is_repeated: bool,
}

impl Answer {
    pub(crate) fn parse<T: FromRedisValue>(self) -> Result<Answer<T>, Failure> {
        let Self { reply, sent, is_repeated } = self;
        Ok(Answer { reply: parse(reply)?, sent, is_repeated })
    }
}

/// Reads a reply. A command whose reply makes no sense was executed.
pub(crate) fn parse<T: FromRedisValue>(reply: Value) -> Result<T, Failure> {
    from_redis_value(reply).map_err(|error| {
        let error = (ErrorKind::UnexpectedReturnType, "a reply makes no sense", error.to_string());
        Failure { error: Error::Redis(error.into()), may_be_done: true }
    })
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The command may have been executed: a reply was lost.
    pub(crate) may_be_done: bool,
}

impl Failure {
    /// The server cannot have seen the command.
    pub(crate) fn unsent(error: RedisError) -> Self {
        Self { error: error.into(), may_be_done: false }
    }

    /// The command was sent, and this came of it. A server that replies an error did not execute it.
    pub(crate) fn sent(error: RedisError) -> Self {
        let error = Error::from(error);
        let may_be_done = error.is_lost_reply();
        Self { error, may_be_done }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The error of a call that was not answered in time.
pub(crate) fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
