//! The command, as a process.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgid};
use seckill_client::Guard;

use super::group::Group;

/// Added to the number of the signal that ended a command, as shells do.
pub(super) const SIGNALLED: u8 = 128;

/// What became of the process of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It has ended, with what shells call its exit code.
    Ended(u8),
    /// A signal stopped it, which another may continue.
    Stopped(Signal),
}

/// A command that runs in a process group of its own.
pub(super) struct Running {
    process: Child,
    group: Group,
}

impl Running {
    /// Starts a command, which is told of its lock.
    pub(super) fn start(words: &[OsString], guard: &Guard, group: Group) -> io::Result<Self> {
        let (name, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(name);
        command.args(arguments).env("SECKILL_LOCK", String::from_utf8_lossy(guard.key()).as_ref());
        match guard.fence() {
            Some(fence) => command.env("SECKILL_FENCE", fence.to_string()),
            None => command.env_remove("SECKILL_FENCE"),
        };
        group.admit(&mut command);
        match command.spawn() {
            Ok(process) => Ok(Self { process, group }),
            Err(error) => {
                group.dismiss();
                Err(error)
            }
        }
    }

    /// What became of it since this was asked last.
    pub(super) fn change(&mut self) -> io::Result<Option<Change>> {
        if let Some(status) = self.process.try_wait()? {
            return Ok(Some(Change::Ended(exit_code(status))));
        }
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        Ok(match waitpid(self.id(), Some(flags))? {
            WaitStatus::Stopped(_, signal) => Some(Change::Stopped(signal)),
            WaitStatus::Exited(_, code) => Some(Change::Ended(to_u8(code))),
            WaitStatus::Signaled(_, signal, _) => Some(Change::Ended(signalled(signal as i32))),
            _ => None,
        })
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.process.id().cast_signed())
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Sends a signal to the command, and to all that it started in its group.
    pub(super) fn signal_all(&self, signal: Signal) {
        self.group.signal(signal);
        // An interactive shell makes a group of its own.
        if getpgid(Some(self.id())) != Ok(self.group.id()) {
            self.signal(signal);
        }
    }

    /// Sends a signal to the command only. It has not been reaped, so no other process has its id.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill(self.id(), signal);
    }

    /// Ends what is left of the group.
    pub(super) fn end_rest(self) {
        self.group.signal(Signal::SIGKILL);
    }

    /// Leaves those alone that the command started and did not wait for.
    pub(super) fn leave_rest(self) {
        self.group.dismiss();
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => to_u8(code),
        (None, signal) => signalled(signal.unwrap_or_default()),
    }
}

fn signalled(signal: i32) -> u8 {
    SIGNALLED.saturating_add(to_u8(signal))
}

fn to_u8(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(u8::MAX)
}
