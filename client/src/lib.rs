//! What an application service needs to sell by the Redis module `seckill`: purchases that are sent again and never
//! buy twice, locks that are renewed and that stop the work when they may be lost, orders that replicas are known to
//! have, and the events of a sale as a stream.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use seckill_client::{Client, NewSale};
//!
//! let client = Client::open("redis://127.0.0.1/")?;
//! let sale = client.sale("bottles");
//! sale.create(NewSale::new(100).limit(2).hold(Duration::from_secs(600))).await?;
//! let receipt = sale.buy("ann").order("order-1").qty(2).await?;
//! println!("{:?}", receipt.outcome);
//! println!("{}", sale.confirm("order-1").await?);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] makes a handle for each thing: a [`Sale`], also a [durable](DurableSale) one or one that
//! [remembers](RememberingSale) what it refuses, its [`Feed`], a [`Lock`] and its [`Guard`]. [`connect`] has the ways to reach servers. [`Seckill`] gives the connections of [redis-rs](redis) the
//! commands as they are. Expected outcomes (sold out, over the limit, lock lost) are values; an [`Error`] keeps the
//! server's code, and says whether the same call [may succeed later](Error::is_retryable).
//!
//! The README of this crate tells more of each, and of what happens when a command is sent again.

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
mod lost_nodes;
mod memory;
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
mod sharded;
mod shared_connection;
mod slot;
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
pub use memory::RememberingSale;
pub use options::{After, Alteration, Buy, BuyAll, NewSale};
pub use outcome::Outcome;
pub use purchase::Purchase;
pub use receipt::Receipt;
pub use redis;
pub use reply::{Bought, Buyer, Event, EventKind, Info, Order, Part, Rules};
pub use sale::Sale;
pub use seckill_core::protocol::Code;
pub use sharded::{
    Balanced, Balancer, Cursors, DurableShardedSale, ParseTransferError, ShardedFeed, ShardedInfo,
    ShardedSale, Transfer, Transfers,
};
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
