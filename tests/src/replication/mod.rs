//! Replicas and failovers.

mod apply;
mod divergence;
mod failover;
mod lost_orders;
mod mixed_versions;
mod readers;
mod replica;
mod resync;
mod stream;
mod terms;
mod upgrade;
