//! Flash sales that do not oversell, from Rust: the commands of the Redis module `seckill` on any async
//! connection of [redis-rs](redis).
//!
//! [`Seckill`] adds a method for every command to all types that implement [`redis::aio::ConnectionLike`].
//! Expected outcomes (sold out, over the limit, lock lost) are values; mistakes of the caller are an
//! [`Error`] that keeps the server's code.
//!
//! The README of this crate has examples, and describes outcomes, units, repeated calls and the feature
//! `serde`.

#![warn(missing_debug_implementations)]

mod background;
mod call;
mod client;
mod commands;
pub mod connect;
mod decode;
mod durable;
mod encode;
mod error;
mod feed;
mod lock;
mod options;
mod outcome;
mod own_connection;
mod pipeline;
mod purchase;
mod receipt;
mod reply;
mod retry;
mod sale;
#[cfg(feature = "serde")]
mod serde_format;
mod shared_connection;
mod words;

/// The examples of the README of this crate, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the README of the project, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ProjectReadme;

pub use client::Client;
pub use commands::{Commands, Seckill};
pub use durable::{Durability, DurableReceipt, DurableSale};
pub use error::{Error, Result};
pub use feed::{Cursor, Feed, FeedItem, ParseCursorError};
pub use lock::{Guard, Lock, Lost, Redlock, Release};
pub use options::{After, Alteration, Buy, BuyAll, NewSale};
pub use outcome::Outcome;
pub use purchase::Purchase;
pub use receipt::Receipt;
pub use redis;
pub use reply::{Bought, Buyer, Event, EventKind, Info, Order, Part, Rules};
pub use sale::Sale;
pub use seckill_core::protocol::Code;
pub use words::{Phase, Refusal, State};

/// A script that releases a lock that is one's own, for clients that do not know the module: its key is the
/// lock, its argument the token. `SECKILL.UNLOCK` does the same faster.
///
/// ```no_run
/// # async fn example(mut connection: seckill_client::redis::aio::MultiplexedConnection) -> seckill_client::redis::RedisResult<()> {
/// let script = seckill_client::redis::Script::new(seckill_client::COMPARE_AND_DELETE);
/// let was_held: bool = script.key("lock").arg("a-token-of-my-own").invoke_async(&mut connection).await?;
/// # Ok(())
/// # }
/// ```
pub const COMPARE_AND_DELETE: &str = include_str!("compare_and_delete.lua");
