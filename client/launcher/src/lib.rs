//! Starts Redis and Valkey servers with the module of Seckill: for the program `seckill`, the tests and the
//! bench.
//!
//! A [`Program`] is a server program and the module. A [`Server`] is a process of it in a temporary
//! directory, on a unix socket and optionally a free TCP port. It is killed when it is dropped.

mod error;
mod interrupt;
mod port;
mod program;
mod server;

pub use error::Error;
pub use interrupt::unless_interrupted;
pub use port::free_port;
pub use program::{DEFAULT_SERVER, Program, module_file};
pub use server::Server;
