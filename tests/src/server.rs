//! Real servers: each test starts its own, and it ends with the test.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use tempfile::TempDir;

use crate::free_port::free_port;
use crate::talk::{Ears, play};

pub(crate) type Connection = MultiplexedConnection;

/// How long a condition may take to come true. Generous: a slow machine is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A hold or a lease that outlasts every test.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// The signal that ends a server as a crash would.
const SIGKILL: i32 = 9;

/// What every server is started with; later lines of a test may override it.
const DEFAULTS: &str = r#"
save ""
enable-debug-command yes
repl-diskless-sync-delay 0
"#;

pub(crate) struct Server {
    program: String,
    process: Child,
    home: TempDir,
    port: u16,
}

impl Server {
    /// A server with the module, on a unix socket only.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with further lines of configuration.
    pub(crate) async fn with(config: &str) -> Self {
        Self::launch(&program(), 0, config).await
    }

    /// A server that can have replicas: they connect by TCP.
    pub(crate) async fn primary(config: &str) -> Self {
        Self::launch(&program(), free_port(), config).await
    }

    /// A replica of this server that has caught up with it. It can have replicas, too.
    pub(crate) async fn replica(&self, config: &str) -> Self {
        let replica = Self::joining(&program(), self.port(), config).await;
        replica.catch_up(self).await;
        replica
    }

    /// A replica of whatever listens at a port, on a server program that may be another than the others run on.
    pub(crate) async fn joining(program: &str, port: u16, config: &str) -> Self {
        Self::launch(program, free_port(), &format!("replicaof 127.0.0.1 {port}\n{config}")).await
    }

    async fn launch(program: &str, port: u16, config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().display();
        let config = format!(
            "bind 127.0.0.1\nport {port}\nunixsocket {path}/socket\ndir {path}\nlogfile {path}/log\n\
             {DEFAULTS}\nloadmodule {}\n{config}\n",
            module().display()
        );
        fs::write(home.path().join("config"), config).unwrap();
        let process = spawn(program, home.path());
        let mut server = Self { program: program.to_owned(), process, home, port };
        server.ready().await;
        server
    }

    /// Kills the server, as a crash would, and starts it again on the same directory.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.program, self.home.path());
        self.ready().await;
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Lets the server end in its own way, so that what watches it, such as valgrind, has its word in the status.
    fn end(&mut self) -> io::Result<()> {
        let status = match self.process.try_wait()? {
            Some(status) => status,
            None => self.shut_down()?,
        };
        match (status.code(), status.signal()) {
            (Some(0), _) | (_, Some(SIGKILL)) => Ok(()),
            _ => Err(io::Error::other(format!("it ended with {status}"))),
        }
    }

    fn shut_down(&mut self) -> io::Result<ExitStatus> {
        let mut socket = UnixStream::connect(self.socket())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(b"SHUTDOWN NOSAVE NOW FORCE\r\n")?;
        // A server that ends says nothing.
        match socket.read(&mut [0])? {
            0 => self.process.wait(),
            _ => Err(io::Error::other("it refuses to end")),
        }
    }

