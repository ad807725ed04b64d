//! The client crate: what it adds to the commands.

mod cancellation;
mod checkout;
pub(crate) mod connectors;
mod durable;
mod failed_over_feeds;
mod failovers;
mod feeds;
mod guards;
mod independent;
mod lines;
pub(crate) mod link;
mod memory;
pub(crate) mod polled;
mod purchases;
mod redlock_cost;
mod redlocks;
mod sold_out_shards;
mod traces;
