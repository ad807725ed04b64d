//! What a client knows of sales on the nodes of a cluster.

use std::collections::BTreeSet;

use seckill_client::connect::Cluster as Connector;
use seckill_client::{NewSale, Outcome, Refusal, RememberingSale};

use super::nodes::Cluster;
use crate::harness::conditions::{HOUR, wait_until};

/// Is refused until it is known that nothing is left.
async fn learn(sale: &RememberingSale<Connector>) {
    wait_until("it is known that nothing is left", async || {
        let receipt = sale.buy("ann").await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Refused(Refusal::SoldOut));
        sale.known_refusal(1) == Some(Refusal::SoldOut)
    })
    .await;
}

/// A buyer who waits gets the unit of a cancelled order.
async fn must_be_told(sale: &RememberingSale<Connector>, key: &str, cluster: &Cluster) {
    let others = cluster.client().sale(key);
    let order = format!("given back {}", others.info().await.unwrap().orders);
    others.restock(1, &order).await.unwrap();
    assert!(others.buy("bob").order(&*order).await.unwrap().is_accepted());
    learn(sale).await;
    let (cancelled, ()) = tokio::join!(others.cancel(&*order), sale.changed(1));
    cancelled.unwrap();
    assert!(sale.buy("ann").await.unwrap().is_accepted());
}

/// Wherever a sale is, its node says what changes: while its slot moves, after that, and after a failover.
#[tokio::test]
async fn follows_the_sales() {
    let mut cluster = Cluster::start("").await;
    let client = cluster.client();
    let mut sales = vec![];
    let mut owners = BTreeSet::new();
    for key in ["a", "b", "c", "d", "e", "{sale}"] {
        owners.insert(cluster.place(key).await.1);
        let sale = client.sale(key);
        sale.create(NewSale::new(1).hold(HOUR)).await.unwrap();
        assert!(sale.buy("bob").await.unwrap().is_accepted());
        sales.push((key, sale.remembering()));
    }
    assert_eq!(owners.len(), 3);
    for (key, sale) in &sales {
        learn(sale).await;
        must_be_told(sale, key, &cluster).await;
    }
    let (key, sale) = sales.last().unwrap();
    let (slot, from) = cluster.place(key).await;
    let to = (from + 1) % 3;
    cluster.begin_to_move(slot, from, to).await;
    must_be_told(sale, key, &cluster).await;
    learn(sale).await;
    assert_eq!(cluster.send_key(key, from, to).await, "OK");
    must_be_told(sale, key, &cluster).await;
    cluster.assign(slot, to).await;
    must_be_told(sale, key, &cluster).await;

    let replica = cluster.add_replica(to, "").await;
    learn(sale).await;
    cluster.nodes[replica].play("CLUSTER FAILOVER => OK").await;
    wait_until("the replica took over", async || cluster.place(key).await.1 == replica).await;
    cluster.settle().await;
    must_be_told(sale, key, &cluster).await;
}
