//! A sentinel, which promotes a replica when the primary is gone.

use std::collections::HashMap;
use std::os::unix::fs::symlink;
use std::process::Command;

use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{ConnectionAddr, ProtocolVersion};
use seckill_client::connect;
use seckill_launcher::Program;
use tempfile::TempDir;

use super::conditions::wait_until;
use super::server::{Server, server_program};
use super::session::get;

/// The name by which the sentinel knows the servers.
const NAME: &str = "shop";

/// A sentinel that decides alone.
pub(crate) struct Sentinel {
    process: seckill_launcher::Server,
    _program: TempDir,
}

impl Sentinel {
    /// Watches a primary with one replica, and knows both.
    pub(crate) async fn watching(primary: &Server) -> Self {
        // A server program is a sentinel by its name.
        let home = seckill_launcher::temporary_directory().unwrap();
        let program = home.path().join("redis-sentinel");
        symlink(executable(), &program).unwrap();
        let program = Program::new(program.to_str().unwrap(), "").without_module();
        let config = format!(
            "sentinel monitor {NAME} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {NAME} 500\n\
             sentinel failover-timeout {NAME} 5000",
            primary.port()
        );
        let process = seckill_launcher::Server::start_with_port(&program, &config).await.unwrap();
        let sentinel = Self { process, _program: home };
        sentinel.wait_until_it_knows_the_replica().await;
        sentinel
    }

    async fn wait_until_it_knows_the_replica(&self) {
        let mut connection = self.process.connect().await.unwrap();
        let line = format!("SENTINEL REPLICAS {NAME}");
        wait_until("the replica is known", async || {
            let replicas: Vec<HashMap<String, String>> = get(&mut connection, &line).await;
            replicas.iter().any(|replica| replica["master-link-status"] == "ok")
        })
        .await;
    }

    /// Connects to the servers that it names.
    pub(crate) fn connector(&self, servers: SentinelServerType) -> connect::Sentinel {
        let address = ConnectionAddr::Tcp("127.0.0.1".to_owned(), self.process.port().unwrap());
        let client = SentinelClientBuilder::new([address], NAME, servers)
            .unwrap()
            .set_client_to_redis_protocol(ProtocolVersion::RESP3);
        connect::Sentinel::new(client.build().unwrap())
    }
}

/// The path of the server program; tools that run it stand before it.
fn executable() -> String {
    let program = server_program();
    let name = program.split_whitespace().last().unwrap();
    let found = Command::new("sh").arg("-c").arg(format!("command -v {name}")).output().unwrap();
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}
