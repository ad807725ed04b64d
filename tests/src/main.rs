//! Tests of Seckill on real servers, never mocks.
//!
//! `SERVER="…"` chooses the server program, with arguments if need be; `SECKILL_MODULE` the library it loads.

mod harness;

mod client;
mod cluster;
mod commands;
mod holds;
mod hostile;
mod locks;
mod memory;
mod persistence;
mod program;
mod protocol;
mod reference;
mod replication;
mod sales;
mod sharded;