    async fn ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(mut connection) = self.open("", answering_within(PATIENCE)).await
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return;
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the server ended: {status}");
            }
            assert!(Instant::now() < deadline, "the server does not answer");
            pause().await;
        }
    }

    /// The unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("socket")
    }

    /// Its working directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The port at which other servers find it.
    pub(crate) fn port(&self) -> u16 {
        assert_ne!(self.port, 0, "start it with Server::primary");
        self.port
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    pub(crate) async fn connect(&self) -> Connection {
        self.connect_as("protocol=resp3").await
    }

    /// A connection with parameters of a redis URL, such as `protocol=resp2` or `user=ann`.
    pub(crate) async fn connect_as(&self, parameters: &str) -> Connection {
        self.open(parameters, answering_within(PATIENCE)).await.unwrap()
    }

    /// A connection for commands that take longer than others.
    pub(crate) async fn connect_within(&self, patience: Duration) -> Connection {
        self.open("protocol=resp3", answering_within(patience)).await.unwrap()
    }

    /// A connection that hears pushes.
    pub(crate) async fn ears(&self) -> Ears {
        let (sender, pushes) = tokio::sync::mpsc::unbounded_channel();
        let config = answering_within(PATIENCE).set_push_sender(sender);
        Ears::new(self.open("protocol=resp3", config).await.unwrap(), pushes)
    }

    async fn open(&self, parameters: &str, config: AsyncConnectionConfig) -> RedisResult<Connection> {
        let url = format!("redis+unix://{}?{parameters}", self.socket().display());
        redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Waits until this replica has all that `primary` has.
    pub(crate) async fn catch_up(&self, primary: &Self) {
        let (mut replica, mut primary) = (self.connect().await, primary.connect().await);
        wait_until("the replica catches up", async || {
            let link = stat(&mut replica, "replication", "master_link_status").await;
            link == "up"
                && stat(&mut replica, "replication", "slave_repl_offset").await
                    == stat(&mut primary, "replication", "master_repl_offset").await
        })
        .await;
    }

    /// Makes this replica a primary.
    pub(crate) async fn promote(&self) {
        play(&mut self.connect().await, "REPLICAOF NO ONE => OK").await;
    }

    /// Makes this server a replica of another, and waits until it has all that the other has.
    pub(crate) async fn follow(&self, primary: &Self) {
        let line = format!("REPLICAOF 127.0.0.1 {} => OK", primary.port());
        play(&mut self.connect().await, &line).await;
        self.catch_up(primary).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = if thread::panicking() { Err(io::Error::other("the test failed")) } else { self.end() };
        if let Err(why) = ended {
            self.kill();
            eprintln!("--- log of the server in {}\n{}", self.home.path().display(), self.log());
            assert!(thread::panicking(), "the server in {}: {why}", self.home.path().display());
        }
    }
}

fn answering_within(patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(Some(patience))
}

/// A field of a section of INFO.
pub(crate) async fn stat(connection: &mut Connection, section: &str, field: &str) -> String {
    let info: String = redis::cmd("INFO").arg(section).query_async(connection).await.unwrap();
    let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_else(|| panic!("no {field} in INFO {section}:\n{info}")).to_owned()
}

/// The memory that a server uses, in bytes.
pub(crate) async fn used_memory(connection: &mut Connection) -> u64 {
    stat(connection, "memory", "used_memory").await.parse().unwrap()
}

/// The processor time that a server has had, in seconds.
pub(crate) async fn processor_time(connection: &mut Connection) -> f64 {
    let mut seconds = 0.0;
    for field in ["used_cpu_user", "used_cpu_sys"] {
        seconds += stat(connection, "cpu", field).await.parse::<f64>().unwrap();
    }
    seconds
}

/// Polls until the condition holds.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "in vain until {what}");
        pause().await;
    }
}

/// Between two polls of a condition.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file that `make build` leaves behind.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = workspace().join("target/release").join(name);
    assert!(path.exists(), "{} is missing: run `make build`", path.display());
    path
}

fn module() -> PathBuf {
    match env::var_os("SECKILL_MODULE") {
        Some(path) => workspace().join(path),
        None => built(&format!("{DLL_PREFIX}seckill_module{DLL_SUFFIX}")),
    }
}

/// The server program that is tested, with arguments.
pub(crate) fn program() -> String {
    env::var("SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

fn spawn(program: &str, home: &Path) -> Child {
    let mut words = program.split_whitespace();
    let mut command = Command::new(words.next().expect("SERVER names a program"));
    let command = command.args(words).arg(home.join("config")).stdout(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Kills a process that a server forked.
pub(crate) fn kill(child: u32) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -9 {child}")).status();
    assert!(status.unwrap().success(), "no process {child}");
}
