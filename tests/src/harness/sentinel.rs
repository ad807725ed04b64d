//! A sentinel, which promotes a replica when the primary is gone.

use std::collections::HashMap;

use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{ConnectionAddr, ProtocolVersion};
use seckill_client::connect;
use seckill_launcher::Program;

use super::built::workspace;
use super::conditions::wait_until;
use super::server::{Server, server_program};
use super::session::{get, play};

/// The name by which the sentinel knows the servers.
const NAME: &str = "shop";

/// A sentinel that decides alone.
pub(crate) struct Sentinel(seckill_launcher::Server);

impl Sentinel {
    /// Watches a primary with one replica, and knows both.
    pub(crate) async fn watching(primary: &Server) -> Self {
        let tool = workspace().join("tests/fixtures/sentinel");
        let program = Program::new(server_program(), "").without_module().under(tool.to_str().unwrap());
        let config = format!(
            "sentinel monitor {NAME} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {NAME} 500\n\
             sentinel failover-timeout {NAME} 5000",
            primary.port()
        );
        let sentinel = Self(seckill_launcher::Server::start_with_port(&program, &config).await.unwrap());
        sentinel.wait_until_it_knows_the_replica().await;
        sentinel
    }

    async fn wait_until_it_knows_the_replica(&self) {
        let mut connection = self.0.connect().await.unwrap();
        let line = format!("SENTINEL REPLICAS {NAME}");
        wait_until("the replica is known", async || {
            let replicas: Vec<HashMap<String, String>> = get(&mut connection, &line).await;
            replicas.iter().any(|replica| replica["master-link-status"] == "ok")
        })
        .await;
    }

    /// The port at which programs ask it.
    pub(crate) fn port(&self) -> u16 {
        self.0.port().unwrap()
    }

    /// Plays `COMMAND => reply` on it.
    pub(crate) async fn play(&self, session: &str) {
        play(&mut self.0.connect().await.unwrap(), session).await;
    }

    /// Connects to the servers that it names.
    pub(crate) fn connector(&self, servers: SentinelServerType) -> connect::Sentinel {
        let address = ConnectionAddr::Tcp("127.0.0.1".to_owned(), self.port());
        let client = SentinelClientBuilder::new([address], NAME, servers)
            .unwrap()
            .set_client_to_redis_protocol(ProtocolVersion::RESP3);
        connect::Sentinel::new(client.build().unwrap())
    }
}
