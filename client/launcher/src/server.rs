//! A server in a temporary directory.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisResult, ServerErrorKind};
use tempfile::TempDir;

use crate::error::Error;
use crate::port::free_port;
use crate::program::Program;
use crate::watchdog::Watchdog;

/// A server that does not reply at all within this time has failed. Loading the module takes a few ms, but much
/// longer under valgrind.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// A server that still replies LOADING after this time has failed. Ten million orders take some ten seconds.
const LOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// Far above what any command takes, so that only a dead server meets it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two attempts to connect to a server that starts.
const PAUSE: Duration = Duration::from_millis(2);
/// Lines of a failed server's log that are worth showing.
const LOG_LINES: usize = 5;

/// A running server with the module. It is killed when this is dropped or this process ends.
#[derive(Debug)]
pub struct Server {
    program: Program,
    process: Child,
    client: Client,
    port: Option<u16>,
    // Dropped after the server, which lives in it.
    home: TempDir,
    watchdog: Watchdog,
}

impl Server {
    /// Starts a server on a unix socket only, and waits until it replies. `config` are further lines of
    /// configuration; without them the server saves nothing.
    pub async fn start(program: &Program, config: &str) -> Result<Self, Error> {
        Self::launch(program, None, config).await
    }

    /// The same with a free TCP port of 127.0.0.1, where replicas and other nodes of a cluster can connect.
    pub async fn start_with_port(program: &Program, config: &str) -> Result<Self, Error> {
        Self::launch(program, Some(free_port()), config).await
    }

    async fn launch(program: &Program, port: Option<u16>, config: &str) -> Result<Self, Error> {
        let home = temporary_directory()?;
        let watchdog = Watchdog::that_discards(home.path())?;
        let defaults = format!(
            "bind 127.0.0.1\nport {}\nunixsocket \"{}\"\ndir \"{}\"\nsave \"\"\nrepl-diskless-sync-delay 0\n",
            port.unwrap_or_default(),
            socket(home.path()).display(),
            home.path().display(),
        );
        // Of two lines with one name the later one counts.
        fs::write(config_file(home.path()), defaults + config + "\n")?;
        let client = Client::open(ConnectionAddr::Unix(socket(home.path()))).map_err(io::Error::other)?;
        let process = spawn(program, home.path(), &watchdog)?;
        let mut server = Self { program: program.clone(), process, client, port, home, watchdog };
        server.wait_for_reply(LOAD_TIMEOUT).await?;
        Ok(server)
    }

    /// Kills the server, as a crash would, starts it again on the same directory and port, and waits until it
    /// has loaded its files.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.kill()?;
        self.process = spawn(&self.program, self.home.path(), &self.watchdog)?;
        self.wait_for_reply(LOAD_TIMEOUT).await
    }

    /// Kills the server, as a crash would. Does nothing when it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// Ends the server by SHUTDOWN, without saving, so that a tool such as valgrind reports by the exit
    /// status. Of a server that has ended, this is the status with which it did.
    pub fn shut_down(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.process.try_wait()? {
            return Ok(status);
        }
        let mut stream = UnixStream::connect(self.socket())?;
        stream.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
        stream.write_all(b"SHUTDOWN NOSAVE NOW FORCE\r\n")?;
        // A server that ends sends no reply. Signals do not interrupt this read.
        match stream.read_exact(&mut [0]) {
            Ok(()) => Err(io::Error::other("it refuses to shut down")),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.process.wait(),
            Err(error) => Err(error),
        }
    }

    /// A client of this server on its unix socket, for connections of other kinds.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A new connection.
    pub async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(RESPONSE_TIMEOUT));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// The path of the unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        socket(self.home.path())
    }

    /// The TCP port, if it was started with one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The working directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// All that was written to the log, also before a restart.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(self.home.path())).unwrap_or_default()
    }

    async fn wait_for_reply(&mut self, load_timeout: Duration) -> Result<(), Error> {
        let began = Instant::now();
        let mut heard = began;
        loop {
            match self.ping().await {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading) => {
                    if began.elapsed() > load_timeout {
                        let (seconds, log) = (load_timeout.as_secs(), self.end_of_log());
                        return Err(Error::Loading { seconds, log });
                    }
                    heard = Instant::now();
                }
                Err(_) => {}
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(Error::Ended { status, log: self.end_of_log() });
            }
            if heard.elapsed() > START_TIMEOUT {
                return Err(Error::Silent { seconds: START_TIMEOUT.as_secs(), log: self.end_of_log() });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ping(&self) -> RedisResult<()> {
        redis::cmd("PING").exec_async(&mut self.connect().await?).await
    }

    fn end_of_log(&self) -> String {
        let text = self.log();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.kill();
    }
}

/// A directory for a server that keeps nothing.
pub fn temporary_directory() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("seckill-").tempdir()
}

/// Starts a server in this directory. What it prints goes to its log.
fn spawn(program: &Program, home: &Path, watchdog: &Watchdog) -> Result<Child, Error> {
    let log = OpenOptions::new().create(true).append(true).open(log_file(home))?;
    let mut command = program.command([config_file(home).into()])?;
    watchdog.watch(command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log));
    command.spawn().map_err(|source| program.cannot_run(source))
}

fn socket(home: &Path) -> PathBuf {
    home.join("socket")
}

fn config_file(home: &Path) -> PathBuf {
    home.join("config")
}

fn log_file(home: &Path) -> PathBuf {
    home.join("log")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    /// Replies LOADING to every command of every connection.
    fn load_for_ever(listener: &UnixListener) -> io::Result<()> {
        for stream in listener.incoming() {
            let mut stream = stream?;
            for line in BufReader::new(stream.try_clone()?).lines() {
                if line?.starts_with('*') {
                    stream.write_all(b"-LOADING for ever\r\n")?;
                }
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn loading_takes_a_limited_time() {
        let home = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(socket(home.path())).expect("a socket");
        std::thread::spawn(move || load_for_ever(&listener));
        let program = Program::new("sleep", "module.so");
        let process = Command::new("sleep").arg("1000").spawn().expect("a process that runs");
        let client = Client::open(ConnectionAddr::Unix(socket(home.path()))).expect("a client");
        let watchdog = Watchdog::that_discards(home.path()).expect("a shell");
        let mut server = Server { program, process, client, port: None, home, watchdog };
        let error = server.wait_for_reply(Duration::ZERO).await.expect_err("it loads for ever");
        assert!(matches!(error, Error::Loading { .. }), "{error}");
    }

    /// `ls` takes the option for the module as a mistake, says so, and ends.
    #[tokio::test]
    async fn a_server_that_ends_is_reported_with_its_status_and_log() {
        let module = std::env::current_exe().expect("this test is a file");
        let error = Server::start(&Program::new("ls", module), "").await.expect_err("it is no server");
        let text = error.to_string();
        let Error::Ended { status, .. } = error else { panic!("{text}") };
        assert!(!status.success() && text.contains(&status.to_string()), "{text}");
        assert!(text.contains("--loadmodule"), "{text}");
    }
}
