//! A server with a clock that a test can set. A small library that is loaded before all others, `clock.c`,
//! answers when the server asks for the time.

use std::collections::HashMap;
use std::env::consts::OS;
use std::fs::File;
use std::io::Write;

use redis::Value;
use tempfile::TempDir;

use super::c_library::compile;
use super::conditions::now_ms;
use super::server::Server;
use super::session::{get, play};

const SOURCE: &str = include_str!("clock.c");

/// The clock of one server.
pub(crate) struct Clock(TempDir);

impl Clock {
    /// A clock that is right, and a server with a TCP port that has it, also after a restart. `None` where clocks
    /// cannot be set.
    pub(crate) async fn with_server(config: &str) -> Option<(Self, Server)> {
        if OS == "linux" && reaches_the_module().await {
            return Some(Self::start(config).await);
        }
        eprintln!("skipped on this server: a clock that is set does not reach the module");
        None
    }

    async fn start(config: &str) -> (Self, Server) {
        let clock = Self(tempfile::tempdir().unwrap());
        let library = clock.0.path().join("clock.so");
        compile(SOURCE, &library);
        clock.set(0);
        let (library, offset) = (library.display(), clock.0.path().join("offset"));
        let tool = format!("env LD_PRELOAD={library} CLOCK_OFFSET={}", offset.display());
        let server = Server::under(&tool, config).await;
        (clock, server)
    }

    /// Sets the clock so many hours ahead of the time, or behind it.
    pub(crate) fn set(&self, hours: i64) {
        let file = self.0.path().join("offset");
        // In place: a server has mapped the file.
        let mut file = File::options().write(true).create(true).truncate(false).open(file).unwrap();
        file.write_all(&(hours * 3_600).to_ne_bytes()).unwrap();
    }
}

/// Whether the module reads a clock that is set. On some servers only the server itself does.
async fn reaches_the_module() -> bool {
    let (clock, server) = Clock::start("").await;
    let mut connection = server.connect().await;
    let soon = now_ms() + 600_000;
    play(&mut connection, &format!("SECKILL.CREATE sale STOCK 1 CLOSES {soon} => OK")).await;
    clock.set(1);
    let info: HashMap<String, Value> = get(&mut connection, "SECKILL.INFO sale").await;
    info["state"] == Value::SimpleString("CLOSED".to_owned())
}
