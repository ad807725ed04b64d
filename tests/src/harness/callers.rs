//! Callers that may have to wait for a reply.

use std::pin::Pin;
use std::task::{Context, Waker};

use redis::{Value, parse_redis_value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::conditions::{PATIENCE, wait_until};
use super::info::stat;
use super::server::{Connection, Server};
use super::session::{ask, command, show};

/// What a caller gets in place of a reply when the server closed the connection.
pub(crate) const CLOSED: &str = "closed";

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for S {}

/// A client with a connection of its own, which ends at once when this is dropped.
pub(crate) struct Caller {
    socket: BufReader<Box<dyn Socket>>,
    /// Its number at the server.
    pub(crate) id: u64,
}

impl Caller {
    /// On the unix socket of a server.
    pub(crate) async fn on(server: &Server) -> Self {
        Self::new(UnixStream::connect(server.socket()).await.unwrap()).await
    }

    /// At a TCP port of this machine.
    pub(crate) async fn at(port: u16) -> Self {
        Self::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await
    }

    async fn new(socket: impl Socket + 'static) -> Self {
        let mut caller = Self { socket: BufReader::new(Box::new(socket)), id: 0 };
        caller.id = caller.ask("CLIENT ID").await.parse().unwrap();
        caller
    }

    /// Sends a command, and waits until the server has blocked this client.
    pub(crate) async fn waits(mut self, line: &str, observer: &mut Connection) -> Self {
        self.send(line).await;
        wait_until_blocked(observer, self.id).await;
        self
    }

    /// A new client that waits for the reply to a command.
    pub(crate) async fn waiting_at(server: &Server, line: &str) -> Self {
        Self::on(server).await.waits(line, &mut server.connect().await).await
    }

    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.send(line).await;
        self.reply().await
    }

    /// Sends a command. That the server closed the connection shows in the reply.
    pub(crate) async fn send(&mut self, line: &str) {
        self.socket.write_all(&command(line).get_packed_command()).await.ok();
    }

    /// The next reply, as text, or [`CLOSED`].
    pub(crate) async fn reply(&mut self) -> String {
        self.value().await.as_ref().map_or(CLOSED.to_owned(), show)
    }

    /// The next reply, which is the fence of a grant.
    pub(crate) async fn fence(&mut self) -> u64 {
        match self.value().await {
            Some(Value::Int(fence)) => fence.unsigned_abs(),
            other => panic!("{other:?} is no fence"),
        }
    }

    pub(crate) async fn value_of(&mut self, line: &str) -> Option<Value> {
        self.send(line).await;
        self.value().await
    }

    /// The next reply, unless the server closed the connection.
    pub(crate) async fn value(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.read()).await.expect("a reply arrives")
    }

    async fn read(&mut self) -> Option<Value> {
        let mut bytes = vec![];
        loop {
            bytes.push(self.socket.read_u8().await.ok()?);
            if bytes.ends_with(b"\n")
                && let Ok(value) = parse_redis_value(&bytes)
            {
                return Some(value);
            }
        }
    }
}

impl Drop for Caller {
    /// To close the socket is not enough: a child that another test just started may have it open for a moment.
    fn drop(&mut self) {
        let _ = Pin::new(&mut self.socket).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

/// Waits until the server has blocked a client.
pub(crate) async fn wait_until_blocked(observer: &mut Connection, client: u64) {
    let list = format!("CLIENT LIST ID {client}");
    wait_until("the client is blocked", async || ask(observer, &list).await.contains(" flags=b")).await;
}

/// Waits until so many callers wait for locks.
pub(crate) async fn wait_until_waiting(observer: &mut Connection, waiters: usize) {
    wait_until("so many wait for locks", async || {
        stat(observer, "seckill", "seckill_waiters").await == waiters.to_string()
    })
    .await;
}

/// How many callers wait for locks, and how many for events.
pub(crate) async fn waiting(observer: &mut Connection) -> [u64; 2] {
    let mut counts = [0; 2];
    for (count, field) in counts.iter_mut().zip(["seckill_waiters", "seckill_waiting_readers"]) {
        *count = stat(observer, "seckill", field).await.parse().unwrap();
    }
    counts
}
