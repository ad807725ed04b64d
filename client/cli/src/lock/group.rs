//! The process group of a command.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Says that it is ready, and waits for a line. Without one, this program has ended: then all processes of the group end, those
/// that ignore SIGTERM after a while. It survives what the group is sent, but SIGKILL.
const WATCH: &str = "trap '' HUP INT QUIT TERM USR1 USR2 ALRM TSTP TTIN TTOU; echo; exec >&-
read -r _ && exit; kill -TERM 0; sleep \"$1\"; kill -KILL 0";

/// A process group, led by a shell that ends the others when this program ends, be it by SIGKILL: that closes a pipe, which is
/// the input of the shell. As long as the shell is not reaped, no other group has its id.
pub(super) struct Group(Child);

impl Group {
    /// A group whose processes have this time to end when this program ends.
    pub(super) fn start(grace: Duration) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", WATCH, "seckill-watch"]).arg(format!("{:.3}", grace.as_secs_f64()));
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn()?;
        if let Some(output) = &mut shell.stdout {
            output.read_exact(&mut [0])?;
        }
        Ok(Self(shell))
    }

    pub(super) fn id(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    /// Makes what this command starts a member.
    pub(super) fn admit(&self, command: &mut Command) {
        command.process_group(self.id().as_raw());
    }

    pub(super) fn signal(&self, signal: Signal) {
        // An error says that nobody is left.
        let _ = killpg(self.id(), signal);
    }

    /// Leaves the others alone from now on.
    pub(super) fn dismiss(mut self) {
        if let Some(input) = &mut self.0.stdin {
            // An error says that the shell has ended.
            let _ = input.write_all(b"\n");
        }
    }
}

/// Waits until all are ended, unless they were dismissed.
impl Drop for Group {
    fn drop(&mut self) {
        // This closes the pipe first. An error means that the shell was reaped already.
        let _ = self.0.wait();
    }
}
