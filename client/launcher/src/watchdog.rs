//! Ends servers when this process ends, in whatever way.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input. It survives what a terminal sends when it is closed, and what it sends itself.
const WAIT: &str = "trap '' HUP INT TERM USR2; read -r _; ";
/// Asks the servers to shut down.
const SHUT_DOWN: &str = "kill -TERM 0";
/// Kills the servers, and removes their directory. No server handles SIGUSR2, so it ends them at once, and without
/// them nothing is written while the directory is removed. SIGKILL ends one that is stopped, and this shell.
const DISCARD: &str = "kill -USR2 0; rm -rf -- \"$1\"; kill -KILL 0";

/// A shell that outlives this process. The servers that it watches end when this is dropped, and when this
/// process ends, be it by SIGKILL: both close a pipe, which is the input of the shell.
///
/// It leads a process group, and the servers are the other members. So what they forked ends with them, a terminal
/// interrupts none of them, and no process id can mean another process meanwhile.
#[derive(Debug)]
pub struct Watchdog(Child);

impl Watchdog {
    /// Lets the servers shut down by themselves.
    pub fn that_shuts_down() -> io::Result<Self> {
        Self::start(SHUT_DOWN, Path::new(""))
    }

    /// Kills the servers, and removes this directory.
    pub fn that_discards(directory: &Path) -> io::Result<Self> {
        Self::start(DISCARD, directory)
    }

    fn start(then: &str, directory: &Path) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg([WAIT, then].concat()).arg("watchdog").arg(directory);
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        shell.spawn().map(Self)
    }

    /// Makes what this command starts one of those that are watched.
    pub(crate) fn watch(&self, command: &mut Command) {
        command.process_group(self.0.id().cast_signed());
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // This closes the pipe first. An error means that the shell has ended already.
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const SIGKILL: i32 = 9;
    const SIGTERM: i32 = 15;

    /// A watched process that runs until it is ended.
    fn sleep(watchdog: &Watchdog) -> Child {
        let mut command = Command::new("sleep");
        watchdog.watch(command.arg("1000"));
        command.spawn().expect("sleep runs")
    }

    /// A watched process that ignores SIGUSR2.
    fn deaf(watchdog: &Watchdog) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' USR2; echo; exec sleep 1000"]).stdout(Stdio::piped());
        watchdog.watch(&mut command);
        let mut child = command.spawn().expect("sh runs");
        let output = child.stdout.as_mut().expect("a pipe");
        io::Read::read_exact(output, &mut [0]).expect("it says that it ignores the signal");
        child
    }

    #[test]
    fn all_that_are_watched_are_asked_to_end() {
        let watchdog = Watchdog::that_shuts_down().expect("a shell");
        let servers = [sleep(&watchdog), sleep(&watchdog)];
        drop(watchdog);
        for mut server in servers {
            assert_eq!(server.wait().expect("it ends").signal(), Some(SIGTERM));
        }
    }

    #[test]
    fn one_that_does_not_end_is_killed_and_the_directory_is_removed() {
        let directory = tempfile::tempdir().expect("a directory").keep();
        let watchdog = Watchdog::that_discards(&directory).expect("a shell");
        let mut server = deaf(&watchdog);
        drop(watchdog);
        assert_eq!(server.wait().expect("it ends").signal(), Some(SIGKILL));
        assert!(!directory.exists());
    }
}
