//! Ends the work of a program when the user or the system wants it to end.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Does the work. SIGINT and SIGTERM drop it, and the servers that it owns, and are returned as an error. SIGHUP
/// ends this process, unless `nohup` lets it ignore that.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let reason = tokio::select! {
        done = work => return Ok(done),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "interrupted")?,
        _ = terminate.recv() => "terminated",
    };
    Err(io::Error::new(io::ErrorKind::Interrupted, reason))
}
