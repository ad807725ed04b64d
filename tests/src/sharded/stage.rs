//! A sale of many shards on a cluster.

use redis::cluster_async::ClusterConnection;
use seckill_client::connect::{self, Connect};
use seckill_client::{Client, NewSale, ShardedSale};

use super::books::Books;
use crate::cluster::nodes::Cluster;
use crate::harness::conditions::PATIENCE;

pub(super) const SALE: &str = "bottles";
/// The lock of those who move units.
pub(super) const MOVER: &str = "{bottles}:mover";
pub(super) const JOURNAL: &str = "{bottles}:transfers";

/// A cluster with a sale.
pub(super) struct Stage {
    pub(super) cluster: Cluster,
    pub(super) sale: ShardedSale<connect::Cluster>,
    pub(super) connection: ClusterConnection,
}

impl Stage {
    pub(super) async fn open(config: &str, shards: usize, sale: NewSale) -> Self {
        let cluster = Cluster::start(config).await;
        let sale = client(&cluster).create_sharded(SALE, shards, sale).await.unwrap();
        Self { sale, connection: cluster.connect().await, cluster }
    }

    /// The sale as so many other processes see it.
    pub(super) async fn processes(&self, count: usize) -> Vec<ShardedSale<connect::Cluster>> {
        let mut sales = vec![];
        for _ in 0..count {
            sales.push(client(&self.cluster).sharded(SALE).await.unwrap());
        }
        sales
    }

    /// What the events of all shards say.
    pub(super) async fn books(&mut self) -> Books {
        Books::read(&mut self.connection, &keys(&self.sale)).await
    }

    /// How many transfers are under way.
    pub(super) async fn under_way(&mut self) -> u64 {
        redis::cmd("XLEN").arg(JOURNAL).query_async(&mut self.connection).await.unwrap()
    }
}

/// A client as another process has it.
fn client(cluster: &Cluster) -> Client<connect::Cluster> {
    cluster.client().within(PATIENCE)
}

/// The keys of the shards.
pub(super) fn keys<C: Connect>(sale: &ShardedSale<C>) -> Vec<String> {
    sale.shards().iter().map(|shard| String::from_utf8(shard.key().to_vec()).unwrap()).collect()
}
