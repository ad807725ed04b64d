//! Durable purchases: what is reported of the replicas, and what a failover keeps.

mod abandoned;
mod disks;
mod failovers;
mod pair;
mod permissions;
mod primaries;
mod replicas;
mod speed;
