//! What happens while a command runs under a lock.

use std::future::pending;
use std::io::{self, Write};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use seckill_client::Guard;
use tokio::time::{Instant, sleep, sleep_until};

use super::command::{Change, Running, SIGNALLED};
use super::signals::Signals;
use super::terminal::{Terminal, stop_ourselves};
use crate::names::Name;
use crate::times::length;

/// The time in which a signal stops this program.
const STOPPED_WITHIN: Duration = Duration::from_millis(100);

/// How a command ended.
pub(super) struct End {
    /// Its exit code, as shells have it.
    pub(super) code: u8,
    /// Whether its lock was lost before, so that it was told to end.
    pub(super) is_lost: bool,
}

/// Passes signals to a command until it ends, and ends it when its lock is lost.
pub(super) struct Supervisor<'g> {
    guard: &'g Guard,
    grace: Duration,
    running: Running,
    terminal: Terminal,
    /// Whether the command had the terminal when it was stopped.
    relend: bool,
    /// When a command that was stopped goes on, even if no shell continues this program.
    resume_at: Option<Instant>,
    /// Whether the lock is lost, so that the command was told to end.
    is_lost: bool,
    /// When it is killed, if it did not.
    kill_at: Option<Instant>,
}

impl<'g> Supervisor<'g> {
    pub(super) fn new(running: Running, guard: &'g Guard, grace: Duration) -> Self {
        Self {
            guard,
            grace,
            running,
            terminal: Terminal::open(),
            relend: false,
            resume_at: None,
            is_lost: false,
            kill_at: None,
        }
    }

    pub(super) async fn until_end(mut self, mut signals: Signals) -> io::Result<End> {
        if Terminal::is_for_us_alone() {
            self.terminal.lend(self.running.group().id());
        }
        loop {
            match self.running.change()? {
                Some(Change::Ended(code)) => return Ok(self.end(code)),
                Some(Change::Stopped(signal)) => self.stopped(signal),
                None => {}
            }
            tokio::select! {
                biased;
                () = ending(self.guard, self.grace), if !self.is_lost => self.tell_to_end(),
                () = due(self.kill_at) => self.kill(),
                () = due(self.resume_at) => self.resume(),
                signal = signals.next() => self.pass_on(signal),
            }
        }
    }

    fn pass_on(&mut self, signal: Signal) {
        match signal {
            Signal::SIGCHLD => {}
            Signal::SIGCONT => self.resume(),
            // These are messages to the command, and would end processes that expect none.
            Signal::SIGUSR1 | Signal::SIGUSR2 => self.running.signal(signal),
            // A process that goes on when the command has ended would go on without the lock.
            _ => self.running.signal_all(signal),
        }
    }

    /// The command was stopped: this program waits with it, so that its shell goes on. Nobody renews the lock meanwhile.
    fn stopped(&mut self, signal: Signal) {
        let wants_terminal = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        if wants_terminal && self.terminal.lend(self.running.group().id()) {
            return self.running.signal_all(Signal::SIGCONT);
        }
        // By SIGSTOP somebody stops the command alone.
        if self.is_lost || !(wants_terminal || signal == Signal::SIGTSTP) {
            return;
        }
        self.relend = self.terminal.take_back();
        stop_ourselves();
        // Where no shell would continue this program, it was not stopped, and the command cannot be stopped either. But one that
        // wants the terminal would only be stopped again.
        self.resume_at = (!wants_terminal).then(|| Instant::now() + STOPPED_WITHIN);
    }

    /// Lets the command go on, unless its lock was lost meanwhile.
    fn resume(&mut self) {
        self.resume_at = None;
        if self.guard.left() > self.grace {
            if std::mem::take(&mut self.relend) {
                self.terminal.lend(self.running.group().id());
            }
            self.running.signal_all(Signal::SIGCONT);
        }
    }

    /// Tells the command to end: within the lease, as long as that is left.
    fn tell_to_end(&mut self) {
        let left = self.guard.left();
        let time = if left.is_zero() { self.grace } else { self.grace.min(left) };
        self.is_lost = true;
        self.kill_at = Some(Instant::now() + time);
        self.running.signal_all(Signal::SIGTERM);
        // One that is stopped can end, too.
        self.running.signal_all(Signal::SIGCONT);
        let lock = Name(self.guard.key());
        let why = if left.is_zero() {
            format!("the lock {lock} is lost: it was deleted, or its lease ran out")
        } else {
            format!("the lock {lock} cannot be renewed, and its lease ends in {}", short(left))
        };
        say(&format!("{why}; SIGTERM to the command, SIGKILL in {}", short(time)));
    }

    fn kill(&mut self) {
        self.kill_at = None;
        self.running.signal_all(Signal::SIGKILL);
        say("the command did not end in time: SIGKILL");
    }

    fn end(mut self, code: u8) -> End {
        if self.terminal.take_back() {
            if code > SIGNALLED {
                self.terminal.reset();
            }
            let mut interrupts = [Signal::SIGINT, Signal::SIGQUIT].into_iter();
            if let Some(signal) = interrupts.find(|signal| code == SIGNALLED + *signal as u8) {
                // The terminal sent it to the command alone, and would have sent it to the script of this program as well.
                let _ = kill(Pid::from_raw(0), signal);
            }
        }
        if self.is_lost {
            self.running.end_rest();
        } else {
            self.running.leave_rest();
        }
        End { code, is_lost: self.is_lost }
    }
}

/// Waits until no more than this time is left of a lock.
async fn ending(guard: &Guard, time: Duration) {
    let runs_out = async {
        while let Some(rest) = guard.left().checked_sub(time).filter(|rest| !rest.is_zero()) {
            sleep(rest).await;
        }
    };
    tokio::select! {
        () = guard.lost() => {}
        () = runs_out => {}
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

/// Tells the user. That nobody reads it changes nothing.
pub(super) fn say(what: &str) {
    let _ = writeln!(io::stderr(), "seckill: {what}");
}

fn short(time: Duration) -> String {
    length(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}
