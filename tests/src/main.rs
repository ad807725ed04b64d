//! Tests of Seckill on real servers, never mocks.
//!
//! `SERVER="…"` chooses the server program, with arguments if need be; `SECKILL_MODULE` the library it loads.

mod server;
mod talk;

mod arguments;
mod bench;
mod cluster;
mod crowd;
mod defrag;
mod errors;
mod following;
mod holds;
mod incident;
mod judgement;
mod locks;
mod maxmemory;
mod nested;
mod persistence;
mod readme;
mod replication;
mod replies;
mod sales;
mod surface;
mod sweep;
mod traces;
