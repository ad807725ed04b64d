//! The program `seckill`: flash sales that do not oversell, from the command line.
//!
//! It is a library so that tests can read its help, and put the steps of the replayed incident in any order.

mod advice;
mod cli;
mod completions;
mod count;
mod data_directory;
mod events;
mod exit;
mod history;
mod incident;
mod interrupt;
mod load;
mod lock;
mod man;
mod metrics;
mod names;
mod order;
mod output;
mod progress;
pub mod replay;
mod report;
mod sale;
mod sales;
mod serve;
mod servers;
mod shard_failures;
mod table;
mod times;
mod top;
mod transfers;

pub use cli::{command, main};
