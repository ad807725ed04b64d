//! Flash sales that do not oversell, from Rust: the commands of the Redis module `seckill` on any async
//! connection of [redis-rs](redis).
//!
//! [`Seckill`] adds a method for every command to all types that implement [`redis::aio::ConnectionLike`].
//! Expected outcomes (sold out, over the limit, lock lost) are values; mistakes of the caller are an
//! [`Error`] that keeps the server's code.
//!
//! ```
//! use std::time::Duration;
//!
//! use seckill_client::redis::aio::MultiplexedConnection;
//! use seckill_client::{Bought, Buy, Refusal, Sale, Seckill, State};
//!
//! async fn sell(con: &mut MultiplexedConnection) -> seckill_client::Result<()> {
//!     con.create("sale:1", Sale::new(100).limit(2).hold(Duration::from_secs(300))).await?;
//!
//!     match con.buy("sale:1", Buy::new("ann", "order-1").qty(2)).await? {
//!         Bought::Order(State::Held) => println!("pay within five minutes"),
//!         Bought::Order(state) => println!("this order was {state} before"),
//!         Bought::Refused(Refusal::SoldOut) => println!("sold out"),
//!         Bought::Refused(refusal) => println!("refused: {refusal}"),
//!     }
//!
//!     con.confirm("sale:1", "order-1").await?;
//!     Ok(())
//! }
//! ```
//!
//! # Units
//!
//! Lengths of time are [`Duration`](std::time::Duration)s, which are sent as whole milliseconds, rounded up.
//! Instants are unix time in milliseconds, by the clock of the server. Ids, tokens and keys are bytes.
//!
//! # Sending twice
//!
//! The cluster and the managed connections of redis-rs send a command again when its reply was lost. No unit
//! is sold or restocked twice by that, for orders and restockings carry ids. Only whether a lock was released
//! is unknown then: the second reply of [`unlock`](Seckill::unlock) is `false`.
//!
//! # Features
//!
//! `serde`: the replies implement `Serialize` and `Deserialize`, with the words of the protocol. A name is a
//! string where it is UTF-8, and else a list of bytes; durations are milliseconds. Formats must be
//! self-describing, as JSON is.
//!
//! # What is absent
//!
//! - Commands that block (`LOCK … BLOCK`, `EVENTS … BLOCK`). On a shared connection they would delay all
//!   later commands, and the response timeout would end them.
//! - Checks of arguments beyond the length of names: the server checks them.
//! - Pipelines and transactions: they take raw commands. The replies implement
//!   [`redis::FromRedisValue`], and so can be read there, too.
//! - Connections, pools, retries: redis-rs has them, and is re-exported as [`redis`].

mod commands;
mod decode;
mod error;
mod options;
mod reply;
#[cfg(feature = "serde")]
mod serde_format;

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the page of this crate, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Page;

pub use commands::Seckill;
pub use error::{Error, Result};
pub use options::{After, Alteration, Buy, Sale};
pub use redis;
pub use reply::{Bought, Buyer, Event, EventKind, Info, Order, Rules};
pub use seckill_core::protocol::{Code, Phase, Refusal, State};

/// A script that releases a lock that is one's own, for clients that do not know the module: its key is the
/// lock, its argument the token. `SECKILL.UNLOCK` does the same faster.
pub const COMPARE_AND_DELETE: &str = include_str!("compare_and_delete.lua");
