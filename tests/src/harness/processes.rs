//! Processes other than servers.

use std::process::Command;

/// Kills a process that a server forked.
pub(crate) fn kill(child: u32) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -9 {child}")).status();
    assert!(status.unwrap().success(), "no process {child}");
}
