//! Why a strategy could not be played, or its figures cannot be trusted.

use redis::RedisError;
use seckill_client::Bought;
use tokio::task::JoinError;

/// Why a strategy could not be played, or its figures cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A command of Redis failed.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// A command of the module failed.
    #[error(transparent)]
    Seckill(#[from] seckill_client::Error),
    /// A purchase got a reply that this load cannot lead to.
    #[error("a purchase got the reply {0:?}")]
    Unexpected(Bought),
    /// A handler gave an answer that this load cannot lead to.
    #[error("a handler answered {0}")]
    Answer(String),
    /// The task of a handler panicked.
    #[error("a handler failed: {0}")]
    Handler(#[from] JoinError),
    /// The latencies cannot be counted.
    #[error(transparent)]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The figures of the sale differ from the orders of the handlers.
    #[error("the sale disagrees with the handlers: {0}")]
    Disagreement(String),
}
