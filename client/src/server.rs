//! A redis-server with the module: the program to start, and a server of one's own.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisResult, ServerErrorKind};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// The program when none is named.
const REDIS_SERVER: &str = "redis-server";
/// A server that says nothing for so long has failed. Loading the module takes a few ms.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Far above what any command takes, so that only a dead server meets it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Lines of a failed server's log that are worth showing.
const LOG_LINES: usize = 5;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no module at the path that was given.
    #[error("no module at {} (as --module or SECKILL_MODULE names it)", .0.display())]
    NoSuchModule(PathBuf),
    /// No path was given, and there is no module where it is built.
    #[error("no module at {}: build it (`make build`) or name it (--module PATH)", .0.display())]
    NotBuilt(PathBuf),
    /// The program cannot be run.
    #[error("cannot run `{program}`: {source} (`make setup` installs redis-server; --server names another)")]
    Program {
        /// Its name.
        program: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// It ended before it answered.
    #[error("the server ended at once, with {status}; its log says:\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It runs, but does not answer.
    #[error("the server did not answer within {} s; its log says:\n{log}", START_TIMEOUT.as_secs())]
    Silent {
        /// The end of its log.
        log: String,
    },
    /// The directory or the log of the server.
    #[error("cannot prepare the server: {0}")]
    Io(#[from] io::Error),
}

/// Which program to start, with which module.
#[derive(Debug, Clone, clap::Args)]
pub struct Program {
    /// The server program, with arguments of its own where it needs them
    #[arg(long, env = "SERVER", value_name = "PROGRAM", default_value = REDIS_SERVER)]
    server: String,
    /// The module [default: the one built beside this program]
    #[arg(long, env = "SECKILL_MODULE", value_name = "PATH")]
    module: Option<PathBuf>,
}

impl Program {
    /// The command that starts the server with these arguments and the module.
    pub fn command(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
        let mut words = self.server.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(REDIS_SERVER));
        command.args(words).args(arguments).arg("--loadmodule").arg(self.module()?);
        Ok(command)
    }

    /// The same program, run by a tool such as valgrind.
    #[must_use]
    pub fn under(self, tool: &str) -> Self {
        Self { server: format!("{tool} {}", self.server), ..self }
    }

    /// The absolute path of the module, for the server may change its directory first.
    pub fn module(&self) -> Result<PathBuf, Error> {
        match &self.module {
            Some(path) => path.canonicalize().map_err(|_| Error::NoSuchModule(path.clone())),
            None => {
                let file = format!("{DLL_PREFIX}seckill_module{DLL_SUFFIX}");
                let path = std::env::current_exe()?.with_file_name(file);
                if path.exists() { Ok(path) } else { Err(Error::NotBuilt(path)) }
            }
        }
    }
}

/// A running server on a unix socket, in a temporary directory. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    command: Command,
    child: Child,
    client: Client,
    // Dropped last: the server lives in it.
    dir: TempDir,
}

impl Server {
    /// Starts a server that keeps nothing on disk, and waits until it answers.
    pub async fn start(program: &Program) -> Result<Self, Error> {
        Self::with(program, [] as [&str; 0]).await
    }

    /// The same with further arguments, which override those that it is started with.
    pub async fn with(
        program: &Program,
        further: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self, Error> {
        let dir = tempfile::Builder::new().prefix("seckill-").tempdir()?;
        let socket = dir.path().join("redis.sock");
        let arguments = [
            "--port".into(),
            "0".into(),
            "--unixsocket".into(),
            socket.clone().into(),
            "--dir".into(),
            dir.path().into(),
            "--save".into(),
            "".into(),
            "--appendonly".into(),
            "no".into(),
        ];
        let arguments = arguments.into_iter().chain(further.into_iter().map(Into::into));
        let mut command = program.command(arguments)?;
        let child = spawn(&mut command, dir.path())?;
        let client = Client::open(ConnectionAddr::Unix(socket)).map_err(io::Error::other)?;
        let mut server = Self { command, child, client, dir };
        server.answers().await?;
        Ok(server)
    }

    /// Kills the server, as a crash would, starts it again on the same directory, and waits until it has loaded
    /// what it finds there. Its log begins anew.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.kill()?;
        self.child = spawn(&mut self.command, self.dir.path())?;
        self.answers().await
    }

    fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// The client of this server, for connections of other kinds.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A new connection.
    pub async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(RESPONSE_TIMEOUT));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    async fn answers(&mut self) -> Result<(), Error> {
        let mut heard = Instant::now();
        loop {
            match self.ping().await {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading) => {
                    heard = Instant::now();
                }
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(Error::Ended { status, log: self.end_of_log() });
            }
            if heard.elapsed() > START_TIMEOUT {
                return Err(Error::Silent { log: self.end_of_log() });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn ping(&self) -> RedisResult<()> {
        redis::cmd("PING").exec_async(&mut self.connect().await?).await
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(self.dir.path())).unwrap_or_default()
    }

    /// The last lines of the log.
    fn end_of_log(&self) -> String {
        let text = self.log();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is to be saved, and an error means that it has ended already.
        let _ = self.kill();
    }
}

/// Does the work, or drops it, and with it the servers that it has, when the user or the system wants the program
/// to end.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let reason = tokio::select! {
        done = work => return Ok(done),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "interrupted")?,
        _ = terminate.recv() => "terminated",
    };
    Err(io::Error::new(io::ErrorKind::Interrupted, reason))
}

/// The error of a command that did not start.
#[must_use]
pub fn cannot_run(command: &Command, source: io::Error) -> Error {
    Error::Program { program: command.get_program().to_string_lossy().into_owned(), source }
}

/// Starts a server whose log is in this directory.
fn spawn(command: &mut Command, dir: &Path) -> Result<Child, Error> {
    let log = File::create(log_file(dir))?;
    command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
    command.spawn().map_err(|source| cannot_run(command, source))
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}
