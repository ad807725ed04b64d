//! The terminal, which one process group has at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

/// The terminal of this program, and whether the command has it.
pub(super) struct Terminal {
    file: Option<File>,
    is_lent: bool,
    /// Its modes, before the command changed them.
    modes: Option<Termios>,
}

impl Terminal {
    /// The controlling terminal, if there is any.
    pub(super) fn open() -> Self {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok();
        let modes = file.as_ref().and_then(|file| tcgetattr(file).ok());
        Self { file, is_lent: false, modes }
    }

    /// Whether a shell gave it to this program, so that the user types for it.
    fn is_ours(&self) -> bool {
        self.file.as_ref().is_some_and(|file| tcgetpgrp(file) == Ok(getpgrp()))
    }

    /// Whether nobody in a pipe with this program may need it.
    pub(super) fn is_for_us_alone() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Gives the terminal to a process group, if it is ours: whether that group has it.
    pub(super) fn lend(&mut self, group: Pid) -> bool {
        if let Some(file) = &self.file
            && self.is_ours()
        {
            self.is_lent = tcsetpgrp(file, group).is_ok();
        }
        self.is_lent
    }

    /// Takes back a terminal that is lent: whether it was.
    pub(super) fn take_back(&mut self) -> bool {
        let was_lent = std::mem::take(&mut self.is_lent);
        if let (Some(file), true) = (&self.file, was_lent) {
            // The system stops who does this in the background, unless the signal is blocked.
            let mut background = SigSet::empty();
            background.add(Signal::SIGTTOU);
            let _ = background.thread_block();
            let _ = tcsetpgrp(file, getpgrp());
            let _ = background.thread_unblock();
        }
        was_lent
    }

    /// Undoes what a command did to a terminal that it had, and could not undo before it was ended.
    pub(super) fn reset(&self) {
        if let (Some(file), Some(modes)) = (&self.file, &self.modes) {
            let _ = tcsetattr(file, SetArg::TCSADRAIN, modes);
        }
    }
}

/// Stops this process group, for its shell to continue it. A group that no shell would continue is not stopped.
pub(super) fn stop_ourselves() {
    // SIGTSTP is passed to the command, so it cannot be used here.
    let _ = kill(Pid::from_raw(0), Signal::SIGTTIN);
}
