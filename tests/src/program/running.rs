//! The program `seckill`, run by a user.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use redis::Client;

use crate::harness::built::built;
use crate::harness::conditions::{PATIENCE, wait_until};
use crate::harness::server::{Connection, module};

/// The program in a directory of its own, where it also finds the directory for temporary files: `tmp`.
pub(super) struct User {
    pub(super) home: tempfile::TempDir,
}

impl User {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("tmp")).unwrap();
        Self { home }
    }

    /// The program, with the module that is tested.
    pub(super) fn program(&self) -> Command {
        let mut program = Command::new(built("seckill"));
        self.prepare(&mut program).env("SECKILL_MODULE", module());
        program
    }

    /// Makes the program run in this directory, and find the module by itself.
    pub(super) fn prepare<'a>(&self, program: &'a mut Command) -> &'a mut Command {
        program.current_dir(self.home.path()).env("TMPDIR", self.temporary()).env_remove("SECKILL_MODULE");
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())
    }

    /// Starts `seckill serve` with a unix socket only, and waits until the server replies.
    pub(super) async fn serve(&self, arguments: &[&str]) -> Running {
        self.serve_by(&mut Command::new(built("seckill")), arguments).await
    }

    /// The same by another command that runs the program.
    pub(super) async fn serve_by(&self, program: &mut Command, arguments: &[&str]) -> Running {
        let socket = self.home.path().join("socket");
        self.prepare(program).env("SECKILL_MODULE", module());
        program.args(["serve", "--port", "0"]).args(arguments).arg("--unixsocket").arg(&socket);
        Running::start(program.spawn().unwrap(), socket).await
    }

    /// Starts `seckill incident` with a user service that stalls for hours, and waits until the server replies.
    pub(super) async fn endless_incident(&self) -> Running {
        let mut program = self.program();
        program.args(["incident", "--slow-ms", "10000000", "--deadline-ms", "10000000"]);
        let process = program.spawn().unwrap();
        wait_until("there is a directory", async || !self.temporary_files().is_empty()).await;
        Running::start(process, self.temporary_files()[0].join("socket")).await
    }

    fn temporary(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    /// What is in the directory for temporary files.
    pub(super) fn temporary_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temporary()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// The program while its server runs. The drop ends both.
pub(super) struct Running {
    process: Child,
    socket: PathBuf,
}

impl Running {
    /// Waits until the server of this program replies at the socket.
    async fn start(process: Child, socket: PathBuf) -> Self {
        let running = Self { process, socket };
        wait_until("the server replies", async || running.connection().await.is_some()).await;
        running
    }

    pub(super) async fn connect(&self) -> Connection {
        self.connection().await.expect("the server accepts connections")
    }

    async fn connection(&self) -> Option<Connection> {
        let client = Client::open(format!("unix://{}", self.socket.display())).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("PING").exec_async(&mut connection).await.ok()?;
        Some(connection)
    }

    /// A connection by which the end of the server is seen: nobody else has its other end.
    pub(super) fn lifeline(&self) -> Lifeline {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Lifeline(stream)
    }

    pub(super) fn signal(&self, signal: &str) {
        send(signal, self.process.id());
    }

    /// Waits until the program has ended, and returns what it printed.
    pub(super) fn output(mut self) -> Output {
        let mut printed = Output { status: self.process.wait().unwrap(), stdout: vec![], stderr: vec![] };
        self.process.stdout.take().unwrap().read_to_end(&mut printed.stdout).unwrap();
        self.process.stderr.take().unwrap().read_to_end(&mut printed.stderr).unwrap();
        printed
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            // The server saves its data before the directory is removed. After a failure, nothing is waited for.
            self.signal(if thread::panicking() { "KILL" } else { "TERM" });
            self.process.wait().unwrap();
        }
    }
}

/// A connection to a server.
pub(super) struct Lifeline(UnixStream);

impl Lifeline {
    /// Waits until the server has ended.
    pub(super) fn wait(mut self) {
        loop {
            match self.0.read(&mut [0]) {
                Ok(0) => return,
                // The server had not accepted it yet.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                // By the end of another test's child: a read with a time limit is not begun again by itself.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => panic!("the server did not end: {other:?}"),
            }
        }
    }
}

/// Sends a signal to a process.
pub(super) fn send(signal: &str, process: u32) {
    let status = Command::new("kill").args([format!("-{signal}"), process.to_string()]).status();
    assert!(status.unwrap().success(), "no process {process}");
}
