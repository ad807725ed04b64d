//! A cluster: the owner of a slot decides, and a slot takes its sales along when it moves.

mod buyers;
mod client;
mod client_locks;
mod durable;
mod examples;
mod failover;
mod feeds;
mod handoffs;
mod large_migrations;
mod large_sales;
mod memory;
pub(crate) mod nodes;
mod ownership;
mod sales;
mod slot_as_whole;
mod slot_by_keys;
mod slot_moves;
mod waiters;
