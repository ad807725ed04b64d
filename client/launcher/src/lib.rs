//! Starts Redis and Valkey servers with the module of Seckill: for the program `seckill`, the tests and the bench.
//!
//! A [`Program`] says what to run. A [`Server`] runs it in a temporary directory, on a unix socket and, if asked for,
//! at a free TCP port, and ends with its owner.

mod error;
mod interrupt;
mod port;
mod program;
mod server;

pub use error::Error;
pub use interrupt::unless_interrupted;
pub use port::free_port;
pub use program::Program;
pub use server::Server;
