//! Why a server does not run.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no module at the path that was given.
    #[error("no module at {} (as --module or SECKILL_MODULE names it)", .0.display())]
    NoSuchModule(PathBuf),
    /// No path was given, and there is no module in any of these places.
    #[error("no module at {}: build it (`make build`), install it (`make install`) or name it (--module PATH)", either(.0))]
    NoModule(Vec<PathBuf>),
    /// The program cannot be run.
    #[error("cannot run `{}`: {source} (`make setup` installs redis-server; --server names another)", program.display())]
    Program {
        /// Its name, or its absolute path.
        program: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// It ended before it replied.
    #[error("the server ended before it replied ({status}); the end of its log:\n{log}")]
    Ended {
        /// Its exit status.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It ended by itself, with an error that it printed.
    #[error("the server ended ({0})")]
    Failed(ExitStatus),
    /// It runs, but does not reply.
    #[error("the server did not reply within {seconds} s; the end of its log:\n{log}")]
    Silent {
        /// How long the launcher waited.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// It replies that it loads its files, and does not finish.
    #[error("the server did not load its files within {seconds} s; the end of its log:\n{log}")]
    Loading {
        /// How long the launcher waited.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// The directory, the log or the process of the server.
    #[error("cannot prepare the server: {0}")]
    Io(#[from] io::Error),
}

fn either(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(" or ")
}
