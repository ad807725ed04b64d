//! A server, and clients on a link to it that can fail.

use seckill_client::Client;

use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::get;

pub(crate) struct Link {
    pub(crate) server: Server,
    pub(crate) proxy: Proxy,
    /// To the server itself.
    pub(crate) connection: Connection,
}

impl Link {
    pub(crate) async fn start() -> Self {
        let server = Server::primary("").await;
        Self { proxy: Proxy::to(&server).await, connection: server.connect().await, server }
    }

    /// A client on the link.
    pub(crate) fn client(&self) -> Client {
        self.client_as("protocol=resp3")
    }

    /// A client on the link, with parameters of a redis URL.
    pub(crate) fn client_as(&self, parameters: &str) -> Client {
        Client::open(format!("redis://127.0.0.1:{}/?{parameters}", self.proxy.port())).unwrap()
    }

    /// The token that holds a lock.
    pub(crate) async fn holder(&mut self, lock: &str) -> Option<String> {
        get(&mut self.connection, &format!("GET {lock}")).await
    }
}

/// How often a server has executed a command.
pub(crate) async fn calls(connection: &mut Connection, command: &str) -> u64 {
    let info: String = get(connection, "INFO commandstats").await;
    let calls = info.lines().find_map(|line| {
        let (name, figures) = line.split_once(":calls=")?;
        let is_meant = name.eq_ignore_ascii_case(&format!("cmdstat_{command}"));
        is_meant.then(|| figures.split(',').next().unwrap().parse().unwrap())
    });
    calls.unwrap_or(0)
}
