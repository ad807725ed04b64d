//! Commands that run under a lock. They talk to the test by files in their directory.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::time::timeout;

use super::program::{Ended, Program};
use crate::harness::conditions::{PATIENCE, wait_until};

/// The directory of the commands.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Lets commands go on that wait for a file.
    pub(super) fn touch(&self, file: &str) {
        fs::write(self.path(file), "").unwrap();
    }

    /// What commands wrote.
    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_default()
    }

    /// Waits until a command has made a file.
    pub(super) async fn wait_for(&self, file: &str) {
        wait_until(file, async || self.path(file).exists()).await;
    }

    /// `seckill lock run KEY` with these options, for a script.
    pub(super) fn command(&self, program: &Program, line: &str, script: &str) -> Command {
        let words = ["lock", "run"].into_iter().chain(line.split_whitespace());
        let mut command = program.command(words.chain(["--", "sh", "-c", script]));
        command.current_dir(self.0.path());
        command
    }

    /// Starts it.
    pub(super) fn start(&self, program: &Program, line: &str, script: &str) -> Started {
        Started::from(&mut self.command(program, line, script))
    }

    /// Runs it to its end.
    pub(super) async fn run(&self, program: &Program, line: &str, script: &str) -> Ended {
        self.start(program, line, script).ended().await
    }
}

/// A command that runs. Its drop asks it to end.
pub(super) struct Started(Option<Child>);

impl Started {
    pub(super) fn from(command: &mut Command) -> Self {
        Self(Some(command.process_group(0).spawn().unwrap()))
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.0.as_ref().unwrap().id().cast_signed())
    }

    /// Waits until it has ended, and all that it started, for they have the other end of a pipe.
    pub(super) async fn ended(mut self) -> Ended {
        let process = self.0.take().unwrap();
        let ended = tokio::task::spawn_blocking(move || process.wait_with_output().unwrap().into());
        timeout(PATIENCE, ended).await.expect("all have ended").unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A script that waits for a file.
pub(super) fn until(file: &str) -> String {
    format!("while [ ! -e {file} ]; do sleep 0.01; done")
}
