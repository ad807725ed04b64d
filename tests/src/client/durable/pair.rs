//! A primary and its replica.

use seckill_client::{Client, NewSale, Seckill};

use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::proxy::Proxy;
use crate::harness::server::Server;
use crate::harness::session::play;

/// A primary with a replica, which it reaches by a link that can stall.
pub(super) struct Pair {
    pub(super) primary: Server,
    pub(super) replica: Server,
    pub(super) link: Proxy,
}

impl Pair {
    /// With a sale of 1,000,000.
    pub(super) async fn start(config: &str) -> Self {
        let primary = Server::primary(config).await;
        let link = Proxy::to(&primary).await;
        let replica = Server::replica_of(link.port(), config).await;
        let pair = Self { primary, replica, link };
        pair.create("sale").await;
        pair
    }

    /// Creates a sale of 1,000,000, which the replica has then.
    pub(super) async fn create(&self, sale: &str) {
        self.primary.connect().await.seckill().create(sale, NewSale::new(1_000_000)).await.unwrap();
        self.replica.catch_up(&self.primary).await;
    }

    /// A client of the primary.
    pub(super) fn client(&self) -> Client {
        client_of(&self.primary)
    }

    /// The primary crashes, the replica takes its place, and the old primary becomes the replica.
    pub(super) async fn fail_over(&mut self) {
        self.primary.kill();
        self.replica.promote().await;
    }

    /// The server that crashed comes back as the replica of the one that was promoted.
    pub(super) async fn repair(&mut self) {
        std::mem::swap(&mut self.primary, &mut self.replica);
        self.replica.restart().await;
        self.link = Proxy::to(&self.primary).await;
        let line = format!("REPLICAOF 127.0.0.1 {} => OK", self.link.port());
        play(&mut self.replica.connect().await, &line).await;
        self.replica.catch_up(&self.primary).await;
    }
}

pub(super) fn client_of(server: &Server) -> Client {
    Client::open(url(server)).unwrap()
}

pub(super) fn url(server: &Server) -> String {
    format!("redis://127.0.0.1:{}/", server.port())
}

/// Waits until so many clients are connected to a server, replicas and the one that asks not counted.
pub(super) async fn wait_until_clients(server: &Server, count: usize) {
    let mut connection = server.connect().await;
    wait_until("so many clients are connected", async || {
        stat(&mut connection, "clients", "connected_clients").await == (count + 1).to_string()
    })
    .await;
}

/// Waits until a client of the server waits for replicas.
pub(super) async fn wait_until_waiting(server: &Server) {
    let mut connection = server.connect().await;
    wait_until("a client waits", async || stat(&mut connection, "clients", "blocked_clients").await == "1")
        .await;
}
