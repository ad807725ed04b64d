//! A sale of many shards.

mod audit;
mod balance;
mod carry_out;
mod create;
mod directory;
mod durable;
mod even_out;
mod feed;
mod info;
mod layout;
mod ledger;
mod mover;
mod plan;
mod purchase;
mod remote;
mod replicas;
mod sale;
mod search;
mod seen;
mod servers;
#[cfg(test)]
mod simulation;
mod suspects;
mod transfer;

pub use audit::Transfers;
pub use balance::{Balanced, Balancer};
pub use durable::DurableShardedSale;
pub use feed::{Cursors, ShardedFeed};
pub use info::ShardedInfo;
pub use sale::ShardedSale;
pub use transfer::{ParseTransferError, Transfer};
