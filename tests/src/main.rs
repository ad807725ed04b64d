//! Tests of Seckill on real servers, never mocks.
//!
//! `SERVER="…"` chooses the server program, with arguments if need be; `SECKILL_MODULE` the library it loads.

mod buyers;
mod free_port;
mod history;
mod page;
mod proxy;
mod server;
mod shop;
mod talk;

mod arguments;
mod bench;
mod cluster;
mod crashes;
mod crowd;
mod defrag;
mod divergence;
mod errors;
mod following;
mod forks;
mod holds;
mod hostile;
mod incident;
mod instructions;
mod judgement;
mod locks;
mod maxmemory;
mod memory;
mod memory_usage;
mod nested;
mod persistence;
mod propagation;
mod readme;
mod replication;
mod replies;
mod resync;
mod sales;
mod surface;
mod sweep;
mod terms;
mod traces;
mod truncation;
mod type_duties;
mod versions;
