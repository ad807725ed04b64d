//! The program `seckill`, run against servers of a test.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

use crate::harness::built::built;
use crate::harness::processes::signal;
use crate::harness::server::Server;

/// The program with the server that it is to talk to.
pub(crate) struct Program {
    urls: String,
    /// Whether the servers have sales together.
    are_independent: bool,
}

/// What the program ended with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Program {
    /// Talks to this server by its unix socket.
    pub(crate) fn on(server: &Server) -> Self {
        Self::at([socket_url(&server.socket())])
    }

    /// Talks to the servers at these URLs.
    pub(crate) fn at<T: AsRef<str>>(urls: impl IntoIterator<Item = T>) -> Self {
        let urls: Vec<String> = urls.into_iter().map(|url| url.as_ref().to_owned()).collect();
        Self { urls: urls.join(","), are_independent: false }
    }

    /// Talks to these servers, which have sales together without a cluster.
    pub(crate) fn sharing(servers: &[Server]) -> Self {
        let program = Self::at(servers.iter().map(|server| socket_url(&server.socket())));
        Self { are_independent: true, ..program }
    }

    /// The program with these arguments, not run yet. Nothing of the environment of the test reaches it that it reads.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(built("seckill"));
        command.args(arguments).env("SECKILL_URL", &self.urls).env_remove("SECKILL_PRIMARY");
        command.env("SECKILL_INDEPENDENT", if self.are_independent { "true" } else { "" });
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it with the words of a line to its end.
    pub(crate) async fn run(&self, line: &str) -> Ended {
        let mut command = self.command(line.split_whitespace());
        tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
    }

    /// The same, which must succeed: what it printed.
    pub(crate) async fn prints(&self, line: &str) -> String {
        let ended = self.run(line).await;
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended.out
    }

    /// The same with `--json`: what it printed, one value.
    pub(crate) async fn json(&self, line: &str) -> Value {
        let printed = self.prints(&format!("{line} --json")).await;
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{line}: {error}\n{printed}"))
    }
}

/// The program as it runs. It is killed when this is dropped.
pub(crate) struct Started(Child);

impl Program {
    /// Runs it with the words of a line.
    pub(crate) fn start(&self, line: &str) -> Started {
        let command = self.command(line.split_whitespace());
        Started(tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap())
    }
}

impl Started {
    /// Sends it a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.0.id().expect("it runs"));
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        line(self.0.stdout.as_mut().expect("its output")).await
    }

    /// The next line on stderr.
    pub(crate) async fn error(&mut self) -> String {
        line(self.0.stderr.as_mut().expect("its errors")).await
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) -> Ended {
        self.0.wait_with_output().await.unwrap().into()
    }
}

async fn line(from: &mut (impl AsyncRead + Unpin)) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.push(from.read_u8().await.expect("a line"));
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn socket_url(socket: &Path) -> String {
    format!("redis+unix://{}", socket.display())
}
