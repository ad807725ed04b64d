//! The commands of the program `seckill` that talk to servers.

mod balance;
mod certificates;
mod connections;
mod events;
mod examples;
mod exposition;
mod failures;
mod independent;
mod interrupted_shards;
mod load;
mod lock_lines;
mod lock_runs;
mod lock_terminals;
mod locked;
mod lost_locks;
mod metrics;
mod orders;
pub(crate) mod program;
mod report;
mod sales;
mod sharded_orders;
mod sharded_sales;
mod silent_shards;
mod terminal;
mod top;
