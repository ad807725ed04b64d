//! Starts Redis and Valkey servers with the module of Seckill: for the program `seckill`, the tests and the
//! bench.
//!
//! A [`Program`] is a server program and the module. A [`Server`] is a process of it in a temporary
//! directory, on a unix socket and optionally a free TCP port. It is killed when it is dropped, and a [`Watchdog`]
//! kills it when this process ends without that.

mod error;
mod foreground;
mod interrupt;
mod module;
mod port;
mod program;
mod server;
mod watchdog;

pub use error::Error;
pub use foreground::run_in_foreground;
pub use interrupt::unless_interrupted;
pub use module::module_file;
pub use port::free_port;
pub use program::{DEFAULT_SERVER, Program};
pub use server::{Server, temporary_directory};
pub use watchdog::Watchdog;
