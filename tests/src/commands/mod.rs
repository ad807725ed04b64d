//! The commands of the program `seckill` that talk to servers.

mod events;
mod examples;
mod failures;
mod orders;
mod lock_lines;
mod lock_runs;
mod locked;
mod lost_locks;
mod program;
mod sales;
