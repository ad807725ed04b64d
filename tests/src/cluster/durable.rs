//! Durable purchases in a cluster.

use seckill_client::{NewSale, Seckill};

use super::nodes::Cluster;
use crate::harness::conditions::PATIENCE;
use crate::harness::session::play;

/// A barrier finds the node of the sale, and its lock is in the slot of the sale, with a tag in the key or without.
#[tokio::test]
async fn the_barrier_is_where_the_sale_is() {
    let mut cluster = Cluster::start("").await;
    let keys = ["sale:{0}", "{1}:sale", "a", "b", "c"];
    let mut connection = cluster.connect().await;
    for key in keys {
        connection.seckill().create(key, NewSale::new(9)).await.unwrap();
    }
    // The first node that a client asks is the first one, so it is redirected.
    let (_, owner) = cluster.place("a").await;
    assert_ne!(owner, 0);
    let replica = cluster.add_replica(owner, "").await;
    let client = cluster.client();
    for key in keys {
        let (_, owner) = cluster.place(key).await;
        let replicas = u32::from(cluster.place("a").await.1 == owner);
        let bought = client.sale(key).durable(replicas, PATIENCE).buy("ann").order("o1").await.unwrap();
        assert!(bought.is_durable(), "{key}: {bought:?}");
    }
    let session = "READONLY => OK\nSECKILL.BUYER a ann => {\"held\" 0 \"sold\" 1 \"orders\" [\"o1\"]}";
    play(&mut cluster.nodes[replica].connect().await, session).await;
}
