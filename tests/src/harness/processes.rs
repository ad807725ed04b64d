//! Signals to processes.

use std::process::Command;

use super::info::stat;
use super::server::Connection;

/// Kills a process that a server forked.
pub(crate) fn kill(child: u32) {
    signal("KILL", child);
}

/// A server that is stopped. When this is dropped the server goes on, and finds at once what arrived meanwhile.
pub(crate) struct Stopped(u32);

impl Stopped {
    pub(crate) async fn server(connection: &mut Connection) -> Self {
        let process = stat(connection, "server", "process_id").await.parse().unwrap();
        signal("STOP", process);
        Self(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", self.0);
    }
}

/// Sends a signal, such as `INT`.
pub(crate) fn signal(signal: &str, process: u32) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{signal} {process}")).status();
    assert!(status.unwrap().success(), "no process {process}");
}
