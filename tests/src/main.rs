//! Tests of Seckill on real servers, never mocks.
//!
//! `SERVER="…"` chooses the server program, with arguments if need be; `SECKILL_MODULE` the library it loads.

mod server;
mod shop;
mod talk;

mod arguments;
mod cluster;
mod crowd;
mod errors;
mod following;
mod holds;
mod hostile;
mod incident;
mod judgement;
mod locks;
mod maxmemory;
mod memory_usage;
mod nested;
mod persistence;
mod readme;
mod replication;
mod replies;
mod sales;
mod surface;
mod traces;
mod type_duties;
