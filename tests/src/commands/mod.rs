//! The commands of the program `seckill` that talk to servers.

mod failures;
mod program;
