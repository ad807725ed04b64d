//! Replicas and failovers.

mod apply;
mod divergence;
mod failover;
mod handoffs;
mod lost_orders;
mod mixed_versions;
mod pauses;
mod readers;
mod replica;
mod resync;
mod stream;
mod terms;
mod upgrade;
mod waiters;
mod waiting_readers;
