//! Thousands of connections, each with one call at a time.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use redis::{Cmd, cmd};
use seckill_launcher::{Program, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::failure::Failure;
use crate::pipe::Pipe;
use crate::server_stats::field;

/// Files that this program and the server open besides.
const OTHER_FILES: usize = 200;
/// Between two looks at the server.
const PAUSE: Duration = Duration::from_millis(2);

/// How many connections this program may open. The server that it starts may open as many.
pub(super) fn most_connections() -> Result<usize, Failure> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let most: usize =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no limit of files")?.parse()?;
    Ok(most.saturating_sub(OTHER_FILES))
}

/// A server that takes so many connections, and a connection to look at it.
pub(super) async fn server(program: &Program, connections: usize) -> Result<(Server, Pipe), Failure> {
    let room = connections + OTHER_FILES / 2;
    let config = format!("maxclients {room}\nseckill.max-waiters {room}\nlatency-tracking no");
    let server = Server::start(program, &config).await?;
    let pipe = Pipe::open(server.client(), 1_000)?;
    Ok((server, pipe))
}

/// A connection. It is closed when this is dropped.
pub(super) struct Caller {
    socket: UnixStream,
    reply: Vec<u8>,
}

impl Caller {
    pub(super) async fn connect(server: &Server) -> Result<Self, Failure> {
        loop {
            match UnixStream::connect(server.socket()).await {
                Ok(socket) => return Ok(Self { socket, reply: Vec::new() }),
                // The server has not accepted those before.
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// So many of them.
    pub(super) async fn crowd(server: &Server, size: usize) -> Result<Vec<Self>, Failure> {
        let mut crowd = Vec::with_capacity(size);
        for _ in 0..size {
            crowd.push(Self::connect(server).await?);
        }
        Ok(crowd)
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> Result<(), Failure> {
        Ok(self.socket.write_all(&command.get_packed_command()).await?)
    }

    /// The reply, when it is complete.
    pub(super) async fn reply(&mut self, is_complete: impl Fn(&[u8]) -> bool) -> Result<&[u8], Failure> {
        self.reply.clear();
        while !is_complete(&self.reply) {
            if self.socket.read_buf(&mut self.reply).await? == 0 {
                return Err("the server closed a connection".into());
            }
        }
        Ok(&self.reply)
    }

    /// The reply, which is a number.
    pub(super) async fn number(&mut self) -> Result<u64, Failure> {
        let reply = self.reply(|reply| reply.ends_with(b"\r\n")).await?;
        let text = str::from_utf8(reply)?;
        let number = text.strip_prefix(':').and_then(|number| number.trim_end().parse().ok());
        number.ok_or_else(|| format!("the server replied {text}").into())
    }
}

/// Waits until a field of the module's section of INFO has this value.
pub(super) async fn until(pipe: &mut Pipe, name: &str, value: usize) -> Result<(), Failure> {
    const AT_ONCE: u32 = 20;
    for attempt in 0.. {
        if field::<usize>(pipe, "seckill", name)? == value {
            break;
        }
        if attempt > AT_ONCE {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Waits until all connections but this one are closed, and the server has freed what it keeps of them for some time.
/// Returns the memory that it uses then, in bytes.
pub(super) async fn memory_alone(pipe: &mut Pipe) -> Result<f64, Failure> {
    while field::<usize>(pipe, "clients", "connected_clients")? != 1 {
        tokio::time::sleep(PAUSE).await;
    }
    let mut used = f64::INFINITY;
    loop {
        pipe.ask::<()>(cmd("CONFIG").arg("RESETSTAT"))?;
        let now: f64 = field(pipe, "memory", "used_memory")?;
        if now >= used {
            return Ok(now);
        }
        used = now;
        tokio::time::sleep(100 * PAUSE).await;
    }
}
