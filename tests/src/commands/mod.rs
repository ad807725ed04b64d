//! The commands of the program `seckill` that talk to servers.

mod events;
mod examples;
mod failures;
mod orders;
mod program;
mod sales;
