//! A sale of many shards that are all on one server, and what is known of them.

use seckill_client::{Client, NewSale, ShardedSale};

use super::books::Books;
use super::stage::{JOURNAL, SALE, keys};
use crate::harness::conditions::PATIENCE;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get};

pub(super) struct Shop {
    pub(super) server: Server,
    pub(super) connection: Connection,
    pub(super) client: Client,
    pub(super) sale: ShardedSale,
}

impl Shop {
    /// A sale with the same stock in each of its shards.
    pub(super) async fn open(shards: usize, each: u64) -> Self {
        Self::with(shards, NewSale::new(each * shards as u64)).await
    }

    pub(super) async fn with(shards: usize, sale: NewSale) -> Self {
        let server = Server::primary("").await;
        let client = client(&server);
        let sale = client.create_sharded(SALE, shards, sale).await.unwrap();
        Self { connection: server.connect().await, client, sale, server }
    }

    /// A client as another process has it.
    pub(super) fn another_client(&self) -> Client {
        client(&self.server)
    }

    /// The sale as another process sees it.
    pub(super) async fn another(&self) -> ShardedSale {
        self.another_client().sharded(SALE).await.unwrap()
    }

    /// The key of a shard.
    pub(super) fn key(&self, shard: usize) -> String {
        keys(&self.sale)[shard].clone()
    }

    pub(super) async fn ask(&mut self, line: &str) -> String {
        ask(&mut self.connection, line).await
    }

    pub(super) async fn books(&mut self) -> Books {
        Books::read(&mut self.connection, &keys(&self.sale)).await
    }

    /// What each shard has for sale.
    pub(super) async fn available(&self) -> Vec<u64> {
        self.sale.info().await.unwrap().shards.iter().map(|shard| shard.available).collect()
    }

    pub(super) async fn under_way(&mut self) -> u64 {
        get(&mut self.connection, &format!("XLEN {JOURNAL}")).await
    }

    /// No transfer is under way, and each moved as many units to one shard as it took from another.
    pub(super) async fn must_be_settled(&mut self) {
        assert_eq!(self.books().await.unbalanced(), [].into());
        assert_eq!(self.under_way().await, 0);
    }
}

fn client(server: &Server) -> Client {
    Client::open(format!("redis://127.0.0.1:{}/?protocol=resp3", server.port())).unwrap().within(PATIENCE)
}
