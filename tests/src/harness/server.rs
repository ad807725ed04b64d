//! Real servers: each test starts its own, and it ends with the test.

use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use seckill_launcher::{DEFAULT_SERVER, Error, Program, module_file};

use super::built::{built, workspace};
use super::conditions::PATIENCE;

pub(crate) type Connection = MultiplexedConnection;

/// The signal that ends a server as a crash would.
const SIGKILL: i32 = 9;

/// A server. When it crashed, or valgrind found an error, the drop fails the test.
pub(crate) struct Server(seckill_launcher::Server);

impl Server {
    /// A server with the module, on a unix socket only.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with further lines of configuration.
    pub(crate) async fn with(config: &str) -> Self {
        let server = seckill_launcher::Server::start(&program(), &configuration(config)).await;
        Self(server.unwrap_or_else(|error| panic!("{error}")))
    }

    /// A server whose module gets arguments, unless it does not start with them.
    pub(crate) async fn with_arguments(arguments: &str, config: &str) -> Result<Self, Error> {
        let program = program().with_module_arguments(arguments.split_whitespace());
        seckill_launcher::Server::start(&program, &configuration(config)).await.map(Self)
    }

    /// A server with a TCP port, so that it can have replicas.
    pub(crate) async fn primary(config: &str) -> Self {
        Self::with_port(&program(), config).await
    }

    /// The same, unless the server was built without TLS.
    pub(crate) async fn primary_with_tls(config: &str) -> Option<Self> {
        match seckill_launcher::Server::start_with_port(&program(), &configuration(config)).await {
            Ok(server) => Some(Self(server)),
            Err(Error::Ended { log, .. }) if log.contains("Failed finding TLS support") => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// A replica of whatever listens at a port. It can have replicas, too.
    pub(crate) async fn replica_of(port: u16, config: &str) -> Self {
        Self::primary(&format!("replicaof 127.0.0.1 {port}\n{config}")).await
    }

    /// A replica on another server program than that of the other servers.
    pub(crate) async fn replica_on(program: &str, port: u16) -> Self {
        Self::with_port(&Program::new(program, module()), &format!("replicaof 127.0.0.1 {port}")).await
    }

    /// A server with a TCP port and another module.
    pub(crate) async fn with_module(module: &Path, config: &str) -> Self {
        Self::with_port(&Program::new(server_program(), module), config).await
    }

    /// A server with a TCP port whose program runs under a tool, such as `env A=b`.
    pub(crate) async fn under(tool: &str, config: &str) -> Self {
        Self::with_port(&program().under(tool), config).await
    }

    /// A server without the module. It may end by itself: no drop fails a test for that.
    pub(crate) async fn without_module(config: &str) -> Result<seckill_launcher::Server, Error> {
        seckill_launcher::Server::start(&program().without_module(), &configuration(config)).await
    }

    async fn with_port(program: &Program, config: &str) -> Self {
        let server = seckill_launcher::Server::start_with_port(program, &configuration(config)).await;
        Self(server.unwrap_or_else(|error| panic!("{error}")))
    }

    /// Kills the server, as a crash would, and starts it again on the same directory.
    pub(crate) async fn restart(&mut self) {
        self.0.restart().await.unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    /// The unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.socket()
    }

    /// Its working directory.
    pub(crate) fn home(&self) -> &Path {
        self.0.home()
    }

    /// The port at which other servers find it.
    pub(crate) fn port(&self) -> u16 {
        self.0.port().expect("a server that was started with Server::primary")
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        self.0.log()
    }

    pub(crate) async fn connect(&self) -> Connection {
        self.connect_as("protocol=resp3").await
    }

    /// A connection with parameters of a redis URL, such as `protocol=resp2` or `user=ann`.
    pub(crate) async fn connect_as(&self, parameters: &str) -> Connection {
        self.open(parameters, timeouts(PATIENCE)).await
    }

    /// A connection for commands that take longer than others.
    pub(crate) async fn connect_within(&self, patience: Duration) -> Connection {
        self.open("protocol=resp3", timeouts(patience)).await
    }

    /// A connection that passes on pushes.
    pub(crate) async fn connect_with_pushes(
        &self,
        pushes: tokio::sync::mpsc::UnboundedSender<redis::PushInfo>,
    ) -> Connection {
        self.open("protocol=resp3", timeouts(PATIENCE).set_push_sender(pushes)).await
    }

    async fn open(&self, parameters: &str, config: AsyncConnectionConfig) -> Connection {
        let url = format!("redis+unix://{}?{parameters}", self.socket().display());
        let client = redis::Client::open(url).unwrap();
        client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
    }

    /// An error when the server did not end by SHUTDOWN or by a kill of the test.
    fn end(&mut self) -> io::Result<()> {
        let status = self.0.shut_down()?;
        match (status.code(), status.signal()) {
            (Some(0), _) | (_, Some(SIGKILL)) => Ok(()),
            _ => Err(io::Error::other(format!("it ended with {status}"))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = if thread::panicking() { Err(io::Error::other("the test failed")) } else { self.end() };
        if let Err(why) = ended {
            eprintln!("--- log of the server in {}\n{}", self.home().display(), self.log());
            assert!(thread::panicking(), "the server in {}: {why}", self.home().display());
        }
    }
}

fn timeouts(patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(Some(patience))
}

/// Tests use DEBUG, which servers refuse by default.
fn configuration(config: &str) -> String {
    format!("enable-debug-command yes\n{config}")
}

/// What is tested, as SERVER and SECKILL_MODULE name it.
fn program() -> Program {
    Program::new(server_program(), module())
}

pub(crate) fn server_program() -> String {
    env::var("SERVER").unwrap_or_else(|_| DEFAULT_SERVER.to_owned())
}

/// The module that is tested.
pub(crate) fn module() -> PathBuf {
    match env::var_os("SECKILL_MODULE") {
        Some(path) => workspace().join(path),
        None => built(&module_file()),
    }
}
