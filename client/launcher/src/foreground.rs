//! A server in the foreground.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::process::Command;

use crate::error::Error;
use crate::interrupt::unless_interrupted;
use crate::program::Program;
use crate::watchdog::Watchdog;

/// Runs a server with these arguments and the module until it ends. It prints where this process prints. SIGINT and
/// SIGTERM end it by the watchdog, and so does whatever ends this process; a second SIGINT or SIGTERM kills it.
pub async fn run_in_foreground(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
    input: Stdio,
    watchdog: Watchdog,
) -> Result<(), Error> {
    let mut command = program.command(arguments)?;
    watchdog.watch(command.stdin(input));
    let mut server = Command::from(command).spawn().map_err(|source| program.cannot_run(source))?;
    if let Ok(status) = unless_interrupted(server.wait()).await {
        let status = status?;
        return if status.success() { Ok(()) } else { Err(Error::Failed(status)) };
    }
    drop(watchdog);
    if unless_interrupted(server.wait()).await.is_err() {
        server.kill().await?;
    }
    Ok(())
}
